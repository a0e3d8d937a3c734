//! A flood is read at the rate, everything of it and in order; a balancer's requests are not held up.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::Metered;
use crate::roles::gateway::limits::READ_BYTES;
use crate::roles::gateway::plain::{Doing, Line, Plain};

/// A moment: little of the rate comes in it beyond the burst.
const MOMENT: Duration = Duration::from_millis(200);

fn line() -> Arc<Line> {
    Arc::new(Plain::new(Instant::now())).enter(Instant::now()).unwrap().line()
}

fn flood(line: Arc<Line>) -> (Metered<DuplexStream, ()>, JoinHandle<usize>) {
    let (here, mut flood) = duplex(4096);
    let flooder = tokio::spawn(async move {
        let mut sent = 0_usize;
        while flood.write_all(&[7; 1024]).await.is_ok() {
            sent += 1024;
        }
        sent
    });
    (Metered::new(here, line, ()), flooder)
}

async fn read_for_a_moment(metered: &mut Metered<DuplexStream, ()>) -> f64 {
    let (mut bytes, mut read) = (vec![0; 4096], 0);
    let look = async {
        loop {
            read += metered.read(&mut bytes).await.unwrap();
        }
    };
    let _ = timeout(MOMENT, look).await;
    read as f64
}

#[tokio::test]
async fn a_flood_is_read_at_the_rate_and_arrives_whole() {
    let (mut metered, flooder) = flood(line());
    let read = read_for_a_moment(&mut metered).await;
    assert!(read >= READ_BYTES.burst, "{read}");
    assert!(read < 2.0 * READ_BYTES.burst, "{read}");
    drop(metered);
    assert!(flooder.await.unwrap() as f64 >= read);
}

#[tokio::test]
async fn the_requests_of_a_balancer_are_not_held_up_and_its_websockets_are() {
    let line = line();
    line.is_of_a_balancer();
    line.begin(Doing::Idle, Instant::now());
    let (mut metered, _flooder) = flood(line.clone());
    let read = read_for_a_moment(&mut metered).await;
    assert!(read > 3.0 * READ_BYTES.burst, "{read}");
    assert_eq!(line.doing(), Doing::Head, "a request has begun");
    line.begin(Doing::Gone, Instant::now());
    let read = read_for_a_moment(&mut metered).await;
    assert!(read < 2.0 * READ_BYTES.burst, "{read}");
}

#[tokio::test]
async fn an_answer_is_over_when_it_was_flushed() {
    let line = line();
    let (here, _there) = duplex(4096);
    let mut metered = Metered::new(here, line.clone(), ());
    for (doing, then) in [(Doing::Answer, Doing::Answer), (Doing::Write, Doing::Idle)] {
        line.begin(doing, Instant::now());
        metered.write_all(b"answer").await.unwrap();
        assert_eq!(line.doing(), doing);
        metered.flush().await.unwrap();
        assert_eq!(line.doing(), then);
    }
}
