//! A gRPC server on h2 that answers each call with its own request, and calls of it.

pub(crate) mod certificates;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use h2::server::SendResponse;
use http::{HeaderMap, HeaderValue, Request, Response};
use parking_lot::Mutex;
use pavane_calls::{Attempt, Calls, Limits, Target, Targets};
use pavane_flow::driver::{CallFailure, Direction};
use pavane_flow::plan::Method;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

/// A test that waits longer than this hangs.
const PATIENCE: Duration = Duration::from_secs(30);

/// The service that is called.
pub(crate) const SERVICE: &str = "acme.v1.EchoService";

/// Waits for what must come. Panics if it does not.
pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    let waited = tokio::time::timeout(PATIENCE, future).await;
    waited.expect("what the test waits for does not come")
}

/// A server; gone when dropped.
pub(crate) struct Echo {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    /// The heads of the calls that came.
    heads: Mutex<Vec<Request<()>>>,
    /// How many have come, and how many connections.
    calls: watch::Sender<usize>,
    connections: watch::Sender<usize>,
    /// A call is answered when it gets one of these.
    answers: Semaphore,
}

impl Echo {
    /// In the clear, and without waiting.
    pub(crate) async fn plain() -> Self {
        let echo = Self::start("127.0.0.1:0", None).await;
        echo.answer(Semaphore::MAX_PERMITS / 2);
        echo
    }

    /// Over TLS, and without waiting.
    pub(crate) async fn secure(config: ServerConfig) -> Self {
        let echo = Self::start("127.0.0.1:0", Some(config)).await;
        echo.answer(Semaphore::MAX_PERMITS / 2);
        echo
    }

    /// Answers nothing until it is told to.
    pub(crate) async fn start(address: &str, tls: Option<ServerConfig>) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            heads: Mutex::default(),
            calls: watch::channel(0).0,
            connections: watch::channel(0).0,
            answers: Semaphore::new(0),
        });
        let acceptor = tls.map(|config| TlsAcceptor::from(Arc::new(config)));
        let serving = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                serving.connections.send_modify(|count| *count += 1);
                let (shared, acceptor) = (Arc::clone(&serving), acceptor.clone());
                connections.spawn(connection(shared, acceptor, stream));
            }
        });
        Self {
            address,
            shared,
            task,
        }
    }

    /// Answers so many calls more.
    pub(crate) fn answer(&self, calls: usize) {
        self.shared.answers.add_permits(calls);
    }

    /// Waits until so many calls have come.
    pub(crate) async fn called(&self, calls: usize) {
        let mut count = self.shared.calls.subscribe();
        within(count.wait_for(|count| *count >= calls))
            .await
            .unwrap();
    }

    pub(crate) fn connections(&self) -> usize {
        *self.shared.connections.borrow()
    }

    /// The metadata of the last call.
    pub(crate) fn last_headers(&self) -> HeaderMap {
        self.last_head(|head| head.headers().clone())
    }

    pub(crate) fn last_head<T>(&self, look: impl FnOnce(&Request<()>) -> T) -> T {
        look(self.shared.heads.lock().last().expect("it was called"))
    }

    /// Its address as a target's, with this before it.
    pub(crate) fn target(&self, scheme: &str) -> Target {
        Target::parse(&format!("{scheme}{}", self.address)).unwrap()
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn connection(shared: Arc<Shared>, acceptor: Option<TlsAcceptor>, stream: TcpStream) {
    match acceptor {
        None => http2(shared, stream).await,
        // One that comes to nothing is the client's to tell.
        Some(acceptor) => {
            if let Ok(stream) = acceptor.accept(stream).await {
                http2(shared, stream).await;
            }
        }
    }
}

async fn http2<T: AsyncRead + AsyncWrite + Unpin>(shared: Arc<Shared>, stream: T) {
    let Ok(mut connection) = h2::server::handshake(stream).await else {
        return;
    };
    while let Some(Ok((request, respond))) = connection.accept().await {
        tokio::spawn(call(Arc::clone(&shared), request, respond));
    }
}

async fn call(
    shared: Arc<Shared>,
    request: Request<h2::RecvStream>,
    mut respond: SendResponse<Bytes>,
) {
    let (head, mut body) = request.into_parts();
    shared.heads.lock().push(Request::from_parts(head, ()));
    shared.calls.send_modify(|count| *count += 1);
    let mut message = BytesMut::new();
    while let Some(Ok(chunk)) = body.data().await {
        message.extend_from_slice(&chunk);
    }
    let Ok(answer) = shared.answers.acquire().await else {
        return;
    };
    answer.forget();
    let head = Response::builder().header("content-type", "application/grpc");
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    // Whoever called may be gone.
    if let Ok(mut stream) = respond.send_response(head.body(()).unwrap(), false) {
        let _ = stream.send_data(message.freeze(), false);
        let _ = stream.send_trailers(trailers);
    }
}

/// Calls of one target.
pub(crate) fn calls(target: Target) -> Calls {
    calls_within(target, Limits::default())
}

pub(crate) fn calls_within(target: Target, limits: Limits) -> Calls {
    let mut targets = Targets::default();
    targets.set(SERVICE, target);
    Calls::new(targets, limits).unwrap()
}

/// How an attempt can differ from most.
#[derive(Default)]
pub(crate) struct Given<'a> {
    pub(crate) timeout: Option<Duration>,
    pub(crate) budget: Option<Duration>,
    pub(crate) metadata: &'a [(Arc<str>, String)],
}

/// Calls the service.
pub(crate) async fn call_of(calls: &Calls, service: &str, given: Given<'_>) -> Answer {
    let method = Method {
        service: service.into(),
        path: format!("/{service}/Echo").into(),
    };
    let attempt = Attempt {
        method: &method,
        request: Bytes::from_static(b"hello"),
        key: HeaderValue::from_static("order-1/echo"),
        direction: Direction::Forward,
        timeout: given.timeout.unwrap_or(Duration::from_secs(10)),
        has_default_timeout: given.timeout.is_none(),
        budget: given.budget,
        traceparent: HeaderValue::from_static("00-0-0-00"),
        metadata: given.metadata,
    };
    within(calls.perform(attempt)).await
}

pub(crate) type Answer = Result<Bytes, CallFailure>;

pub(crate) async fn echo(calls: &Calls) -> Answer {
    call_of(calls, SERVICE, Given::default()).await
}

/// Calls what must not answer, and says why.
pub(crate) async fn refusal(calls: &Calls) -> CallFailure {
    echo(calls).await.expect_err("there is no answer")
}

/// Lets time pass, without waiting for it. Nothing may be on its way.
pub(crate) async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}
