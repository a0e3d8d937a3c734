//! The same binary gives the same image; names are spelled out as containerd does it.

use super::*;

#[test]
fn the_same_binary_gives_the_same_bytes_and_another_one_another_tag() {
    let first = pack(b"program", "amd64").unwrap();
    let again = pack(b"program", "amd64").unwrap();
    assert_eq!(first.whole().unwrap(), again.whole().unwrap());
    assert_eq!(first.digest, again.digest);
    assert_ne!(pack(b"Program", "amd64").unwrap().reference, first.reference);
    assert_ne!(pack(b"program", "arm64").unwrap().reference, first.reference);
    let tag = first.reference.strip_prefix("game-server:").unwrap();
    assert!(first.digest.starts_with(&format!("sha256:{tag}")));
}

#[test]
fn the_archive_holds_every_blob_that_its_manifest_names() {
    let archive = pack(b"program", "amd64").unwrap();
    let blobs = files(&archive.whole().unwrap());
    let path = |digest: &str| format!("blobs/{}", digest.replace(':', "/"));
    let manifest: Value = serde_json::from_slice(&blobs[&path(&archive.digest)]).unwrap();
    let config: Value =
        serde_json::from_slice(&blobs[&path(manifest["config"]["digest"].as_str().unwrap())]).unwrap();
    assert_eq!(config["config"]["User"], "65532:65532");
    assert_eq!(config["rootfs"]["diff_ids"][0], manifest["layers"][0]["digest"]);
    assert!(blobs.contains_key(&path(manifest["layers"][0]["digest"].as_str().unwrap())));
}

#[test]
fn what_a_node_holds_is_left_out() {
    let archive = pack(b"program", "amd64").unwrap();
    let layer = archive.blobs[0].clone();
    let sent = files(&without(&[&archive], &BTreeSet::from([layer.digest.clone()])).unwrap());
    assert!(!sent.contains_key(&path(&layer)));
    assert!(sent.contains_key(&format!("blobs/{}", archive.digest.replace(':', "/"))));
    assert!(sent.contains_key("index.json") && !sent.contains_key("manifest.json"));
    let all = files(&without(&[&archive], &BTreeSet::new()).unwrap());
    assert!(all.contains_key(&path(&layer)));
}

#[test]
fn one_file_carries_several_images() {
    let images = [pack(b"program", "amd64").unwrap(), pack(b"another", "amd64").unwrap()];
    let sent = files(&without(&[&images[0], &images[1]], &BTreeSet::new()).unwrap());
    let index: Value = serde_json::from_slice(&sent["index.json"]).unwrap();
    for (image, entry) in images.iter().zip(index["manifests"].as_array().unwrap()) {
        assert_eq!(entry["digest"], image.digest);
        assert_eq!(entry["annotations"]["io.containerd.image.name"], image.full_reference);
        assert!(image.blobs.iter().all(|blob| sent.contains_key(&path(blob))));
    }
}

fn files(archive: &[u8]) -> std::collections::BTreeMap<String, Vec<u8>> {
    let mut files = std::collections::BTreeMap::new();
    for entry in tar::Archive::new(archive).entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().to_string_lossy().into_owned();
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut bytes).unwrap();
        files.insert(path, bytes);
    }
    files
}

#[test]
fn names_are_spelled_out() {
    assert_eq!(full_reference("nats:2.12-alpine"), "docker.io/library/nats:2.12-alpine");
    assert_eq!(full_reference("rancher/k3s:v1"), "docker.io/rancher/k3s:v1");
    assert_eq!(full_reference("ghcr.io/a/b:1"), "ghcr.io/a/b:1");
    assert_eq!(full_reference("localhost/b:1"), "localhost/b:1");
}
