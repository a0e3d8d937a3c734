//! Headers of both versions, and everything that is none.

use std::net::IpAddr;

use proptest::prelude::{any, prop};
use proptest::proptest;
use tokio::io::AsyncReadExt;

use super::read;

/// The address, and what is left on the stream.
async fn after(bytes: &[u8]) -> Option<(Option<IpAddr>, Vec<u8>)> {
    let mut stream = bytes;
    let address = read(&mut stream).await.ok()?;
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.ok()?;
    Some((address, rest))
}

fn block(command: u8, family: u8, addresses: &[u8]) -> Vec<u8> {
    let mut bytes = b"\r\n\r\n\0\r\nQUIT\n".to_vec();
    bytes.extend([command, family]);
    bytes.extend((addresses.len() as u16).to_be_bytes());
    bytes.extend(addresses);
    bytes
}

#[tokio::test]
async fn the_client_is_told_and_nothing_else_is_taken() {
    let address = |text: &str| Some(text.parse::<IpAddr>().unwrap());
    let line = b"PROXY TCP4 203.0.113.7 192.0.2.1 56324 443\r\nGET / HTTP/1.1\r\n";
    assert_eq!(after(line).await, Some((address("203.0.113.7"), b"GET / HTTP/1.1\r\n".to_vec())));
    let line = b"PROXY TCP6 2001:db8::1 2001:db8::2 1 2\r\n";
    assert_eq!(after(line).await, Some((address("2001:db8::1"), Vec::new())));
    assert_eq!(after(b"PROXY UNKNOWN\r\nx").await, Some((None, b"x".to_vec())));
    let mut bytes = block(0x21, 0x11, &[203, 0, 113, 7, 192, 0, 2, 1, 0, 1, 0, 2]);
    bytes.push(b'x');
    assert_eq!(after(&bytes).await, Some((address("203.0.113.7"), b"x".to_vec())));
    let mut source = [0; 36];
    source[15] = 1;
    assert_eq!(after(&block(0x21, 0x21, &source)).await, Some((address("::1"), Vec::new())));
    assert_eq!(after(&block(0x20, 0, &[])).await, Some((None, Vec::new())));
}

#[tokio::test]
async fn anything_else_is_refused() {
    let endless = [b"PROXY TCP4 ".to_vec(), vec![b'1'; 500]].concat();
    let long = [b"\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff".to_vec(), vec![0; 70_000]].concat();
    for bytes in
        [b"GET / HTTP/1.1\r\n".as_slice(), b"PROXY TCP9 a b\r\n", b"PROXY TCP4 999.1.1.1 x\r\n", b"PR"]
    {
        assert_eq!(after(bytes).await, None, "{bytes:?}");
    }
    assert_eq!(after(&endless).await, None);
    assert_eq!(after(&long).await, None);
    assert_eq!(after(&block(0x21, 0x11, &[1, 2])).await, None);
    assert_eq!(after(&block(0x33, 0x11, &[0; 12])).await, None);
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(after(&bytes));
        runtime.block_on(after(&[b"PROXY ".to_vec(), bytes].concat()));
    }
}
