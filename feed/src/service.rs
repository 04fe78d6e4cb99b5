//! `pavane.feed.v1.FeedService` over a store. Translates and bounds; what a request means is decided
//! by the store.

mod publish;
mod read;
mod server;
mod subscribe;

pub use server::Server;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use pavane::feed::v1::feed_service_server::FeedService;
use pavane::feed::v1::{
    GetFeedRequest, GetFeedResponse, ListEventsRequest, ListEventsResponse, ListFeedsRequest,
    ListFeedsResponse, PublishRequest, PublishResponse, SubscribeRequest, SubscribeResponse,
};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

use crate::{Error, Store};

/// Bounds of the service; the error that answers a breach names the bound.
#[derive(Debug, Clone)]
pub struct ServiceOptions {
    /// Subscriptions open at a time. Default: 1,024.
    pub subscribers: usize,
    /// How long a publisher waits for a place in the store's queue. Default: 5 s.
    pub publish_wait: Duration,
    /// Events of one publish request. Default: 1,024.
    pub publish_events: usize,
    /// Bytes that one page of ListEvents may look at; with a filter that rejects most, pages come
    /// out short. Default: 16 MiB.
    pub scanned_bytes: usize,
    /// What subscribers are told to wait before they come back, when the server goes away.
    /// Default: 1 s.
    pub retry_after: Duration,
}

impl Default for ServiceOptions {
    fn default() -> Self {
        Self {
            subscribers: 1_024,
            publish_wait: Duration::from_secs(5),
            publish_events: 1_024,
            scanned_bytes: 16 << 20,
            retry_after: Duration::from_secs(1),
        }
    }
}

/// Serves the feeds of a store. A cheap handle.
#[derive(Debug, Clone)]
pub struct Service {
    store: Store,
    options: ServiceOptions,
    shutdown: CancellationToken,
    subscriptions: Arc<Semaphore>,
}

impl Service {
    /// Serves every feed of `store`. When `shutdown` is cancelled, subscribers are told to come
    /// back later, and their streams end.
    pub fn new(store: Store, options: ServiceOptions, shutdown: CancellationToken) -> Self {
        let subscriptions = Arc::new(Semaphore::new(options.subscribers));
        Self {
            store,
            options,
            shutdown,
            subscriptions,
        }
    }
}

#[tonic::async_trait]
impl FeedService for Service {
    type SubscribeStream =
        Pin<Box<dyn Stream<Item = Result<SubscribeResponse, Status>> + Send + 'static>>;

    async fn subscribe(
        &self,
        request: Request<SubscribeRequest>,
    ) -> Result<Response<Self::SubscribeStream>, Status> {
        let responses = self.start_subscription(request.into_inner())?;
        let responses = responses.map(|response| {
            let malformed = |error: prost::DecodeError| Error::corrupt(error.to_string());
            Ok(response?.decode_events().map_err(malformed)?)
        });
        Ok(Response::new(Box::pin(responses)))
    }

    async fn publish(
        &self,
        request: Request<PublishRequest>,
    ) -> Result<Response<PublishResponse>, Status> {
        Ok(Response::new(self.append(request.into_inner()).await?))
    }

    async fn get_feed(
        &self,
        request: Request<GetFeedRequest>,
    ) -> Result<Response<GetFeedResponse>, Status> {
        Ok(Response::new(self.describe_feed(&request.into_inner())?))
    }

    async fn list_feeds(
        &self,
        request: Request<ListFeedsRequest>,
    ) -> Result<Response<ListFeedsResponse>, Status> {
        Ok(Response::new(self.page_of_feeds(request.into_inner())?))
    }

    async fn list_events(
        &self,
        request: Request<ListEventsRequest>,
    ) -> Result<Response<ListEventsResponse>, Status> {
        let service = self.clone();
        let read = move || service.page_of_events(request.into_inner());
        Ok(Response::new(blocking(read).await?))
    }
}

/// Runs what may wait for a disk where it holds up nobody else.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|failure| {
            // Aborted when the runtime shuts down, else a panic.
            Err(Error::Panicked {
                message: failure.to_string(),
            })
        })
}
