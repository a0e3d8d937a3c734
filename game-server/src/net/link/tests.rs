//! Frames over an in-memory stream.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::sync::mpsc;

use super::{
    Batch, CancellationToken, FRAME_BYTES_MAX, FrameSender, QUEUED_BYTES_MAX, ReceiveError, SendError,
    Timing, start, start_timed, take_frame,
};

/// What a sender queued, for tests that are the network themselves.
pub struct Queued {
    frames: mpsc::UnboundedReceiver<Bytes>,
    queued_bytes: std::sync::Arc<std::sync::atomic::AtomicUsize>,
}

impl Queued {
    /// Everything that was sent since the last call.
    pub fn take(&mut self) -> Vec<Bytes> {
        let (mut frames, mut buffer) = (Vec::new(), BytesMut::new());
        while let Ok(batch) = self.frames.try_recv() {
            self.queued_bytes.fetch_sub(batch.len(), std::sync::atomic::Ordering::Relaxed);
            buffer.extend_from_slice(&batch);
        }
        while let Some(frame) = take_frame(&mut buffer).expect("a sender writes proper frames") {
            frames.push(frame);
        }
        frames
    }
}

/// A sender without a writer behind it.
pub fn detached() -> (FrameSender, Queued) {
    let (queue, frames) = mpsc::unbounded_channel();
    let queued_bytes = std::sync::Arc::default();
    let queued = Queued { frames, queued_bytes: std::sync::Arc::clone(&queued_bytes) };
    (FrameSender { queue, queued_bytes, closed: CancellationToken::new() }, queued)
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

#[test]
fn keep_alives_are_skipped() {
    let mut buffer = BytesMut::from(&[0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 42, 2, 0, 0, 0, 1][..]);
    assert_eq!(&take_frame(&mut buffer).unwrap().unwrap()[..], [42]);
    assert!(take_frame(&mut buffer).unwrap().is_none());
    assert_eq!(buffer.len(), 5);
}
