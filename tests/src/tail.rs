//! A feed followed from its beginning over one plain subscription, for as long as its server runs.

use std::time::Duration;

use pavane::feed::v1::feed_service_client::FeedServiceClient;
use pavane::feed::v1::subscribe_response::Message;
use pavane::feed::v1::{Event, SubscribeRequest, SubscribeResponse};
use tokio::time::timeout;
use tonic::Streaming;
use tonic::transport::Channel;

/// No test waits longer for the next message: heartbeats come more often.
const PATIENCE: Duration = Duration::from_secs(60);

/// A subscription, and what it has brought.
#[derive(Debug)]
pub struct Tail {
    feed: String,
    stream: Streaming<SubscribeResponse>,
    events: Vec<Event>,
}

impl Tail {
    /// Subscribes to all of a feed.
    pub async fn start(channel: Channel, feed: &str) -> Self {
        let mut client = FeedServiceClient::new(channel).max_decoding_message_size(64 << 20);
        let request = SubscribeRequest {
            feed: feed.to_owned(),
            ..SubscribeRequest::default()
        };
        let answer = client.subscribe(request).await;
        let answer = answer.unwrap_or_else(|status| panic!("{feed}: {status}"));
        Self {
            feed: feed.to_owned(),
            stream: answer.into_inner(),
            events: Vec::new(),
        }
    }

    /// Waits until so many events pass, and gives all events so far.
    pub async fn until(&mut self, count: usize, passes: impl Fn(&Event) -> bool) -> &[Event] {
        let mut found = self.events.iter().filter(|event| passes(event)).count();
        while found < count {
            let feed = &self.feed;
            let message = timeout(PATIENCE, self.stream.message()).await;
            let message =
                message.unwrap_or_else(|_| panic!("{feed} is silent, with {found} of {count}"));
            let message = message.unwrap_or_else(|status| panic!("{feed}: {status}"));
            let message = message.unwrap_or_else(|| panic!("{feed} ends at {found} of {count}"));
            if let Some(Message::Batch(batch)) = message.message {
                found += batch.events.iter().filter(|event| passes(event)).count();
                self.events.extend(batch.events);
            }
        }
        &self.events
    }
}
