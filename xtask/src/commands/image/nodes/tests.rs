//! The table of `ctr images check`, as containerd 1.6 prints it.

use super::*;

const TABLE: &str = "\
REF                                    TYPE                                                 DIGEST         STATUS           SIZE              UNPACKED
docker.io/library/game-server:0123     application/vnd.oci.image.manifest.v1+json           sha256:aaaa    complete (2/2)   6.9 MiB/6.9 MiB   true
docker.io/library/nats:2.12-alpine     application/vnd.oci.image.manifest.v1+json           sha256:bbbb    incomplete (2/3) 6.9 MiB/9.9 MiB   false
docker.io/library/other:1              application/vnd.docker.distribution.manifest.v2+json sha256:cccc    complete (2/2)   51.9 MiB/51.9 MiB false
";

#[test]
fn only_complete_and_unpacked_images_are_held() {
    let held = complete(TABLE);
    assert_eq!(held.len(), 1);
    assert_eq!(held["docker.io/library/game-server:0123"], "sha256:aaaa");
    assert!(complete("").is_empty());
}

#[test]
fn every_name_is_read_with_its_digest() {
    let names = named(TABLE);
    assert_eq!(names.len(), 3);
    assert_eq!(names[0], ("docker.io/library/game-server:0123".to_owned(), "sha256:aaaa".to_owned()));
    assert!(named("").is_empty());
}

#[test]
fn one_command_takes_all_images_of_a_node_and_waits_where_the_node_is_new() {
    let known = script(Node::Known, &["a:1", "b:2"]);
    assert!(known.starts_with("ctr --namespace k8s.io images import - && "), "{known}");
    let pinned = |name: &str| format!(" images label {name} io.cri-containerd.pinned=pinned && ");
    assert!(known.contains(&pinned("a:1")) && known.contains(&pinned("b:2")), "{known}");
    assert!(known.ends_with(" images check name==a:1 name==b:2"), "{known}");
    let new = script(Node::New, &["a:1", "b:2"]);
    assert!(new.starts_with("until ") && new.ends_with(&known), "{new}");
}
