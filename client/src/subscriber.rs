//! Following a feed of another process, for as long as it takes: reconnects, resumes after the last
//! cursor, and drops what it has seen. Never hides an error that waiting cannot cure.

mod connection;
mod options;
mod update;

use std::time::Duration;

use bytes::Bytes;
use pavane::EventView;
use pavane::feed::v1::subscribe_request::Start as RequestedStart;
use pavane::feed::v1::{Filter, StartPosition, SubscribeRequest, subscribe_response};
use pavane::wire::{EncodedBatch, EncodedMessage as Message};
use tokio::time::{Instant, sleep_until};
use tonic::Status;
use tonic::client::Grpc;
use tonic::transport::Channel;
use tonic_types::StatusExt;

use connection::{Connection, waiting_helps};
pub use options::{Start, SubscriberOptions};
pub use update::Update;

/// Largest message accepted: room for the largest batch and the largest commit.
const MAX_MESSAGE_BYTES: usize = 8 << 20;
/// Longest wait before it connects again that a server can ask for.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(600);

/// Follows one feed.
#[derive(Debug)]
pub struct Subscriber {
    client: Grpc<Channel>,
    feed: String,
    start: Start,
    filter: Option<Filter>,
    options: SubscriberOptions,
    /// Where to resume; `None` until the server has told a position.
    cursor: Option<String>,
    last_sequence: u64,
    failures: u32,
    state: State,
}

#[derive(Debug)]
enum State {
    Closed { retry_at: Instant },
    Open(Connection),
    Over,
}

impl Subscriber {
    /// Follows `feed`, over this channel, from its oldest event. Connects with the first call of
    /// [`Subscriber::next`].
    pub fn new(channel: Channel, feed: impl Into<String>) -> Self {
        let client = Grpc::new(channel).max_decoding_message_size(MAX_MESSAGE_BYTES);
        Self {
            client,
            feed: feed.into(),
            start: Start::default(),
            filter: None,
            options: SubscriberOptions::default(),
            cursor: None,
            last_sequence: 0,
            failures: 0,
            state: State::Closed {
                retry_at: Instant::now(),
            },
        }
    }

    /// Begins elsewhere than at the oldest event.
    #[must_use]
    pub fn with_start(mut self, start: Start) -> Self {
        if let Start::After(cursor) = &start {
            self.cursor = Some(cursor.clone());
        }
        self.start = start;
        self
    }

    /// Asks only for events that pass; the server filters.
    #[must_use]
    pub fn with_filter(mut self, filter: Filter) -> Self {
        self.filter = Some(filter);
        self
    }

    /// Sets how it connects again.
    #[must_use]
    pub fn with_options(mut self, options: SubscriberOptions) -> Self {
        self.options = options;
        self
    }

    /// Where a later subscriber may resume: everything up to here was returned or was not asked
    /// for. `None`: nothing is known yet.
    pub fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }

    /// What comes next; waits for it, and connects if need be. After an error that waiting cannot
    /// cure (no such feed, an expired, foreign or malformed cursor, a malformed filter, no
    /// permission) that error, then `None`. Nothing is lost if the returned future is dropped.
    pub async fn next(&mut self) -> Option<Result<Update, Status>> {
        let update = self.next_encoded().await?;
        Some(update.and_then(Update::decode))
    }

    /// As [`Subscriber::next`], with the events as they were sent: for those who look at them by
    /// [`EventView`], and decode few.
    pub async fn next_encoded(&mut self) -> Option<Result<Update<Bytes>, Status>> {
        loop {
            let received = match &mut self.state {
                State::Over => return None,
                State::Closed { retry_at } => {
                    sleep_until(*retry_at).await;
                    match self.connect().await {
                        Ok(connection) => {
                            self.state = State::Open(connection);
                            continue;
                        }
                        Err(status) => Err(status),
                    }
                }
                State::Open(connection) => connection.next().await,
            };
            let update = match received {
                Ok(message) => self.accept(message),
                Err(status) => Some(self.fail(status)),
            };
            if update.is_some() {
                return update;
            }
        }
    }

    async fn connect(&mut self) -> Result<Connection, Status> {
        let start = match (&self.cursor, &self.start) {
            (Some(cursor), _) | (None, Start::After(cursor)) => {
                RequestedStart::After(cursor.clone())
            }
            (None, Start::Earliest) => RequestedStart::Position(StartPosition::Earliest.into()),
            (None, Start::Latest) => RequestedStart::Position(StartPosition::Latest.into()),
            (None, Start::At(time)) => RequestedStart::AtTime(*time),
        };
        let request = SubscribeRequest {
            feed: self.feed.clone(),
            start: Some(start),
            filter: self.filter.clone(),
            max_batch_bytes: self.options.max_batch_bytes,
        };
        Connection::open(&mut self.client, request, self.options.connect_timeout).await
    }

    /// Takes note of a message; what it means to the caller, if anything.
    fn accept(&mut self, message: Message) -> Option<Result<Update<Bytes>, Status>> {
        self.failures = 0;
        let update = match message {
            Message::Started(started) => self.accept_start(started),
            Message::Batch(batch) => match self.accept_batch(batch) {
                Ok(events) if events.is_empty() => return None,
                Ok(events) => Update::Events(events),
                Err(error) => {
                    // It would come again.
                    self.state = State::Over;
                    return Some(Err(Status::data_loss(error.to_string())));
                }
            },
            Message::Progress(progress) => {
                self.cursor = Some(progress.cursor);
                Update::Progress {
                    head_sequence: progress.head_sequence,
                }
            }
            Message::CaughtUp(caught_up) => {
                self.cursor = Some(caught_up.cursor);
                Update::CaughtUp
            }
            Message::FellBehind(fell_behind) => {
                self.cursor = Some(fell_behind.cursor);
                Update::FellBehind
            }
            Message::Draining(draining) => {
                self.cursor = Some(draining.cursor);
                let retry_after = draining
                    .retry_after
                    .and_then(|delay| Duration::try_from(delay).ok())
                    .unwrap_or_default();
                // Some at random, so that those whom it has told do not all come at once.
                let retry_after = retry_after.min(MAX_RETRY_AFTER);
                let retry_after = retry_after.mul_f64(rand::random_range(1.0..=1.25));
                self.disconnect(Status::unavailable("the server is going away"), retry_after)
            }
        };
        Some(Ok(update))
    }

    /// The events that were not seen before.
    fn accept_batch(&mut self, batch: EncodedBatch) -> Result<Vec<Bytes>, pavane::Malformed> {
        let mut events = batch.events;
        if let Some(first) = events.first()
            && EventView::parse(first)?.sequence <= self.last_sequence
        {
            let sequences = events
                .iter()
                .map(|event| Ok(EventView::parse(event)?.sequence));
            let sequences = sequences.collect::<Result<Vec<_>, _>>()?;
            let mut sequences = sequences.into_iter();
            events.retain(|_| sequences.next() > Some(self.last_sequence));
        }
        if let Some(last) = events.last() {
            let last = EventView::parse(last)?;
            self.last_sequence = last.sequence;
            self.cursor = Some(last.cursor.to_owned());
        }
        Ok(events)
    }

    fn accept_start(&mut self, started: subscribe_response::Started) -> Update<Bytes> {
        // "Latest" means the first connection: what is appended while disconnected is not skipped.
        if self.start == Start::Latest && self.cursor.is_none() {
            self.cursor = Some(started.head_cursor);
        }
        let interval = started
            .heartbeat_interval
            .and_then(|interval| Duration::try_from(interval).ok());
        if let (State::Open(connection), Some(interval)) = (&mut self.state, interval) {
            connection.set_heartbeat(interval);
        }
        Update::Connected {
            head_sequence: started.head_sequence,
        }
    }

    fn fail(&mut self, status: Status) -> Result<Update<Bytes>, Status> {
        let is_last = self
            .options
            .max_failures
            .is_some_and(|most| self.failures + 1 >= most);
        if is_last || !waiting_helps(status.code()) {
            self.state = State::Over;
            return Err(status);
        }
        let backoff = self.options.backoff(self.failures);
        self.failures = self.failures.saturating_add(1);
        let asked = status.get_details_retry_info();
        let asked = asked.and_then(|info| info.retry_delay).unwrap_or_default();
        Ok(self.disconnect(status, backoff.max(asked)))
    }

    fn disconnect(&mut self, status: Status, retry_after: Duration) -> Update<Bytes> {
        let retry_after = retry_after.min(MAX_RETRY_AFTER);
        self.state = State::Closed {
            retry_at: Instant::now() + retry_after,
        };
        Update::Disconnected {
            status,
            retry_after,
        }
    }
}
