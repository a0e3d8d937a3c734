//! A client's byte stream that is read no faster than a page sends: whoever floods waits in their own TCP buffers.

#[cfg(test)]
mod tests;

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use crate::roles::gateway::admission::count_refusal;
use crate::roles::gateway::limits::{Bucket, READ_BYTES};

/// A stream over its rate looks again this often.
const PAUSE: Duration = Duration::from_millis(50);

/// The stream, and whatever has to live as long as it.
pub struct Metered<S, G> {
    stream: S,
    bucket: Bucket,
    pause: Option<Pin<Box<Sleep>>>,
    counted: bool,
    _places: G,
}

impl<S, G> Metered<S, G> {
    /// A stream that has not been read from.
    pub fn new(stream: S, places: G) -> Self {
        let bucket = Bucket::new(READ_BYTES, Instant::now());
        Self { stream, bucket, pause: None, counted: false, _places: places }
    }
}

impl<S: AsyncRead + Unpin, G: Unpin> AsyncRead for Metered<S, G> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            if let Some(pause) = &mut self.pause {
                ready!(pause.as_mut().poll(context));
                self.pause = None;
            }
            if self.bucket.has_any(Instant::now()) {
                break;
            }
            if !self.counted {
                self.counted = true;
                count_refusal("read_too_fast");
            }
            self.pause = Some(Box::pin(sleep(PAUSE)));
        }
        let before = into.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, into))?;
        // A read may go into debt by its buffer, a few kilobytes.
        self.bucket.spend((into.filled().len() - before) as f64);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin, G: Unpin> AsyncWrite for Metered<S, G> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
