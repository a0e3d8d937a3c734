//! Several files of a container go into another one as one archive.

use std::io::Read as _;

use super::*;

#[test]
fn archives_are_joined_with_their_modes() {
    let one = |name: &str, mode: u32| {
        let mut header = tar::Header::new_ustar();
        header.set_size(name.len() as u64);
        header.set_mode(mode);
        let mut archive = tar::Builder::new(Vec::new());
        archive.append_data(&mut header, name, name.as_bytes()).unwrap();
        Bytes::from(archive.into_inner().unwrap())
    };
    let joined = joined(&[one("k3d-entrypoint.sh", 0o744), one("k3d-entrypoint-dns.sh", 0o644)]).unwrap();
    let mut archive = tar::Archive::new(joined.as_ref());
    let read = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        (text, entry.header().mode().unwrap())
    });
    let expected = [("k3d-entrypoint.sh", 0o744), ("k3d-entrypoint-dns.sh", 0o644)];
    assert_eq!(read.collect::<Vec<_>>(), expected.map(|(name, mode)| (name.to_owned(), mode)));
}

#[test]
fn an_archive_that_was_cut_off_is_refused() {
    assert!(joined(&[Bytes::from_static(b"not a tar archive, and longer than nothing")]).is_err());
}
