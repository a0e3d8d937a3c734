//! The newest stay, and nothing that is not ours goes.

use super::*;

#[test]
fn the_two_newest_are_remembered_and_going_back_is_no_new_image() {
    let mut history = Vec::new();
    for reference in ["a", "b", "c", "b"] {
        history = with(&history, reference);
    }
    assert_eq!(history, ["c", "b"]);
    assert_eq!(with(&history, "d"), ["b", "d"]);
}

#[test]
fn an_old_image_goes_with_its_alias_and_nothing_else_does() {
    let name = |name: &str, digest: &str| (name.to_owned(), digest.to_owned());
    let names = [
        name("docker.io/library/game-server:old", "sha256:1"),
        name("docker.io/library/game-server:new", "sha256:2"),
        name("docker.io/library/game-server-tools:old", "sha256:3"),
        name("docker.io/library/nats:2.12", "sha256:4"),
        name("sha256:c1", "sha256:1"),
        name("sha256:c2", "sha256:2"),
    ];
    let kept = BTreeSet::from(["docker.io/library/game-server:new".to_owned()]);
    assert_eq!(doomed(&names, &kept), ["docker.io/library/game-server:old", "sha256:c1"]);
    // Two names for one content: the alias stays with the one that stays.
    let twice = [names[1].clone(), name("docker.io/library/game-server:same", "sha256:2"), names[5].clone()];
    assert_eq!(doomed(&twice, &kept), ["docker.io/library/game-server:same"]);
}
