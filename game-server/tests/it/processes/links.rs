//! A stranger on the port of a room host's links, who has read the protocol and shares no secret.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::http::refused;
use crate::harness::process::{Process, free_address};
use crate::harness::servers::{LINK_SECRET, start_nats};
use crate::harness::{eventually, within_limit};

/// A room host of its own, with proofs required up to the number in its file.
struct Host {
    link: SocketAddr,
    admin: SocketAddr,
    folder: tempfile::TempDir,
    _room: Process,
    _nats: Process,
}

impl Host {
    async fn start(level: &str) -> Host {
        let folder = tempfile::tempdir().expect("a folder");
        let (nats, link, admin) = (free_address(), free_address(), free_address());
        let server = start_nats(nats, &folder).await;
        std::fs::write(folder.path().join("proofs"), level).expect("a file");
        let line = format!(
            "room --listen {link} --link-address {link} --admin-listen {admin} --nats-url nats://{nats} \
             --proofs-file {}",
            folder.path().join("proofs").display()
        );
        let mut args: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        args.extend(["--link-secret".to_owned(), LINK_SECRET.to_owned()]);
        let mut room = Process::role("room", &args, folder.path());
        room.until_ready(admin).await;
        Host { link, admin, folder, _room: room, _nats: server }
    }
}

async fn send(stream: &mut TcpStream, frame: &[u8]) {
    // A host that has ended the link is seen by what comes back.
    let _ = stream.write_all(&(frame.len() as u32).to_le_bytes()).await;
    let _ = stream.write_all(frame).await;
}

/// The next frame that is no keep-alive; nothing when the host ends the link.
async fn receive(stream: &mut TcpStream) -> Option<Vec<u8>> {
    loop {
        let length = within_limit("a frame", stream.read_u32_le()).await.ok()?;
        let mut frame = vec![0; length as usize];
        stream.read_exact(&mut frame).await.ok()?;
        if !frame.is_empty() {
            return Some(frame);
        }
    }
}

/// Whether the host answers a Join, for a room that it does not have, after these frames.
async fn is_let_in(host: SocketAddr, frames: &[Vec<u8>]) -> bool {
    let mut stream = TcpStream::connect(host).await.expect("a link");
    for frame in frames {
        send(&mut stream, frame).await;
    }
    // Join: session 1, room 2, player 3, name "x", public.
    let mut join = vec![2];
    join.extend(1_u32.to_le_bytes());
    join.extend(2_u64.to_le_bytes());
    join.extend(3_u64.to_le_bytes());
    join.extend([1, b'x', 0]);
    send(&mut stream, &join).await;
    while let Some(frame) = receive(&mut stream).await {
        // Refused: the host talks to us about sessions.
        if frame[0] == 3 {
            return true;
        }
    }
    false
}

/// A Hello of version 1, and one of version 2 with a challenge.
fn hello(version: u8) -> Vec<u8> {
    let mut hello = vec![1, version, 1, b'g'];
    if version > 1 {
        hello.extend([7; 32]);
    }
    hello
}

#[tokio::test]
#[ignore = "needs nats-server on PATH"]
async fn a_stranger_gets_no_seat_and_an_older_gateway_only_until_proofs_are_required() {
    let host = Host::start("0").await;
    assert!(is_let_in(host.link, &[hello(1)]).await, "a gateway of the build before");
    assert!(!is_let_in(host.link, &[hello(2)]).await, "a new gateway proves itself from the start");
    assert!(!is_let_in(host.link, &[hello(2), [vec![5], vec![0; 32]].concat()]).await, "a guess");
    assert!(!is_let_in(host.link, &[]).await, "no Hello at all");
    assert!(refused(host.admin, "link_proof").await >= 2.0);

    std::fs::write(host.folder.path().join("proofs"), "1").expect("a file");
    eventually("an older gateway is turned away", async || {
        (!is_let_in(host.link, &[hello(1)]).await).then_some(())
    })
    .await;
    assert!(refused(host.admin, "link_no_proof").await >= 1.0);
}

#[tokio::test]
#[ignore = "needs nats-server on PATH"]
async fn what_a_host_says_to_one_gateway_proves_nothing_for_another() {
    let host = Host::start("1").await;
    let mut first = TcpStream::connect(host.link).await.expect("a link");
    send(&mut first, &hello(2)).await;
    let answer = receive(&mut first).await.expect("the host's Hello");
    let proof = answer[answer.len() - 32..].to_vec();
    assert!(
        !is_let_in(host.link, &[hello(2), [vec![5], proof.clone()].concat()]).await,
        "the host's own proof"
    );
    send(&mut first, &[vec![5], proof].concat()).await;
    let ended = tokio::time::timeout(Duration::from_secs(5), receive(&mut first)).await;
    assert_eq!(ended.expect("the link ends"), None);
}
