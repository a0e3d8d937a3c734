//! A flood is read at the rate, everything of it and in order.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::time::timeout;

use super::Metered;
use crate::roles::gateway::limits::READ_BYTES;

#[tokio::test]
async fn a_flood_is_read_at_the_rate_and_arrives_whole() {
    let (here, mut flood) = duplex(4096);
    let mut metered = Metered::new(here, ());
    let flooder = tokio::spawn(async move {
        let mut sent = 0_usize;
        while flood.write_all(&[7; 1024]).await.is_ok() {
            sent += 1024;
        }
        sent
    });
    let mut bytes = vec![0; 4096];
    let mut read = 0;
    // The burst comes at once; what comes beyond it in a moment is a small part of it.
    let look = async {
        loop {
            read += metered.read(&mut bytes).await.unwrap();
        }
    };
    let _ = timeout(Duration::from_millis(200), look).await;
    assert!(read as f64 >= READ_BYTES.burst, "{read}");
    assert!((read as f64) < 2.0 * READ_BYTES.burst, "{read}");
    drop(metered);
    assert!(flooder.await.unwrap() >= read);
}
