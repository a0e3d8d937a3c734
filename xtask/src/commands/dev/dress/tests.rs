//! The manifests of this repository, dressed.

use std::path::Path;

use super::{VOLUME, dress};
use crate::manifests::Manifests;
use crate::settings::IMAGE_NAME;

#[test]
fn every_role_of_ours_runs_below_reload_and_nothing_else_changes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let plain = Manifests::load(&root.join("manifests")).unwrap();
    let mut dressed = plain.clone();
    dress(&mut dressed);
    let mut ours = 0;
    for (plain, dressed) in plain.objects.iter().zip(&dressed.objects) {
        let (before, after) =
            (&plain.value["spec"]["template"]["spec"], &dressed.value["spec"]["template"]["spec"]);
        if !plain.is_workload() || before["containers"][0]["image"] != IMAGE_NAME {
            assert_eq!(plain.value, dressed.value);
            continue;
        }
        ours += 1;
        let args = |spec: &serde_json::Value| spec["containers"][0]["args"].as_array().cloned().unwrap();
        assert_eq!(args(after)[4..], args(before)[..]);
        assert_eq!(args(after)[0], "reload");
        let volumes = after["volumes"].as_array().unwrap();
        assert_eq!(volumes.last().unwrap()["name"], VOLUME);
        assert_eq!(before["nodeSelector"], after["nodeSelector"]);
    }
    assert_eq!(ours, 6, "gateway, lobby, room, chat, ranking, monitor");
}
