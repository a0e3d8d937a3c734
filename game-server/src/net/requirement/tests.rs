//! The number follows its file, and nothing unreadable lowers it.

use std::time::{Duration, Instant};

use super::Requirement;

#[test]
fn only_a_number_changes_it() {
    let requirement = Requirement::default();
    assert!(requirement.includes(1) && requirement.includes(u32::MAX), "everything, before the first word");
    for (text, first, second) in [
        ("0\n", false, false),
        ("1\n", true, false),
        ("", true, false),
        ("none", true, false),
        ("-1", true, false),
        ("99999999999", true, false),
        ("2", true, true),
        ("0", false, false),
    ] {
        requirement.take(text);
        assert_eq!((requirement.includes(1), requirement.includes(2)), (first, second), "{text:?}");
    }
}

#[tokio::test]
async fn it_follows_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("proofs");
    std::fs::write(&file, "0").unwrap();
    let requirement = Requirement::default();
    requirement.clone().start(Some(file.clone()));
    assert!(!requirement.includes(1), "before anybody is met");
    std::fs::write(&file, "1").unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    while !requirement.includes(1) {
        assert!(Instant::now() < deadline, "it does not follow its file");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_read_at_the_start_requires_everything() {
    let requirement = Requirement::default();
    requirement.clone().start(Some("/nowhere/proofs".into()));
    assert!(requirement.includes(u32::MAX));
}
