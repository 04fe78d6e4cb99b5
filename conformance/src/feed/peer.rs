//! The server as seen from here: its methods, each bounded by the patience of the suite, and further
//! connections to it.

use std::time::Duration;

use pavane::feed::v1 as pb;
use pavane::feed::v1::feed_service_client::FeedServiceClient;
use tonic::transport::{Channel, Endpoint};
use tonic::{Response, Status};

use super::reader::Reader;
use super::stop::Stop;
use crate::Error;

/// What a stream takes in before it is read, where little is wanted.
const NARROW_BYTES: u32 = 4 << 10;

/// A connection to the server. A cheap handle.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    endpoint: Endpoint,
    client: FeedServiceClient<Channel>,
    pub(crate) patience: Duration,
}

impl Peer {
    /// Connects. Errors: [`Error::InvalidTarget`], [`Error::Unreachable`].
    pub(crate) async fn connect(target: &str, patience: Duration) -> Result<Self, Error> {
        let url = if target.contains("://") {
            target.to_owned()
        } else {
            format!("http://{target}")
        };
        let invalid = |_| Error::InvalidTarget {
            target: target.to_owned(),
        };
        let endpoint = Endpoint::from_shared(url).map_err(invalid)?;
        let endpoint = endpoint.connect_timeout(patience);
        let unreachable = |error: tonic::transport::Error| Error::Unreachable {
            target: target.to_owned(),
            reason: innermost(&error),
        };
        let channel = endpoint.connect().await.map_err(unreachable)?;
        Ok(Self {
            client: FeedServiceClient::new(channel),
            endpoint,
            patience,
        })
    }

    pub(crate) fn uri(&self) -> &http::Uri {
        self.endpoint.uri()
    }

    /// A connection of its own to the same server.
    pub(crate) fn another(&self) -> Self {
        self.over(self.endpoint.clone())
    }

    /// A connection of its own whose streams take in little before they are read.
    pub(crate) fn narrow(&self) -> Self {
        let endpoint = self.endpoint.clone();
        self.over(endpoint.initial_stream_window_size(NARROW_BYTES))
    }

    fn over(&self, endpoint: Endpoint) -> Self {
        Self {
            client: FeedServiceClient::new(endpoint.connect_lazy()),
            endpoint,
            patience: self.patience,
        }
    }

    /// Appends one commit; makes the feed if there is none.
    pub(crate) async fn publish(
        &self,
        feed: &str,
        events: Vec<pb::Event>,
    ) -> Result<pb::PublishResponse, Stop> {
        let request = pb::PublishRequest {
            feed: feed.to_owned(),
            events,
            allow_missing: true,
            ..pb::PublishRequest::default()
        };
        let mut client = self.client.clone();
        self.answer("Publish", client.publish(request)).await
    }

    pub(crate) async fn feed(&self, feed: &str) -> Result<pb::Feed, Stop> {
        let feed = feed.to_owned();
        let mut client = self.client.clone();
        let request = pb::GetFeedRequest { feed };
        let answer = self.answer("GetFeed", client.get_feed(request)).await?;
        answer
            .feed
            .ok_or_else(|| Stop::failed("an answer of GetFeed without a feed", "the feed"))
    }

    pub(crate) async fn feeds(&self) -> Result<Vec<pb::Feed>, Stop> {
        let mut client = self.client.clone();
        let request = pb::ListFeedsRequest::default();
        let answer = self.answer("ListFeeds", client.list_feeds(request)).await?;
        Ok(answer.feeds)
    }

    /// The events that ListEvents returns, page by page, until there are `limit`; and whether
    /// these are all.
    pub(crate) async fn events(
        &self,
        feed: &str,
        filter: Option<pb::Filter>,
        limit: usize,
    ) -> Result<(Vec<pb::Event>, bool), Stop> {
        let mut request = pb::ListEventsRequest {
            feed: feed.to_owned(),
            filter,
            page_size: 1_000,
            ..pb::ListEventsRequest::default()
        };
        let mut events = Vec::new();
        while events.len() < limit {
            let mut client = self.client.clone();
            let page = client.list_events(request.clone());
            let page = self.answer("ListEvents", page).await?;
            events.extend(page.events);
            if page.next_page_token.is_empty() {
                return Ok((events, true));
            }
            request.page_token = page.next_page_token;
        }
        events.truncate(limit);
        Ok((events, false))
    }

    /// Opens a stream, which must begin with `started`.
    pub(crate) async fn subscribe(&self, request: pb::SubscribeRequest) -> Result<Reader, Stop> {
        let mut client = self.client.clone();
        let stream = self.answer("Subscribe", client.subscribe(request)).await?;
        Reader::new(stream, self.patience).await
    }

    /// The status with which a subscription ends before it begins. `None`: it was accepted.
    pub(crate) async fn refusal(
        &self,
        request: pb::SubscribeRequest,
    ) -> Result<Option<Status>, Stop> {
        let mut client = self.client.clone();
        let opened = self.within("Subscribe", client.subscribe(request)).await?;
        let mut stream = match opened {
            Ok(response) => response.into_inner(),
            Err(status) => return Ok(Some(status)),
        };
        let first = self.within("the first message", stream.message()).await?;
        Ok(first.err())
    }

    async fn answer<T>(
        &self,
        method: &str,
        call: impl Future<Output = Result<Response<T>, Status>>,
    ) -> Result<T, Stop> {
        match self.within(method, call).await? {
            Ok(response) => Ok(response.into_inner()),
            Err(status) => Err(Stop::status(&status, format!("{method} to be answered"))),
        }
    }

    async fn within<T>(&self, what: &str, wait: impl Future<Output = T>) -> Result<T, Stop> {
        let patience = self.patience;
        tokio::time::timeout(patience, wait)
            .await
            .map_err(|_| Stop::failed(format!("silence for {patience:?}"), what))
    }
}

/// What is behind an error whose own text says little.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
