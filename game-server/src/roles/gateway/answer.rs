//! The body of an answer, which tells its connection when all of it was taken.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use hyper::body::{Body as HttpBody, Frame, SizeHint};

use crate::roles::gateway::plain::{Doing, Line};

/// Wraps a body; what is left then waits to be written.
pub fn told(body: Body, line: Arc<Line>) -> Body {
    Body::new(Told { body, line })
}

struct Told {
    body: Body,
    line: Arc<Line>,
}

impl HttpBody for Told {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        self.line.go_on(Doing::Answer, Doing::Write);
    }
}
