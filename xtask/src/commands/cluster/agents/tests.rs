//! Agents are touched once the server runs, and only ours; several files go into one as one archive.

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

#[test]
fn it_is_time_once_our_server_runs_and_our_agents_are_there() {
    let container = |name: &str, owner: &str, state: &str| Container {
        name: name.to_owned(),
        state: state.to_owned(),
        labels: [(OWNER_LABEL.to_owned(), owner.to_owned())].into(),
        ..Default::default()
    };
    let agents = ["a-agent-0".to_owned(), "a-agent-1".to_owned()];
    let is_time = |server: &Container, agent: &Container| {
        let all = [server.clone(), container("a-agent-0", "0123", "created"), agent.clone()];
        is_time(&all, "a-server-0", &agents, "0123")
    };
    let server = container("a-server-0", "0123", "running");
    let agent = container("a-agent-1", "0123", "created");
    assert!(is_time(&server, &agent));
    assert!(!is_time(&container("a-server-0", "0123", "created"), &agent));
    assert!(!is_time(&container("a-server-0", "4567", "running"), &agent));
    assert!(!is_time(&server, &container("a-agent-1", "4567", "created")));
    assert!(!is_time(&server, &container("b-agent-1", "0123", "created")));
}
