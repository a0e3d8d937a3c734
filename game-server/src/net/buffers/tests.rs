//! What accepted sockets inherit.

use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};

use super::{RECEIVE_BUFFER_BYTES, SEND_BUFFER_BYTES, bound};

#[tokio::test]
async fn accepted_sockets_are_bounded_and_those_that_read_get_everything() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    bound(&listener).unwrap();
    let _client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (stream, _) = listener.accept().await.unwrap();
    let socket = SockRef::from(&stream);
    assert!(socket.send_buffer_size().unwrap() <= 2 * SEND_BUFFER_BYTES);
    assert!(socket.recv_buffer_size().unwrap() <= 2 * RECEIVE_BUFFER_BYTES);
}

/// The client's own kernel takes some; what is asked is how much stays here.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_client_that_never_reads_is_soon_given_no_more_and_ends() {
    use super::{UNACKNOWLEDGED_MAX, UNSENT_BYTES};

    const GIVEN_MAX: usize = 4 * 1024 * 1024;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    bound(&listener).unwrap();
    assert_eq!(SockRef::from(&listener).tcp_notsent_lowat().unwrap(), UNSENT_BYTES);
    assert_eq!(SockRef::from(&listener).tcp_user_timeout().unwrap(), Some(UNACKNOWLEDGED_MAX));
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    SockRef::from(&client).set_recv_buffer_size(4096).unwrap();
    let (stream, _) = listener.accept().await.unwrap();
    let (mut given, chunk) = (0, [0; 1024]);
    while let Ok(bytes) = stream.try_write(&chunk) {
        given += bytes;
        assert!(given < GIVEN_MAX);
        tokio::task::yield_now().await;
    }
    let theirs = SockRef::from(&client).recv_buffer_size().unwrap().max(128 * 1024);
    assert!(given <= theirs + SEND_BUFFER_BYTES, "{given} bytes given to a client that takes {theirs}");
}
