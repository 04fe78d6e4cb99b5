//! One connection: HTTP/2 or HTTP/1.1, from its first byte until it is done, too old, or the server
//! goes away.
//!
//! It ends politely first: the client is told, and calls in flight may finish.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::debug;

use crate::front::Front;
use crate::{Fallback, Limits};

/// How connections are to be ended from outside.
#[derive(Clone, Debug)]
pub(crate) struct End {
    /// Take no more calls; finish those in flight.
    pub(crate) politely: CancellationToken,
    /// Cut.
    pub(crate) now: CancellationToken,
}

/// The HTTP settings of every connection.
pub(crate) fn protocol(limits: &Limits) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http2()
        .timer(TokioTimer::new())
        .initial_stream_window_size(limits.stream_window_bytes)
        .initial_connection_window_size(limits.connection_window_bytes)
        .max_concurrent_streams(limits.max_concurrent_streams)
        .max_header_list_size(limits.max_header_bytes)
        .keep_alive_interval(limits.keepalive_interval)
        .keep_alive_timeout(limits.keepalive_timeout);
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.first_byte_timeout)
        // hyper wants at least 8 KiB here.
        .max_buf_size((limits.max_header_bytes as usize).max(8 * 1024));
    builder
}

/// Serves one connection to its end.
pub(crate) async fn serve<F: Fallback>(
    stream: TcpStream,
    protocol: &Builder<TokioExecutor>,
    front: Arc<Front<F>>,
    end: End,
) {
    let limits = &front.limits;
    if let Err(error) = stream.set_nodelay(true) {
        debug!(%error, "cannot set TCP_NODELAY");
    }
    let wait_until = Instant::now() + limits.first_byte_timeout;
    // Peeked at, not awaited as readable: that may be claimed of a socket which has nothing to read.
    let mut first_byte = [0];
    tokio::select! {
        peeked = tokio::time::timeout_at(wait_until, stream.peek(&mut first_byte)) => {
            if !matches!(peeked, Ok(Ok(1))) {
                return;
            }
        }
        () = end.politely.cancelled() => return,
    }

    let age = limits.connection_age;
    let grace = limits.connection_age_grace;
    let farewell = limits.first_byte_timeout / 10;
    let used = Arc::new(AtomicBool::new(false));
    let is_used = || used.load(Ordering::Relaxed);
    let use_it = used.clone();
    let service = service_fn(move |request| {
        use_it.store(true, Ordering::Relaxed);
        let front = front.clone();
        async move { Ok::<_, Infallible>(front.answer(request).await) }
    });
    let mut connection = pin!(protocol.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        result = connection.as_mut() => Some(result),
        () = end.politely.cancelled() => None,
        () = expired(age) => None,
        () = unused(wait_until, is_used) => None,
    };
    let ended = match ended {
        Some(result) => result,
        None => {
            connection.as_mut().graceful_shutdown();
            let overdue = async {
                // Who never asked for anything need not be there to read the goodbye either; but a
                // first request may be on its way.
                if !is_used() {
                    tokio::time::sleep(farewell).await;
                    if !is_used() {
                        return;
                    }
                }
                // While the server drains, it is the server that decides when to cut.
                if end.politely.is_cancelled() {
                    return std::future::pending().await;
                }
                tokio::time::sleep(grace).await;
            };
            tokio::select! {
                result = connection.as_mut() => result,
                () = end.now.cancelled() => Ok(()),
                () = overdue => Ok(()),
            }
        }
    };
    if let Err(error) = ended {
        debug!(error, "connection ended with an error");
    }
}

async fn expired(age: Option<Duration>) {
    match age {
        Some(age) => tokio::time::sleep(age).await,
        None => std::future::pending().await,
    }
}

/// Ends when a connection should have been used and was not.
async fn unused(wait_until: Instant, is_used: impl Fn() -> bool) {
    tokio::time::sleep_until(wait_until).await;
    if is_used() {
        std::future::pending().await
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn only_a_connection_that_was_not_used_in_time_ends_for_that() {
        let now = Instant::now();
        let later = now + Duration::from_secs(3600);
        unused(now, || false).await;
        // It is later than `now` by this.
        assert!(unused(now, || true).now_or_never().is_none());
        assert!(unused(later, || false).now_or_never().is_none());
    }
}
