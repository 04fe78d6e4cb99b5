//! Following a feed of another process, for as long as it takes: reconnects, resumes after the last
//! cursor, and drops what it has seen. Never hides an error that waiting cannot cure.

use std::time::Duration;

use bytes::Bytes;
use pavane::EventView;
use pavane::feed::v1::subscribe_request::Start as RequestedStart;
use pavane::feed::v1::{Event, Filter, StartPosition, SubscribeRequest, subscribe_response};
use pavane::wire::{EncodedBatch, EncodedMessage as Message, EncodedResponse};
use prost::Message as _;
use tokio::time::{Instant, sleep_until, timeout_at};
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::Channel;
use tonic::{Code, Request, Status, Streaming};
use tonic_prost::ProstCodec;

/// Heartbeat interval of a server that does not say: as the default of a store.
const DEFAULT_HEARTBEAT: Duration = Duration::from_secs(5);
/// Largest message accepted: room for the largest batch and the largest commit.
const MAX_MESSAGE_BYTES: usize = 8 << 20;

/// Where a [`Subscriber`] begins.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Start {
    /// At the oldest event retained.
    #[default]
    Earliest,
    /// With what is appended from the first connection on.
    Latest,
    /// After this cursor.
    After(String),
    /// At the first event whose `time` is this or later.
    At(prost_types::Timestamp),
}

/// How a [`Subscriber`] connects again.
#[derive(Debug, Clone)]
pub struct SubscriberOptions {
    /// Wait after the first failure; doubled after each further one, halved at random. Default:
    /// 100 ms.
    pub initial_backoff: Duration,
    /// Longest wait. Default: 10 s.
    pub max_backoff: Duration,
    /// How long the server may take to begin its answer. Default: 10 s.
    pub connect_timeout: Duration,
    /// Largest batch to ask for, in bytes; 0: the server's default.
    pub max_batch_bytes: u32,
}

impl Default for SubscriberOptions {
    fn default() -> Self {
        Self {
            initial_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(10),
            max_batch_bytes: 0,
        }
    }
}

/// What a [`Subscriber`] has to say, of events or of encoded events.
#[derive(Debug)]
pub enum Update<E = Event> {
    /// The server has accepted the subscription, at first or again.
    Connected {
        /// Sequence of the feed's newest event.
        head_sequence: u64,
    },
    /// Events in order, of whole commits, each once. Never empty.
    Events(Vec<E>),
    /// No event for this subscriber up to here.
    Progress {
        /// Sequence of the feed's newest event.
        head_sequence: u64,
    },
    /// History is done; what follows is live.
    CaughtUp,
    /// Live delivery was too fast; history again.
    FellBehind,
    /// The connection was lost, or could not be made. The subscriber goes on by itself.
    Disconnected {
        /// Why.
        status: Status,
        /// When it tries again.
        retry_after: Duration,
    },
}

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
    connection: Connection,
}

#[derive(Debug)]
enum Connection {
    Closed {
        retry_at: Instant,
    },
    Open {
        stream: Box<Streaming<EncodedResponse>>,
        heartbeat: Duration,
        last_message: Instant,
    },
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
            connection: Connection::Closed {
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
            let received = match &mut self.connection {
                Connection::Over => return None,
                Connection::Closed { retry_at } => {
                    sleep_until(*retry_at).await;
                    match self.connect().await {
                        Ok(connection) => {
                            self.connection = connection;
                            continue;
                        }
                        Err(status) => Err(status),
                    }
                }
                Connection::Open {
                    stream,
                    heartbeat,
                    last_message,
                } => {
                    let received = receive(stream, *last_message + *heartbeat * 2).await;
                    *last_message = Instant::now();
                    received
                }
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
        let deadline = Instant::now() + self.options.connect_timeout;
        let response = timeout_at(deadline, subscribe(&mut self.client, request)).await;
        let response =
            response.unwrap_or_else(|_| Err(Status::unavailable("no answer to Subscribe")))?;
        Ok(Connection::Open {
            stream: Box::new(response.into_inner()),
            heartbeat: DEFAULT_HEARTBEAT,
            last_message: Instant::now(),
        })
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
                    self.connection = Connection::Over;
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
        if let (Connection::Open { heartbeat, .. }, Some(interval)) = (
            &mut self.connection,
            interval.filter(|interval| !interval.is_zero()),
        ) {
            *heartbeat = interval;
        }
        Update::Connected {
            head_sequence: started.head_sequence,
        }
    }

    fn fail(&mut self, status: Status) -> Result<Update<Bytes>, Status> {
        if !waiting_helps(status.code()) {
            self.connection = Connection::Over;
            return Err(status);
        }
        let backoff = self
            .options
            .initial_backoff
            .saturating_mul(2_u32.saturating_pow(self.failures.min(30)))
            .min(self.options.max_backoff);
        self.failures += 1;
        // Half of it at random, so that many subscribers do not come back at once.
        let retry_after = backoff.mul_f64(rand::random_range(0.5..=1.0));
        Ok(self.disconnect(status, retry_after))
    }

    fn disconnect(&mut self, status: Status, retry_after: Duration) -> Update<Bytes> {
        self.connection = Connection::Closed {
            retry_at: Instant::now() + retry_after,
        };
        Update::Disconnected {
            status,
            retry_after,
        }
    }
}

impl Update<Bytes> {
    fn decode(self) -> Result<Update, Status> {
        Ok(match self {
            Self::Events(events) => {
                let events = events.into_iter().map(Event::decode);
                let events = events.collect::<Result<_, _>>();
                Update::Events(events.map_err(|error| Status::data_loss(error.to_string()))?)
            }
            Self::Connected { head_sequence } => Update::Connected { head_sequence },
            Self::Progress { head_sequence } => Update::Progress { head_sequence },
            Self::CaughtUp => Update::CaughtUp,
            Self::FellBehind => Update::FellBehind,
            Self::Disconnected {
                status,
                retry_after,
            } => Update::Disconnected {
                status,
                retry_after,
            },
        })
    }
}

/// What the generated client does, but that the events stay encoded.
async fn subscribe(
    client: &mut Grpc<Channel>,
    request: SubscribeRequest,
) -> Result<tonic::Response<Streaming<EncodedResponse>>, Status> {
    let unavailable = |error| Status::unavailable(format!("cannot connect: {error}"));
    client.ready().await.map_err(unavailable)?;
    let path = PathAndQuery::from_static("/pavane.feed.v1.FeedService/Subscribe");
    let codec = ProstCodec::<SubscribeRequest, EncodedResponse>::default();
    let request = Request::new(request);
    client.server_streaming(request, path, codec).await
}

async fn receive(
    stream: &mut Streaming<EncodedResponse>,
    deadline: Instant,
) -> Result<Message, Status> {
    let silent = || Status::unavailable("the server was silent for two heartbeats");
    let ended = || Status::unavailable("the server has ended the stream");
    let response = timeout_at(deadline, stream.message())
        .await
        .map_err(|_| silent())??;
    // A message of a kind that is not known yet says at least that the server is alive.
    Ok(response
        .ok_or_else(ended)?
        .message
        .unwrap_or(Message::Batch(EncodedBatch::default())))
}

fn waiting_helps(code: Code) -> bool {
    match code {
        Code::NotFound
        | Code::OutOfRange
        | Code::FailedPrecondition
        | Code::InvalidArgument
        | Code::PermissionDenied
        | Code::Unauthenticated
        | Code::Unimplemented
        | Code::AlreadyExists
        | Code::DataLoss => false,
        Code::Ok
        | Code::Cancelled
        | Code::Unknown
        | Code::DeadlineExceeded
        | Code::ResourceExhausted
        | Code::Aborted
        | Code::Internal
        | Code::Unavailable => true,
    }
}
