//! A client's byte stream that is read no faster than a page sends: whoever floods waits in their own TCP buffers, and
//! goes when that does not help.
//!
//! It also sees what a plain connection is at: the first byte of a request, the last of an answer.

#[cfg(test)]
mod tests;

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use crate::roles::gateway::admission::count_refusal;
use crate::roles::gateway::limits::{Bucket, FLOOD_MAX, READ_BYTES};
use crate::roles::gateway::plain::{Doing, Line};

/// A stream over its rate looks again this often.
const PAUSE: Duration = Duration::from_millis(50);

/// The stream, and whatever has to live as long as it.
pub struct Metered<S, G> {
    stream: S,
    line: Arc<Line>,
    bucket: Bucket,
    pause: Option<Pin<Box<Sleep>>>,
    /// Since when it has been over its rate.
    flooding: Option<Instant>,
    _places: G,
}

impl<S, G> Metered<S, G> {
    /// A stream that has not been read from.
    pub fn new(stream: S, line: Arc<Line>, places: G) -> Self {
        let bucket = Bucket::new(READ_BYTES, Instant::now());
        Self { stream, line, bucket, pause: None, flooding: None, _places: places }
    }

    /// Waits until the rate allows another read.
    fn poll_rate(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            if let Some(pause) = &mut self.pause {
                ready!(pause.as_mut().poll(context));
                self.pause = None;
            }
            let now = Instant::now();
            if self.bucket.is_full(now) {
                self.flooding = None;
            }
            if self.bucket.has_any(now) {
                return Poll::Ready(Ok(()));
            }
            if self.flooding.is_none() {
                count_refusal("read_too_fast");
            }
            let since = *self.flooding.get_or_insert(now);
            if now.duration_since(since) > FLOOD_MAX {
                count_refusal("flood");
                return Poll::Ready(Err(io::ErrorKind::QuotaExceeded.into()));
            }
            self.pause = Some(Box::pin(sleep(PAUSE)));
        }
    }
}

impl<S: AsyncRead + Unpin, G: Unpin> AsyncRead for Metered<S, G> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let metered = !self.line.is_exempt();
        if metered {
            ready!(self.poll_rate(context))?;
        }
        let before = into.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, into))?;
        let bytes = into.filled().len() - before;
        if metered {
            // A read may go into debt by its buffer, a few kilobytes.
            self.bucket.spend(bytes as f64);
        }
        if bytes > 0 {
            self.line.go_on(Doing::Idle, Doing::Head);
        }
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
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        // Whoever flushes has written all there was.
        self.line.go_on(Doing::Write, Doing::Idle);
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
