//! What probes and `curl` see on the admin port.

use metrics_exporter_prometheus::PrometheusBuilder;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{Readiness, serve};
use crate::net::shutdown::Shutdown;

async fn ask(address: std::net::SocketAddr, request_line: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("{request_line} HTTP/1.1\r\nhost: admin\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn probes_follow_readiness_and_drain() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (ready, shutdown) = (Readiness::default(), Shutdown::new());
    let metrics = PrometheusBuilder::new().build_recorder().handle();
    tokio::spawn(serve(listener, ready.clone(), shutdown.clone(), metrics));

    assert!(ask(address, "GET /livez").await.starts_with("HTTP/1.1 200"));
    assert!(ask(address, "GET /readyz").await.starts_with("HTTP/1.1 503"));
    ready.set(true);
    assert!(ask(address, "GET /readyz").await.starts_with("HTTP/1.1 200"));
    assert!(ask(address, "GET /metrics").await.starts_with("HTTP/1.1 200"));
    assert!(ask(address, "GET /drain").await.starts_with("HTTP/1.1 405"));
    assert!(ask(address, "POST /drain").await.ends_with("draining\n"));
    assert!(shutdown.is_draining() && !shutdown.is_ending());
    assert!(ask(address, "GET /readyz").await.starts_with("HTTP/1.1 503"));
    assert!(ask(address, "POST /drain?now=true").await.ends_with("ending now\n"));
    assert!(shutdown.is_ending());
}

#[test]
fn a_parent_is_ready_when_all_parts_are() {
    let parent = Readiness::default();
    parent.set(true);
    let (one, two) = (parent.part(), parent.part());
    one.set(true);
    assert!(!parent.get());
    two.set(true);
    assert!(parent.get());
}
