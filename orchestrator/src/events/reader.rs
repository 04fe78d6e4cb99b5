//! One way to follow a feed, whether it is the process's own or another's.

use std::time::{Duration, SystemTime};

use pavane::feed::v1::{Event, Filter};
use pavane_client::{Start, Subscriber, Update};
use pavane_feed::{Delivery, Feed, Subscription};
use tonic::{Code, Status};

/// Follows a feed.
#[derive(Debug)]
pub(super) enum Reader {
    Here(Box<Subscription>),
    There(Box<Subscriber>),
}

/// What a reader has to say.
#[derive(Debug)]
pub(super) enum News {
    /// The feed can be read, at first or again.
    Connected,
    /// In the order of the feed.
    Events(Vec<Event>),
    /// All that there was is read; what follows is live.
    CaughtUp,
    /// Nothing, for some time.
    Nothing,
    /// The feed cannot be read at the moment. The reader tries again by itself.
    Lost(String),
}

/// Why a reader can read no further.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// The feed is another one by now, or what follows the cursor is gone.
    StartedOver(String),
    /// Anything else.
    Unreadable(String),
}

impl Reader {
    pub(super) fn here(
        feed: Feed,
        start: Start,
        filter: Filter,
    ) -> Result<Self, pavane_feed::Error> {
        let filter = pavane_feed::Filter::parse(filter)?;
        let start = match start {
            Start::Earliest => pavane_feed::Start::Earliest,
            Start::Latest => pavane_feed::Start::Latest,
            Start::After(cursor) => pavane_feed::Start::After(feed.parse_cursor(&cursor)?),
            Start::At(time) => pavane_feed::Start::At(time_of(&time)),
        };
        Ok(Self::Here(Box::new(feed.subscribe(start, filter)?)))
    }

    pub(super) fn there(subscriber: Subscriber) -> Self {
        Self::There(Box::new(subscriber))
    }

    /// What comes next; waits for it. Nothing is lost if the returned future is dropped. After an error
    /// there is nothing more.
    pub(super) async fn next(&mut self) -> Result<News, Problem> {
        match self {
            Self::Here(subscription) => match subscription.next().await {
                Some(Ok(delivery)) => Ok(delivery.into()),
                Some(Err(error)) => Err(error.into()),
                None => Err(ended()),
            },
            Self::There(subscriber) => match subscriber.next().await {
                Some(Ok(update)) => Ok(update.into()),
                Some(Err(status)) => Err(Problem::from(&status)),
                None => Err(ended()),
            },
        }
    }

    /// Where a later reader may go on, if that is known: all up to there was read.
    pub(super) fn cursor(&self) -> Option<String> {
        match self {
            Self::Here(subscription) => Some(subscription.feed().cursor(subscription.position())),
            Self::There(subscriber) => subscriber.cursor().map(str::to_owned),
        }
    }
}

fn ended() -> Problem {
    Problem::Unreadable("the subscription has ended".to_owned())
}

fn time_of(time: &prost_types::Timestamp) -> SystemTime {
    let seconds = u64::try_from(time.seconds).unwrap_or(0);
    let nanos = u32::try_from(time.nanos).unwrap_or(0);
    SystemTime::UNIX_EPOCH + Duration::new(seconds, nanos)
}

impl From<Delivery> for News {
    fn from(delivery: Delivery) -> Self {
        match delivery {
            Delivery::Started { .. } => Self::Connected,
            Delivery::Batch(events) => Self::Events(events),
            Delivery::CaughtUp { .. } => Self::CaughtUp,
            Delivery::Progress { .. } | Delivery::FellBehind { .. } => Self::Nothing,
        }
    }
}

impl From<Update> for News {
    fn from(update: Update) -> Self {
        match update {
            Update::Connected { .. } => Self::Connected,
            Update::Events(events) => Self::Events(events),
            Update::CaughtUp => Self::CaughtUp,
            Update::Progress { .. } | Update::FellBehind => Self::Nothing,
            Update::Disconnected { status, .. } => Self::Lost(status.message().to_owned()),
        }
    }
}

impl From<pavane_feed::Error> for Problem {
    fn from(error: pavane_feed::Error) -> Self {
        Self::from(&Status::from(error))
    }
}

impl From<&Status> for Problem {
    fn from(status: &Status) -> Self {
        let text = status.message().to_owned();
        match status.code() {
            Code::OutOfRange | Code::FailedPrecondition => Self::StartedOver(text),
            _ => Self::Unreadable(text),
        }
    }
}
