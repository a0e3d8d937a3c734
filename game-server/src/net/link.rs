//! Length-framed messages over a byte stream.
//!
//! A frame is a `u32` little-endian length and that many bytes; length 0 is a keep-alive and never reaches the
//! receiver. One task writes: it swaps what is queued with its own empty buffer and hands it to the stream in one
//! call, so queueing is a copy into memory that is already there. Reading is pulled by the receiver, so a receiver that
//! is slow slows the peer down instead of filling a queue here.
//!
//! Queue full: the link closes. A peer that leaves [`QUEUED_BYTES_MAX`] unread is seconds behind, and state that old
//! helps nobody; both sides start over with a new link.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use crate::net::awake;

/// Largest frame; a full room frame is under 1 kB and a roster under 400 bytes.
pub const FRAME_BYTES_MAX: usize = 64 * 1024;
/// Bytes that wait for the peer: two seconds of 400 rooms at 20 Hz and 500 bytes.
pub const QUEUED_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Memory that a queue keeps when it is empty: more is what a stall left behind.
const KEPT_BYTES_MAX: usize = 256 * 1024;
/// Bytes that one read asks for.
const READ_BYTES: usize = 64 * 1024;
const LENGTH_BYTES: usize = 4;
/// Writes of a busy link come at least this far apart, so that inputs of many players leave in one: fifteen hundred send
/// one every 22 µs, and a write for each costs both ends more than the inputs do. A link that was quiet writes at once.
const WRITE_GAP: Duration = Duration::from_millis(1);

/// How both sides notice that the other is gone without a word.
#[derive(Debug, Clone, Copy)]
struct Timing {
    /// An idle side sends a keep-alive this often.
    keep_alive: Duration,
    /// A peer that is silent for this long, while this process ran, is gone.
    silence_max: Duration,
}

/// Five keep-alives in a row are not lost by accident.
const TIMING: Timing = Timing { keep_alive: Duration::from_secs(1), silence_max: Duration::from_secs(5) };

/// Why a link takes no more frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    #[error("the link is closed")]
    Closed,
    #[error("the peer is too far behind")]
    Full,
}

/// Why no more frames come.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveError {
    #[error("the link was closed")]
    Closed,
    #[error("a frame of {0} bytes is larger than any real one")]
    TooLarge(usize),
    #[error("the peer was silent for too long")]
    Silent,
    #[error("the link broke: {0}")]
    Broken(#[from] std::io::Error),
}

/// Frames that leave together.
#[derive(Debug, Default)]
pub struct Batch {
    bytes: Vec<u8>,
}

impl Batch {
    /// Appends one frame; one above [`FRAME_BYTES_MAX`] is a bug here and would end the link there.
    pub fn push(&mut self, frame: &[u8]) {
        debug_assert!(frame.len() <= FRAME_BYTES_MAX);
        self.bytes.extend_from_slice(&(frame.len() as u32).to_le_bytes());
        self.bytes.extend_from_slice(frame);
    }

    /// Whether there is nothing to send.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}

/// What waits for the writer.
#[derive(Debug, Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    wake: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    bytes: Vec<u8>,
    /// Nothing more will come.
    ended: bool,
}

impl Queue {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Shared by all clones of a sender; its end is theirs.
#[derive(Debug)]
struct Senders {
    queue: Arc<Queue>,
}

impl Drop for Senders {
    fn drop(&mut self) {
        self.queue.waiting().ended = true;
        self.queue.wake.notify_one();
    }
}

/// Queues frames without waiting; clones share the queue, and the link closes when the last one is dropped.
#[derive(Debug, Clone)]
pub struct FrameSender {
    senders: Arc<Senders>,
    closed: CancellationToken,
}

impl FrameSender {
    /// Queues one frame.
    pub fn send(&self, frame: &[u8]) -> Result<(), SendError> {
        let mut batch = Batch::default();
        batch.push(frame);
        self.send_batch(&mut batch)
    }

    /// Queues a batch and leaves it empty. The peer's writer wakes once for all of it.
    pub fn send_batch(&self, batch: &mut Batch) -> Result<(), SendError> {
        let queued = self.queue(&batch.bytes);
        batch.bytes.clear();
        if queued == Err(SendError::Full) {
            self.close();
        }
        queued
    }

    fn queue(&self, bytes: &[u8]) -> Result<(), SendError> {
        if self.closed.is_cancelled() {
            return Err(SendError::Closed);
        }
        let queue = &self.senders.queue;
        let mut waiting = queue.waiting();
        if waiting.bytes.len() + bytes.len() > QUEUED_BYTES_MAX {
            return Err(SendError::Full);
        }
        waiting.bytes.extend_from_slice(bytes);
        drop(waiting);
        queue.wake.notify_one();
        Ok(())
    }

    /// Whether both are of one link.
    pub fn is_same(&self, other: &FrameSender) -> bool {
        Arc::ptr_eq(&self.senders, &other.senders)
    }

    /// Ends the link; what is queued may be lost.
    pub fn close(&self) {
        self.closed.cancel();
    }

    /// Whether the link has ended, for whichever reason.
    pub fn is_closed(&self) -> bool {
        self.closed.is_cancelled()
    }
}

/// Hands out frames as they arrive; dropping it ends the link.
#[derive(Debug)]
pub struct FrameReceiver<S> {
    stream: ReadHalf<S>,
    buffer: BytesMut,
    silence_max: Duration,
    closed: CancellationToken,
}

/// Starts the writer of a link over any byte stream; TCP streams should have `nodelay` set.
pub fn start<S>(stream: S) -> (FrameSender, FrameReceiver<S>)
where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    start_timed(stream, TIMING)
}

fn start_timed<S>(stream: S, timing: Timing) -> (FrameSender, FrameReceiver<S>)
where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    let (reader, writer) = tokio::io::split(stream);
    let queue = Arc::new(Queue::default());
    let closed = CancellationToken::new();
    let task = Writer { stream: writer, queue: queue.clone(), keep_alive: timing.keep_alive };
    let writer_closed = closed.clone();
    tokio::spawn(async move {
        writer_closed.run_until_cancelled(task.run()).await;
        writer_closed.cancel();
    });
    let receiver = FrameReceiver {
        stream: reader,
        buffer: BytesMut::new(),
        silence_max: timing.silence_max,
        closed: closed.clone(),
    };
    (FrameSender { senders: Arc::new(Senders { queue }), closed }, receiver)
}

impl<S: AsyncRead> FrameReceiver<S> {
    /// The next frame.
    pub async fn next(&mut self) -> Result<Bytes, ReceiveError> {
        loop {
            if let Some(frame) = take_frame(&mut self.buffer)? {
                return Ok(frame);
            }
            self.buffer.reserve(READ_BYTES);
            let read = tokio::select! {
                read = awake::timeout(self.silence_max, self.stream.read_buf(&mut self.buffer)) => read,
                () = self.closed.cancelled() => return Err(ReceiveError::Closed),
            };
            match read {
                Ok(Ok(0)) => return Err(ReceiveError::Closed),
                Ok(Ok(_)) => {}
                Ok(Err(error)) => return Err(ReceiveError::Broken(error)),
                Err(_) => return Err(ReceiveError::Silent),
            }
        }
    }
}

impl<S> Drop for FrameReceiver<S> {
    fn drop(&mut self) {
        self.closed.cancel();
    }
}

/// Cuts the first complete frame off; skips keep-alives.
fn take_frame(buffer: &mut BytesMut) -> Result<Option<Bytes>, ReceiveError> {
    while let Some(length) = buffer.first_chunk::<LENGTH_BYTES>() {
        let length = u32::from_le_bytes(*length) as usize;
        if length > FRAME_BYTES_MAX {
            return Err(ReceiveError::TooLarge(length));
        }
        if buffer.len() < LENGTH_BYTES + length {
            return Ok(None);
        }
        buffer.advance(LENGTH_BYTES);
        if length > 0 {
            return Ok(Some(buffer.split_to(length).freeze()));
        }
    }
    Ok(None)
}

struct Writer<W> {
    stream: W,
    queue: Arc<Queue>,
    keep_alive: Duration,
}

impl<W: AsyncWrite + Unpin> Writer<W> {
    /// Ends when the stream breaks or all senders are gone.
    async fn run(mut self) {
        let mut taken = Vec::new();
        let mut wrote = Instant::now();
        loop {
            let ended = self.take(&mut taken);
            let written = if !taken.is_empty() {
                self.stream.write_all(&taken).await
            } else if ended {
                break;
            } else if timeout(self.keep_alive, self.queue.wake.notified()).await.is_err() {
                self.stream.write_all(&0_u32.to_le_bytes()).await
            } else {
                sleep_until(wrote + WRITE_GAP).await;
                wrote = Instant::now();
                Ok(())
            };
            if written.is_err() {
                return;
            }
        }
        // All was written; a proper end lets the peer read it before the close.
        let _ = self.stream.shutdown().await;
    }

    /// Swaps what waits with what was written; tells whether nothing more will come.
    fn take(&self, taken: &mut Vec<u8>) -> bool {
        taken.clear();
        taken.shrink_to(KEPT_BYTES_MAX);
        let mut waiting = self.queue.waiting();
        std::mem::swap(&mut waiting.bytes, taken);
        waiting.ended
    }
}

#[cfg(test)]
pub mod tests;
