//! Signals as terminals, cert-manager and container engines send them.

use std::net::SocketAddr;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tokio_tungstenite::client_async;

use crate::harness::player::Player;
use crate::harness::process::{Process, command, free_address, send_signal};
use crate::harness::servers::{All, until_ranked};
use crate::harness::{eventually, tell, within_limit};

const LONG_MATCH_S: u32 = 300;
/// What `docker stop` waits before it kills.
const DOCKER_STOP: Duration = Duration::from_secs(10);
/// Several looks at the files.
const A_WHILE: Duration = Duration::from_secs(4);

/// Writes a certificate for localhost and its key into a new folder; returns the certificate.
fn certificate(folder: &Path) -> CertificateDer<'static> {
    std::fs::create_dir(folder).expect("a folder");
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    std::fs::write(folder.join("tls.crt"), made.cert.pem()).expect("a file");
    std::fs::write(folder.join("tls.key"), made.signing_key.serialize_pem()).expect("a file");
    made.cert.der().clone()
}

/// As the kubelet does it for a Secret: a link to a folder is replaced by another in one step.
fn swap(mount: &Path, to: &str) {
    symlink(to, mount.join("..data_tmp")).expect("a link");
    std::fs::rename(mount.join("..data_tmp"), mount.join("..data")).expect("a rename");
}

async fn secure(
    gateway: SocketAddr,
    trusted: &CertificateDer<'static>,
) -> std::io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).expect("a certificate");
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").expect("a name");
    let stream = TcpStream::connect(gateway).await?;
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

async fn until_trusted(gateway: SocketAddr, certificate: &CertificateDer<'static>) {
    eventually("the certificate is in use", async || secure(gateway, certificate).await.ok()).await;
}

fn times(server: &All, text: &str) -> usize {
    server.process.log().matches(text).count()
}

#[tokio::test]
async fn renewed_certificates_are_taken_up_and_broken_ones_are_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let mount = folder.path();
    let first = certificate(&mount.join("..one"));
    let second = certificate(&mount.join("..two"));
    std::fs::create_dir(mount.join("..broken")).expect("a folder");
    std::fs::copy(mount.join("..one/tls.crt"), mount.join("..broken/tls.crt")).expect("a copy");
    std::fs::copy(mount.join("..two/tls.key"), mount.join("..broken/tls.key")).expect("a copy");
    symlink("..one", mount.join("..data")).expect("a link");
    for name in ["tls.crt", "tls.key"] {
        symlink(format!("..data/{name}"), mount.join(name)).expect("a link");
    }
    let flag = |flag: &str, name: &str| format!("--{flag}={}", mount.join(name).display());
    let flags = [flag("tls-cert", "tls.crt"), flag("tls-key", "tls.key")];
    let mut server = All::start_with(LONG_MATCH_S, &flags).await;
    let stream = secure(server.gateway, &first).await.expect("the first certificate");
    let (mut chat, _) = client_async("wss://localhost/chat", stream).await.expect("a WebSocket");

    swap(mount, "..two");
    until_trusted(server.gateway, &second).await;
    assert!(secure(server.gateway, &first).await.is_err(), "the first one is gone");

    swap(mount, "..broken");
    let refused = "the certificate from before stays in use";
    eventually("the broken ones are told", async || (times(&server, refused) > 0).then_some(())).await;
    tokio::time::sleep(A_WHILE).await;
    assert_eq!(times(&server, refused), 1, "told once");
    until_trusted(server.gateway, &second).await;
    server.process.send("HUP");
    eventually("the signal is heard", async || (times(&server, refused) > 1).then_some(())).await;
    until_trusted(server.gateway, &second).await;

    swap(mount, "..one");
    server.process.send("HUP");
    until_trusted(server.gateway, &first).await;
    futures_util::SinkExt::close(&mut chat).await.expect("a connection of the first hour is still open");
    assert!(server.process.is_running());
}

#[tokio::test]
async fn a_hang_up_ends_nothing() {
    let mut server = All::start(LONG_MATCH_S).await;
    let mut ann = Player::join(server.gateway, "the secret key of ann", "Ann").await;
    for _ in 0..3 {
        server.process.send("HUP");
        let until = ann.states + 10;
        ann.until("play after a hang-up", |ann| ann.states >= until).await;
    }
    assert!(server.process.is_running());
    assert!(server.process.log().contains("SIGHUP"));
    // A draining server is no other.
    server.process.send("TERM");
    server.process.send("HUP");
    let until = ann.states + 20;
    ann.until("the match goes on while draining", |ann| ann.states >= until).await;
    assert_eq!((ann.over.is_some(), ann.error), (false, None));
}

/// The process inside another, by its number out here.
async fn child_of(pid: u32) -> u32 {
    eventually("the process inside", async || {
        let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).ok()?;
        children.split_whitespace().next()?.parse().ok()
    })
    .await
}

#[tokio::test]
async fn as_pid_1_a_match_ends_with_a_result_before_docker_kills() {
    let probe = ["--user", "--map-root-user", "--pid", "--fork", "true"];
    if !command("unshare").args(probe).status().is_ok_and(|status| status.success()) {
        tell("skipped: this machine lets nobody make a PID namespace");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let (gateway, admin) = (free_address(), free_address());
    let data = folder.path().join("data");
    let line = format!(
        "--user --map-root-user --pid --fork --kill-child {} all --listen {gateway} --admin-listen {admin} --data-dir {} \
         --match-seconds {LONG_MATCH_S} --fill-to-players 0",
        env!("CARGO_BIN_EXE_game-server"),
        data.display()
    );
    let words: Vec<&str> = line.split_whitespace().collect();
    let mut container = Process::start("container", "unshare", &words, folder.path());
    container.until_ready(admin).await;
    let server = child_of(container.pid()).await;
    let (mut ann, mut ben) = tokio::join!(
        Player::join(gateway, "the secret key of ann", "Ann"),
        Player::join(gateway, "the secret key of ben", "Ben")
    );
    ann.until("a state", |ann| ann.states > 0).await;
    let stopped = Instant::now();
    send_signal(server, "TERM");
    tokio::join!(
        ann.until("the result", |ann| ann.over.is_some()),
        ben.until("the result", |ben| ben.over.is_some())
    );
    eventually("it has ended by itself", async || (!container.is_running()).then_some(())).await;
    tell(&format!("ended {:?} after the signal; docker kills after {DOCKER_STOP:?}", stopped.elapsed()));
    let log = container.log();
    assert!(log.contains("matches that still run end now, with a result: a drain may take 5s"), "{log}");
    let args = format!("all --listen {gateway} --admin-listen {admin} --data-dir {}", data.display());
    let words: Vec<String> = args.split(' ').map(str::to_owned).collect();
    let mut again = Process::role("again", &words, folder.path());
    again.until_ready(admin).await;
    until_ranked(gateway, &["Ann", "Ben"]).await;
}

#[tokio::test]
async fn a_drain_takes_no_longer_than_it_is_told_to() {
    let mut server = All::start_with(LONG_MATCH_S, &["--drain-max-seconds=1".to_owned()]).await;
    let mut ann = Player::join(server.gateway, "the secret key of ann", "Ann").await;
    ann.until("a state", |ann| ann.states > 0).await;
    server.process.send("TERM");
    ann.until("the result", |ann| ann.over.is_some()).await;
    let ended = within_limit("the end", server.process.terminate()).await;
    assert!(ended.success(), "{ended}");
}
