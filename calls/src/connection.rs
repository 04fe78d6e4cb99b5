//! One HTTP/2 connection to a target: made when it is first needed, made anew when it is lost, and
//! asked for a sign of life when a call on it got no answer in time.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use h2::client::SendRequest;
use h2::{Ping, PingPong};
use http::uri::{Authority, Scheme};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Mutex, Notify, OwnedMutexGuard};
use tokio::time::Instant;
use tonic::Status;
use tracing::debug;

use crate::connect::{ConnectError, Connector, Stream};
use crate::metadata::Ready;
use crate::tls::SecureStream;
use crate::{Attempt, Error, Failed, Target, exchange};

const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 1 << 23;
/// Most of headers, and so of the details of a failure: they are recorded, and passed on.
const MAX_HEADER_BYTES: u32 = 64 << 10;
/// How long a connection may take to give a sign of life.
const PING_TIMEOUT: Duration = Duration::from_secs(10);
/// How long one that has given a sign is not asked again: many servers take more pings than one in
/// five minutes for an attack, and close the connection.
const PING_PAUSE: Duration = Duration::from_secs(300);

/// The connection to one target.
#[derive(Debug)]
pub(super) struct Connection {
    target: String,
    scheme: Scheme,
    authority: Authority,
    connector: Connector,
    current: ArcSwapOption<Open>,
    /// One attempt to connect at a time. Holds why the last one failed.
    connecting: Arc<Mutex<Option<String>>>,
    /// How many attempts to connect have ended.
    ended: AtomicU64,
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

/// How a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Connected,
    Connecting,
    Disconnected,
}

impl Connection {
    /// Connects to nothing yet. Errors: those of the files that the target names.
    pub(super) fn new(target: &Target, connect_timeout: Duration) -> Result<Self, Error> {
        let uri = target.uri();
        let authority = uri.authority().expect("a target has an authority");
        Ok(Self {
            target: target.to_string(),
            scheme: uri.scheme().cloned().unwrap_or(Scheme::HTTP),
            authority: authority.clone(),
            connector: Connector::new(target, connect_timeout)?,
            current: ArcSwapOption::empty(),
            connecting: Arc::default(),
            ended: AtomicU64::new(0),
        })
    }

    pub(super) fn standing(&self) -> Standing {
        if self.usable().is_some() {
            Standing::Connected
        } else if self.connecting.try_lock().is_err() {
            Standing::Connecting
        } else {
            Standing::Disconnected
        }
    }

    /// For whoever needs a connection of its own to the target.
    pub(super) fn connector(&self) -> &Connector {
        &self.connector
    }

    /// Sends the request and waits for the response, until `deadline`; `timeout` says when that is,
    /// for messages.
    pub(super) async fn exchange(
        self: &Arc<Self>,
        attempt: &Attempt<'_>,
        metadata: &Ready,
        message_bytes: usize,
        deadline: Instant,
        timeout: Duration,
    ) -> Result<Bytes, Failed> {
        let (scheme, authority) = (self.scheme.clone(), self.authority.clone());
        let mut request = exchange::head(attempt, scheme, authority, timeout)?;
        metadata.add_to(request.headers_mut());
        let left = AtomicBool::new(false);
        let exchanging = async {
            let sender = self.sender().await?;
            left.store(true, Ordering::Relaxed);
            exchange::run(sender, request, attempt.request.clone(), message_bytes).await
        };
        let ended = tokio::time::timeout_at(deadline, exchanging).await;
        ended.unwrap_or_else(|_| {
            if left.into_inner() {
                self.doubt();
                let message = format!("no answer within {timeout:?}");
                return Err(Failed::after(Status::deadline_exceeded(message)));
            }
            let message = format!("{} took no call within {timeout:?}", self.target);
            Err(Failed::before(Status::unavailable(message)))
        })
    }

    /// Something to send one request by.
    async fn sender(self: &Arc<Self>) -> Result<SendRequest<Bytes>, Failed> {
        // A connection may turn out to be lost only when it is used: then, and only if the request
        // has not left, a new one is made at once.
        let open = self.open().await?;
        match open.sender.clone().ready().await {
            Ok(sender) => Ok(sender),
            Err(_) => {
                // It may live on for the calls in flight, if the service has told us to go.
                open.lost.store(true, Ordering::Release);
                let sender = self.open().await?.sender.clone();
                let ready = sender.ready().await;
                ready.map_err(|error| self.failed(&error.to_string()))
            }
        }
    }

    /// A call got no answer in time: the service may be slow, or the connection dead.
    fn doubt(&self) {
        if let Some(open) = self.usable() {
            open.doubt.notify_one();
        }
    }

    async fn open(self: &Arc<Self>) -> Result<Arc<Open>, Failed> {
        if let Some(open) = self.usable() {
            return Ok(open);
        }
        let ended = self.ended.load(Ordering::Acquire);
        let guard = Arc::clone(&self.connecting).lock_owned().await;
        if let Some(open) = self.usable() {
            return Ok(open);
        }
        // Those who wait for an attempt share what comes of it.
        if let Some(problem) = &*guard
            && self.ended.load(Ordering::Acquire) != ended
        {
            return Err(self.failed(problem));
        }
        // In a task of its own: whoever needs it may have less time than it takes.
        let connecting = tokio::spawn(Arc::clone(self).connect(guard));
        let connected = connecting
            .await
            .unwrap_or_else(|error| Err(error.to_string()));
        connected.map_err(|problem| self.failed(&problem))
    }

    async fn connect(
        self: Arc<Self>,
        mut guard: OwnedMutexGuard<Option<String>>,
    ) -> Result<Arc<Open>, String> {
        let timeout = self.connector.timeout();
        let connecting = tokio::time::timeout(timeout, self.try_to_connect());
        let connected = connecting.await;
        let connected = connected.unwrap_or(Err(ConnectError::TimedOut(timeout)));
        let connected = connected.map_err(|error| error.to_string()).map(Arc::new);
        if let Ok(open) = &connected {
            self.current.store(Some(Arc::clone(open)));
        }
        *guard = connected.as_ref().err().cloned();
        self.ended.fetch_add(1, Ordering::Release);
        connected
    }

    async fn try_to_connect(&self) -> Result<Open, ConnectError> {
        match self.connector.connect().await? {
            Stream::Plain(stream) => {
                let (sender, mut connection) = handshake(stream).await.map_err(broken)?;
                let pings = connection.ping_pong().expect("asked for once");
                Ok(self.keep(sender, connection, pings))
            }
            Stream::Secure(stream) => {
                let cause = stream.cause();
                let connected = self.first_sign(*stream).await;
                connected.map_err(|error| {
                    let secured = self.connector.secured();
                    let explained = secured.and_then(|secured| secured.explain(&cause));
                    explained.map_or_else(|| broken(error), ConnectError::Tls)
                })
            }
        }
    }

    /// Waits until the other side has said something: by TLS 1.3 a service refuses a client's
    /// certificate only after the handshake.
    async fn first_sign(&self, stream: SecureStream) -> Result<Open, h2::Error> {
        let (sender, mut connection) = handshake(stream).await?;
        let mut pings = connection.ping_pong().expect("asked for once");
        tokio::select! {
            ended = &mut connection => {
                return Err(ended.err().unwrap_or_else(|| h2::Reason::NO_ERROR.into()));
            }
            pong = pings.ping(Ping::opaque()) => pong?,
        };
        Ok(self.keep(sender, connection, pings))
    }

    /// Lets the connection live in a task of its own.
    fn keep<T>(&self, sender: SendRequest<Bytes>, connection: Http2<T>, pings: PingPong) -> Open
    where
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let lost = Arc::new(AtomicBool::new(false));
        let doubt = Arc::new(Notify::new());
        let (told, asked) = (Arc::clone(&lost), Arc::clone(&doubt));
        let target = self.target.clone();
        tokio::spawn(async move {
            tokio::select! {
                ended = connection => match ended {
                    Ok(()) => debug!(target_address = target, "connection closed"),
                    Err(error) => debug!(target_address = target, %error, "connection lost"),
                },
                () = silence(pings, &asked) => {
                    debug!(target_address = target, "connection gave no sign of life");
                }
            }
            told.store(true, Ordering::Release);
        });
        Open {
            sender,
            lost,
            doubt,
        }
    }

    fn failed(&self, problem: &str) -> Failed {
        let message = format!("cannot connect to {}: {problem}", self.target);
        Failed::before(Status::unavailable(message))
    }

    fn usable(&self) -> Option<Arc<Open>> {
        self.current
            .load_full()
            .filter(|open| !open.lost.load(Ordering::Acquire))
    }
}

/// Why HTTP/2 could not begin.
fn broken(error: h2::Error) -> ConnectError {
    ConnectError::Io(io::Error::other(error))
}

type Http2<T> = h2::client::Connection<T, Bytes>;

async fn handshake<T>(stream: T) -> Result<(SendRequest<Bytes>, Http2<T>), h2::Error>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    h2::client::Builder::new()
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_header_list_size(MAX_HEADER_BYTES)
        .enable_push(false)
        .handshake(stream)
        .await
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
