//! One HTTP/2 connection to a target: made when it is first needed, made anew when it is lost, and
//! asked for a sign of life when a call on it got no answer in time.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use h2::client::SendRequest;
use h2::{Ping, PingPong};
use http::uri::Scheme;
use tokio::net::TcpStream;
use tokio::sync::{Mutex, Notify};
use tonic::Status;
use tracing::debug;

use crate::{Attempt, Failed, Target, exchange};

const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 1 << 23;
/// Most of headers, and so of the details of a failure: they are recorded, and passed on.
const MAX_HEADER_BYTES: u32 = 64 << 10;
/// How long a connection may take to give a sign of life.
const PING_TIMEOUT: Duration = Duration::from_secs(10);
/// How long one that has given a sign is not asked again: many servers take more pings than one in
/// five minutes for an attack, and close the connection.
const PING_PAUSE: Duration = Duration::from_secs(300);

/// The way to one target.
#[derive(Debug)]
pub(super) struct Connection {
    target: Target,
    connect_timeout: Duration,
    current: ArcSwapOption<Open>,
    /// One attempt to connect at a time; those who wait for it share what comes of it.
    connecting: Mutex<()>,
}

/// A connection that was made.
#[derive(Debug)]
struct Open {
    sender: SendRequest<Bytes>,
    /// Set when the connection takes no more calls.
    lost: Arc<AtomicBool>,
    /// Told when a call got no answer in time.
    doubt: Arc<Notify>,
}

impl Connection {
    pub(super) fn new(target: Target, connect_timeout: Duration) -> Self {
        Self {
            target,
            connect_timeout,
            current: ArcSwapOption::empty(),
            connecting: Mutex::default(),
        }
    }

    /// Sends the request and waits for the response.
    pub(super) async fn exchange(
        &self,
        attempt: &Attempt<'_>,
        message_bytes: usize,
    ) -> Result<Bytes, Failed> {
        let authority = self
            .target
            .uri()
            .authority()
            .expect("a target has an authority");
        let request = exchange::head(attempt, scheme(&self.target), authority.clone())?;
        // A connection may turn out to be lost only when it is used: then, and only if the request
        // has not left, a new one is made at once.
        let open = self.open().await?;
        let sender = match open.sender.clone().ready().await {
            Ok(sender) => sender,
            Err(_) => {
                // It may live on for the calls in flight, if the service has told us to go.
                open.lost.store(true, Ordering::Release);
                let sender = self.open().await?.sender.clone();
                sender.ready().await.map_err(|error| {
                    Failed::before(Status::unavailable(format!("{}: {error}", self.target)))
                })?
            }
        };
        exchange::run(sender, request, attempt.request.clone(), message_bytes).await
    }

    /// A call got no answer in time: the service may be slow, or the connection dead.
    pub(super) fn doubt(&self) {
        if let Some(open) = self.usable() {
            open.doubt.notify_one();
        }
    }

    async fn open(&self) -> Result<Arc<Open>, Failed> {
        if let Some(open) = self.usable() {
            return Ok(open);
        }
        let _guard = self.connecting.lock().await;
        if let Some(open) = self.usable() {
            return Ok(open);
        }
        let connecting = tokio::time::timeout(self.connect_timeout, connect(&self.target)).await;
        let connected = connecting.unwrap_or_else(|_| {
            let problem = format!("no answer within {:?}", self.connect_timeout);
            Err(io::Error::new(io::ErrorKind::TimedOut, problem))
        });
        let open = connected.map_err(|error| {
            let message = format!("cannot connect to {}: {error}", self.target);
            Failed::before(Status::unavailable(message))
        })?;
        let open = Arc::new(open);
        self.current.store(Some(Arc::clone(&open)));
        Ok(open)
    }

    fn usable(&self) -> Option<Arc<Open>> {
        self.current
            .load_full()
            .filter(|open| !open.lost.load(Ordering::Acquire))
    }
}

async fn connect(target: &Target) -> io::Result<Open> {
    let authority = target.uri().authority().expect("a target has an authority");
    let stream = TcpStream::connect(authority.as_str()).await?;
    stream.set_nodelay(true)?;
    let (sender, mut connection) = h2::client::Builder::new()
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_header_list_size(MAX_HEADER_BYTES)
        .enable_push(false)
        .handshake(stream)
        .await
        .map_err(io::Error::other)?;
    let lost = Arc::new(AtomicBool::new(false));
    let pings = connection.ping_pong().expect("asked for once");
    let doubt = Arc::new(Notify::new());
    let (told, asked, target) = (Arc::clone(&lost), Arc::clone(&doubt), target.clone());
    tokio::spawn(async move {
        tokio::select! {
            ended = connection => match ended {
                Ok(()) => debug!(%target, "connection closed"),
                Err(error) => debug!(%target, %error, "connection lost"),
            },
            () = silence(pings, &asked) => debug!(%target, "connection gave no sign of life"),
        }
        told.store(true, Ordering::Release);
    });
    Ok(Open {
        sender,
        lost,
        doubt,
    })
}

/// Ends when there was doubt, and the other side gives no sign of life.
async fn silence(mut pings: PingPong, doubt: &Notify) {
    loop {
        doubt.notified().await;
        let pong = tokio::time::timeout(PING_TIMEOUT, pings.ping(Ping::opaque())).await;
        if !matches!(pong, Ok(Ok(_))) {
            return;
        }
        tokio::time::sleep(PING_PAUSE).await;
    }
}

fn scheme(target: &Target) -> Scheme {
    target.uri().scheme().cloned().unwrap_or(Scheme::HTTP)
}
