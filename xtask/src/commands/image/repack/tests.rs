//! Both forms of `docker save` become the same image.

use super::*;

fn export(entries: &[(&str, &[u8])], link: Option<(&str, &str)>) -> Vec<u8> {
    let mut file = tar::Builder::new(Vec::new());
    for (path, bytes) in entries {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        file.append_data(&mut header, path, *bytes).unwrap();
    }
    if let Some((path, to)) = link {
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        file.append_link(&mut header, path, to).unwrap();
    }
    file.into_inner().unwrap()
}

#[test]
fn the_old_form_with_a_linked_layer_and_the_new_form_give_one_digest() {
    let old = export(
        &[
            ("abc.json", b"{}"),
            ("one/layer.tar", b"layer"),
            ("manifest.json", br#"[{"Config":"abc.json","Layers":["one/layer.tar","two/layer.tar"]}]"#),
        ],
        Some(("two/layer.tar", "../one/layer.tar")),
    );
    let new = export(
        &[
            ("blobs/sha256/c", b"{}"),
            ("blobs/sha256/l", b"layer"),
            (
                "manifest.json",
                br#"[{"Config":"blobs/sha256/c","Layers":["blobs/sha256/l","blobs/sha256/l"]}]"#,
            ),
        ],
        None,
    );
    let (old, new) = (repack("nats:1", &old).unwrap(), repack("nats:1", &new).unwrap());
    assert_eq!(old.digest, new.digest);
    assert_eq!(old.full_reference, "docker.io/library/nats:1");
}

#[test]
fn a_cut_export_is_an_error() {
    let cut = export(&[("manifest.json", br#"[{"Config":"gone.json","Layers":[]}]"#)], None);
    assert!(repack("nats:1", &cut).is_err());
    assert!(repack("nats:1", b"").is_err());
}
