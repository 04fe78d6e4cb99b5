//! Subscribe: a subscription within the process, told over the wire.

use std::time::SystemTime;

use bytes::Bytes;
use futures_util::{Stream, stream};
use pavane::feed::v1::subscribe_request::Start as RequestedStart;
use pavane::feed::v1::subscribe_response::{CaughtUp, Draining, FellBehind, Progress, Started};
use pavane::feed::v1::{StartPosition, SubscribeRequest};
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;
use tonic::Status;

use super::Service;
use crate::event::now;
use crate::{Delivery, Error, Feed, Filter, Start, Subscription};
use pavane::wire::{EncodedBatch, EncodedMessage as Message, EncodedResponse};

/// An open stream.
struct Open {
    subscription: Subscription,
    shutdown: CancellationToken,
    draining: bool,
    retry_after: std::time::Duration,
    heartbeat_interval: std::time::Duration,
    /// Its place among the subscribers.
    _place: OwnedSemaphorePermit,
}

impl Service {
    pub(super) fn start_subscription(
        &self,
        request: SubscribeRequest,
    ) -> Result<impl Stream<Item = Result<EncodedResponse, Status>> + Send + 'static, Error> {
        let feed = self.store.find_feed(&request.feed)?;
        let filter = Filter::parse(request.filter.unwrap_or_default())?;
        let start = start(&feed, request.start)?;
        let place = self.subscriptions.clone().try_acquire_owned();
        let place = place.map_err(|_| Error::TooManySubscribers {
            limit: self.options.subscribers,
        })?;
        let mut subscription = feed.subscribe(start, filter)?;
        if request.max_batch_bytes > 0 {
            subscription = subscription.with_max_batch_bytes(request.max_batch_bytes as usize);
        }
        let open = Open {
            subscription,
            shutdown: self.shutdown.clone(),
            draining: false,
            retry_after: self.options.retry_after,
            heartbeat_interval: self.store.options().heartbeat_interval,
            _place: place,
        };
        Ok(stream::unfold(open, |mut open| async move {
            let response = open.next().await?;
            Some((response, open))
        }))
    }
}

impl Open {
    async fn next(&mut self) -> Option<Result<EncodedResponse, Status>> {
        if self.draining {
            return None;
        }
        let delivery = tokio::select! {
            biased;
            () = self.shutdown.cancelled() => {
                self.draining = true;
                return Some(Ok(self.drain()));
            }
            delivery = self.subscription.next_encoded() => delivery?,
        };
        Some(
            delivery
                .map(|delivery| self.response(delivery))
                .map_err(Status::from),
        )
    }

    fn drain(&self) -> EncodedResponse {
        let feed = self.subscription.feed();
        respond(Message::Draining(Draining {
            cursor: feed.cursor(self.subscription.position()),
            retry_after: prost_types::Duration::try_from(self.retry_after).ok(),
        }))
    }

    fn response(&self, delivery: Delivery<Bytes>) -> EncodedResponse {
        let feed = self.subscription.feed();
        respond(match delivery {
            Delivery::Started { earliest, head, .. } => Message::Started(Started {
                earliest_cursor: feed.cursor(earliest.previous()),
                head_cursor: feed.cursor(head),
                heartbeat_interval: prost_types::Duration::try_from(self.heartbeat_interval).ok(),
                head_sequence: head.get(),
            }),
            Delivery::Batch(events) => Message::Batch(EncodedBatch { events }),
            Delivery::Progress { position, head } => Message::Progress(Progress {
                cursor: feed.cursor(position),
                head_sequence: head.get(),
                time: Some(now()),
            }),
            Delivery::CaughtUp { position } => Message::CaughtUp(CaughtUp {
                cursor: feed.cursor(position),
            }),
            Delivery::FellBehind { position } => Message::FellBehind(FellBehind {
                cursor: feed.cursor(position),
            }),
        })
    }
}

fn respond(message: Message) -> EncodedResponse {
    EncodedResponse {
        message: Some(message),
    }
}

fn start(feed: &Feed, requested: Option<RequestedStart>) -> Result<Start, Error> {
    match requested {
        None => Ok(Start::Earliest),
        Some(RequestedStart::After(cursor)) => feed.parse_cursor(&cursor).map(Start::After),
        Some(RequestedStart::AtTime(time)) => {
            let time = SystemTime::try_from(time).map_err(|error| Error::InvalidField {
                field: "at_time",
                problem: format!("is no time: {error}"),
            })?;
            Ok(Start::At(time))
        }
        // A rule of the contract: there are no others.
        Some(RequestedStart::Position(position)) => Ok(match StartPosition::try_from(position) {
            Ok(StartPosition::Latest) => Start::Latest,
            Ok(StartPosition::Unspecified | StartPosition::Earliest) | Err(_) => Start::Earliest,
        }),
    }
}
