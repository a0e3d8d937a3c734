//! A change of any source changes the stamp.

use std::fs;

use super::{current, describe, stamp, stamp_path};

#[test]
fn a_change_of_a_source_changes_the_stamp() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir_all(root.path().join("game-server/src")).unwrap();
    for file in ["Cargo.toml", "Cargo.lock", "game-server/src/main.rs"] {
        fs::write(root.path().join(file), "before").unwrap();
    }
    let before = stamp(root.path()).unwrap();
    assert_eq!(stamp(root.path()).unwrap(), before);
    fs::write(root.path().join("game-server/src/main.rs"), "afterwards").unwrap();
    assert_ne!(stamp(root.path()).unwrap(), before);
}

#[test]
fn a_binary_is_current_only_if_nobody_else_built_it_since() {
    let folder = tempfile::tempdir().unwrap();
    let binary = folder.path().join("game-server");
    assert_eq!(current(&binary, "aa"), None);
    fs::write(&binary, "program").unwrap();
    fs::write(stamp_path(&binary), describe(&binary, "aa").unwrap()).unwrap();
    assert!(current(&binary, "aa").is_some());
    assert_eq!(current(&binary, "bb"), None);
    fs::write(&binary, "another program").unwrap();
    assert_eq!(current(&binary, "aa"), None);
}
