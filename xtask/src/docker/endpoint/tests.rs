//! Contexts are looked up as the docker CLI does it.

use super::*;

#[test]
fn the_current_context_of_the_config_file_is_followed() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("config.json"), r#"{"currentContext":"colima"}"#).unwrap();
    let meta = folder.path().join("contexts/meta").join(hex(&Sha256::digest(b"colima")));
    std::fs::create_dir_all(&meta).unwrap();
    let text = r#"{"Name":"colima","Endpoints":{"docker":{"Host":"unix:///home/u/.colima/docker.sock"}}}"#;
    std::fs::write(meta.join("meta.json"), text).unwrap();
    assert_eq!(from_config(folder.path(), None).unwrap(), "unix:///home/u/.colima/docker.sock");
    assert_eq!(from_config(folder.path(), Some("default".to_owned())), None);
    assert_eq!(from_config(folder.path(), Some("gone".to_owned())), None);
}
