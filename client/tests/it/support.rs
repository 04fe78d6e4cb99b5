//! Shared by all tests: stores in temporary folders, served over the loopback, and events.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use pavane::feed::v1::Event;
use pavane::feed::v1::feed_service_server::FeedServiceServer;
use pavane_feed::{Access, Error, Feed, Options, Service, ServiceOptions, Store};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tokio_util::sync::CancellationToken;
use tonic::transport::{Channel, Endpoint, Server};

/// A store with one feed, `orders`, in a folder that goes with it.
pub(crate) struct Fixture {
    pub(crate) folder: TempDir,
    pub(crate) store: Store,
    pub(crate) feed: Feed,
}

pub(crate) fn fixture() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(options(folder.path())).unwrap();
    let feed = store.feed("orders", Access::Anyone).unwrap();
    Fixture {
        folder,
        store,
        feed,
    }
}

pub(crate) fn options(folder: &Path) -> Options {
    Options::new(folder.join("store"))
}

/// A store served over the loopback.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    shutdown: CancellationToken,
    server: tokio::task::JoinHandle<()>,
}

impl Served {
    /// Serves at this address; port 0: at any.
    pub(crate) async fn start(store: Store, address: &str) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        let options = ServiceOptions {
            retry_after: Duration::from_millis(5),
            ..ServiceOptions::default()
        };
        let service = Service::new(store, options, shutdown.clone());
        let stopped = shutdown.clone().cancelled_owned();
        let server = tokio::spawn(async move {
            Server::builder()
                .add_service(FeedServiceServer::new(service))
                .serve_with_incoming_shutdown(TcpListenerStream::new(listener), stopped)
                .await
                .unwrap();
        });
        Self {
            address,
            shutdown,
            server,
        }
    }

    pub(crate) fn channel(&self) -> Channel {
        channel(self.address)
    }

    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        self.server.await.unwrap();
    }
}

/// A channel that connects when it is used.
pub(crate) fn channel(address: SocketAddr) -> Channel {
    let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
    endpoint.connect_lazy()
}

/// An event about `subject`, whose id tells it apart.
pub(crate) fn event(subject: &str, id: impl ToString) -> Event {
    Event {
        id: id.to_string(),
        subject: subject.to_owned(),
        r#type: "shop.v1.Tested".to_owned(),
        ..Event::default()
    }
}

/// Appends one commit.
pub(crate) async fn append(store: &Store, feed: &Feed, events: Vec<Event>) {
    let feed = feed.clone();
    let appended = store.transact(move |transaction| {
        for event in events {
            transaction.append(&feed, event)?;
        }
        Ok::<_, Error>(())
    });
    appended.await.unwrap();
}

/// Appends commits of one event each, whose ids are the numbers.
pub(crate) async fn append_numbers(
    store: &Store,
    feed: &Feed,
    numbers: impl IntoIterator<Item = u64>,
) {
    for number in numbers {
        append(store, feed, vec![event("numbers", number)]).await;
    }
}

pub(crate) fn ids(events: &[Event]) -> Vec<&str> {
    events.iter().map(|event| event.id.as_str()).collect()
}

/// Waits for what must come. Panics if it does not.
pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    let waited = tokio::time::timeout(Duration::from_secs(60), future).await;
    waited.expect("what the test waits for does not come")
}
