//! A server of feeds on the loopback that can be trimmed, restarted and wiped while it is checked.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use pavane_conformance::feed::Powers;
use pavane_feed::{Access, Sequence, Store};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio_stream::wrappers::TcpListenerStream;
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::transport::Server;

/// Often, so that nobody waits for a heartbeat for long, and many words of progress are checked.
const HEARTBEAT: Duration = Duration::from_millis(20);

/// A server of the service that `Make` makes from a store.
pub(crate) struct Served<Make> {
    make: Make,
    folder: TempDir,
    running: Mutex<Option<Running>>,
    pub(crate) address: SocketAddr,
}

struct Running {
    store: Store,
    shutdown: CancellationToken,
    server: JoinHandle<()>,
}

impl<Make, S> Served<Make>
where
    Make: Fn(Store, CancellationToken) -> S + Send + Sync + 'static,
    S: tower::Service<Request<Body>, Response = Response<Body>, Error = Infallible>
        + NamedService
        + Clone
        + Send
        + Sync
        + 'static,
    S::Future: Send,
{
    pub(crate) async fn start(make: Make) -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let served = Self {
            make,
            folder: tempfile::tempdir().unwrap(),
            running: Mutex::default(),
            address: listener.local_addr().unwrap(),
        };
        served.run(listener).await;
        Arc::new(served)
    }

    async fn run(&self, listener: TcpListener) {
        let mut options = pavane_feed::Options::new(self.data());
        options.heartbeat_interval = HEARTBEAT;
        let store = Store::open(options).unwrap();
        store.feed("owned", Access::Owner).unwrap();
        let shutdown = CancellationToken::new();
        let service = (self.make)(store.clone(), shutdown.clone());
        let stopped = shutdown.clone().cancelled_owned();
        let server = tokio::spawn(async move {
            Server::builder()
                .add_service(service)
                .serve_with_incoming_shutdown(TcpListenerStream::new(listener), stopped)
                .await
                .unwrap();
        });
        *self.running.lock().await = Some(Running {
            store,
            shutdown,
            server,
        });
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(crate) async fn store(&self) -> Store {
        let running = self.running.lock().await;
        running.as_ref().unwrap().store.clone()
    }

    async fn stop(&self) {
        let running = self.running.lock().await.take().unwrap();
        running.shutdown.cancel();
        running.server.await.unwrap();
        running.store.close().await;
    }

    async fn start_again(&self) {
        self.run(TcpListener::bind(self.address).await.unwrap())
            .await;
    }

    /// All that the suite can ask for.
    pub(crate) fn powers(self: &Arc<Self>) -> Powers {
        let (trimmed, restarted, wiped) = (self.clone(), self.clone(), self.clone());
        Powers {
            trim: Some(Box::new(move |feed, through| {
                let served = trimmed.clone();
                Box::pin(async move {
                    let feed = served.store().await.find_feed(&feed).unwrap();
                    feed.trim(Sequence::new(through)).await.unwrap();
                })
            })),
            restart: Some(Box::new(move || {
                Box::pin(async move {
                    restarted.stop().await;
                    restarted.start_again().await;
                })
            })),
            wipe: Some(Box::new(move || {
                Box::pin(async move {
                    wiped.stop().await;
                    std::fs::remove_dir_all(wiped.data()).unwrap();
                    wiped.start_again().await;
                })
            })),
        }
    }
}
