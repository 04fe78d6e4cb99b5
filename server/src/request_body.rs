//! The body of a request that did not come by gRPC, and whether it was read to its end.
//!
//! Over HTTP/1.1 the rest of a body that nobody reads stands before the next request, so the connection
//! ends with the answer. A client that is not told so sends its next call into nothing.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::CONNECTION;
use http::{HeaderValue, Request, Response, Version};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};

use crate::Limits;

/// A body that remembers whether it was read.
#[derive(Debug)]
pub(crate) struct RequestBody {
    incoming: Incoming,
    is_read: Arc<AtomicBool>,
}

/// What tells the client whether its connection goes on.
#[derive(Debug)]
pub(crate) struct Connection {
    version: Version,
    is_read: Arc<AtomicBool>,
}

/// The request with a body that remembers, and what to tell the client afterwards.
pub(crate) fn watch(request: Request<Incoming>) -> (Request<RequestBody>, Connection) {
    let is_read = Arc::new(AtomicBool::new(request.body().is_end_stream()));
    let connection = Connection {
        version: request.version(),
        is_read: is_read.clone(),
    };
    (
        request.map(|incoming| RequestBody { incoming, is_read }),
        connection,
    )
}

impl RequestBody {
    /// Reads what there is, so that the connection goes on, within the bounds of a request.
    pub(crate) async fn skip(mut self, limits: &Limits) {
        let mut left = limits.max_receive_bytes;
        let read = async {
            while let Some(Ok(frame)) = self.frame().await {
                let length = frame.data_ref().map_or(0, Bytes::len);
                match left.checked_sub(length) {
                    Some(rest) => left = rest,
                    None => return,
                }
            }
        };
        // Whoever is slower than that loses the connection.
        let _ = tokio::time::timeout(limits.request_timeout, read).await;
    }
}

impl Connection {
    /// The answer; if the connection ends with it, it says so.
    pub(crate) fn tell<B>(self, mut response: Response<B>) -> Response<B> {
        // HTTP/2 has streams for that, and no such header.
        if self.version < Version::HTTP_2 && !self.is_read.load(Ordering::Relaxed) {
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(CONNECTION, close);
        }
        response
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let body = self.get_mut();
        let frame = Pin::new(&mut body.incoming).poll_frame(context);
        if matches!(frame, Poll::Ready(None)) || body.incoming.is_end_stream() {
            body.is_read.store(true, Ordering::Relaxed);
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
