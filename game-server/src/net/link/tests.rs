//! Frames over an in-memory stream.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf, duplex};

use super::{
    Batch, CancellationToken, FRAME_BYTES_MAX, FrameSender, QUEUED_BYTES_MAX, Queue, ReceiveError, SendError,
    Senders, Timing, WRITE_GAP, start, start_timed, take_frame,
};

/// What a sender queued, for tests that are the network themselves.
pub struct Queued {
    queue: Arc<Queue>,
}

impl Queued {
    /// Everything that was sent since the last call.
    pub fn take(&mut self) -> Vec<Bytes> {
        let mut buffer = BytesMut::from(&std::mem::take(&mut self.queue.waiting().bytes)[..]);
        let mut frames = Vec::new();
        while let Some(frame) = take_frame(&mut buffer).expect("a sender writes proper frames") {
            frames.push(frame);
        }
        frames
    }
}

/// A sender without a writer behind it.
pub fn detached() -> (FrameSender, Queued) {
    let queue = Arc::new(Queue::default());
    let senders = Arc::new(Senders { queue: queue.clone() });
    (FrameSender { senders, closed: CancellationToken::new() }, Queued { queue })
}

#[tokio::test]
async fn frames_arrive_whole_and_in_order() {
    // A pipe of 7 bytes cuts every frame into pieces.
    let (here, there) = duplex(7);
    let (sender, _keep) = start(here);
    let (_idle, mut receiver) = start(there);
    let mut batch = Batch::default();
    batch.push(b"one");
    batch.push(b"a longer second frame");
    sender.send_batch(&mut batch).unwrap();
    assert!(batch.is_empty());
    sender.send(&[9; 1000]).unwrap();
    assert_eq!(&receiver.next().await.unwrap()[..], b"one");
    assert_eq!(&receiver.next().await.unwrap()[..], b"a longer second frame");
    assert_eq!(receiver.next().await.unwrap().len(), 1000);
}

#[tokio::test]
async fn what_was_queued_arrives_before_the_close() {
    let (here, there) = duplex(64);
    let (sender, _keep) = start(here);
    let (_idle, mut receiver) = start(there);
    sender.send(b"last words").unwrap();
    drop(sender);
    assert_eq!(&receiver.next().await.unwrap()[..], b"last words");
    assert!(matches!(receiver.next().await, Err(ReceiveError::Closed)));
}

#[tokio::test]
async fn a_peer_that_does_not_read_loses_the_link() {
    let (here, _there) = duplex(64);
    let (sender, _keep) = start(here);
    let frame = vec![0; FRAME_BYTES_MAX];
    let refused = (0..=QUEUED_BYTES_MAX / FRAME_BYTES_MAX).find_map(|_| sender.send(&frame).err());
    assert_eq!(refused, Some(SendError::Full));
    assert_eq!(sender.send(b"more"), Err(SendError::Closed));
    assert!(sender.is_closed());
}

#[tokio::test]
async fn a_peer_that_goes_away_closes_the_sender() {
    let (here, there) = duplex(64);
    let (sender, mut receiver) = start(here);
    drop(there);
    assert!(receiver.next().await.is_err());
    drop(receiver);
    assert_eq!(sender.send(b"anybody?"), Err(SendError::Closed));
}

#[tokio::test]
async fn oversized_lengths_end_the_link() {
    let (mut raw, there) = duplex(64);
    let (_sender, mut receiver) = start(there);
    raw.write_all(&(FRAME_BYTES_MAX as u32 + 1).to_le_bytes()).await.unwrap();
    assert!(matches!(receiver.next().await, Err(ReceiveError::TooLarge(_))));
}

#[tokio::test]
async fn idle_links_are_kept_alive_and_silent_ones_end() {
    let (mut raw, there) = duplex(64);
    let timing = Timing { keep_alive: Duration::from_millis(1), silence_max: Duration::from_millis(20) };
    let (_sender, mut receiver) = start_timed(there, timing);
    let mut keep_alive = [1; 4];
    raw.read_exact(&mut keep_alive).await.unwrap();
    assert_eq!(keep_alive, [0; 4]);
    let silent = tokio::time::timeout(Duration::from_secs(60), receiver.next()).await.unwrap();
    assert!(matches!(silent, Err(ReceiveError::Silent)));
}

/// Counts what reaches the stream below.
struct Counting {
    stream: tokio::io::DuplexStream,
    writes: Arc<AtomicUsize>,
}

impl AsyncRead for Counting {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl AsyncWrite for Counting {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.writes.fetch_add(1, Ordering::Relaxed);
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[tokio::test]
async fn messages_of_many_players_leave_in_one_write() {
    let (here, there) = duplex(1 << 20);
    let writes = Arc::new(AtomicUsize::new(0));
    let (sender, _keep) = start(Counting { stream: here, writes: writes.clone() });
    let (_idle, mut receiver) = start(there);
    let players: Vec<_> = (0..1000).map(|_| sender.clone()).collect();
    // The writer runs when this task waits for the first time, so all of them are queued by then.
    players.iter().for_each(|player| player.send(&[7; 20]).unwrap());
    for _ in 0..players.len() {
        assert_eq!(receiver.next().await.unwrap().len(), 20);
    }
    assert_eq!(writes.load(Ordering::Relaxed), 1);
}

#[test]
fn keep_alives_are_skipped() {
    let mut buffer = BytesMut::from(&[0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 42, 2, 0, 0, 0, 1][..]);
    assert_eq!(&take_frame(&mut buffer).unwrap().unwrap()[..], [42]);
    assert!(take_frame(&mut buffer).unwrap().is_none());
    assert_eq!(buffer.len(), 5);
}

#[tokio::test]
async fn a_busy_link_gathers_what_comes_close_together() {
    const FRAMES: u32 = 2_000;
    let (ours, mut theirs) = duplex(1 << 20);
    let (sender, _receiver) = start(ours);
    let reading = tokio::spawn(async move {
        let (mut buffer, mut reads) = (BytesMut::with_capacity(1 << 20), 0_u32);
        while buffer.len() < FRAMES as usize * 5 {
            theirs.read_buf(&mut buffer).await.unwrap();
            reads += 1;
        }
        reads
    });
    let begun = std::time::Instant::now();
    for _ in 0..FRAMES {
        sender.send(b"7").unwrap();
        tokio::task::yield_now().await;
    }
    let reads = reading.await.unwrap();
    let gaps = begun.elapsed().as_micros() / WRITE_GAP.as_micros();
    assert!(u128::from(reads) <= gaps + 2, "{reads} writes in {gaps} gaps");
}
