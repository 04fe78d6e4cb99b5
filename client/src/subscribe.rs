//! What to subscribe to, and from where.

use pavane::feed::v1::{Event, Filter};
use prost::Name;
use tonic::transport::Channel;

use crate::{Error, Meta, Start, Subscriber, SubscriberOptions, Subscription};

/// A subscription that is not made yet.
#[derive(Debug, Clone)]
#[must_use = "it begins with `of`, `events` or `updates`"]
pub struct Subscribe {
    channel: Channel,
    feed: String,
    start: Start,
    filter: Filter,
    options: SubscriberOptions,
}

impl Subscribe {
    pub(crate) fn new(channel: Channel, feed: String) -> Self {
        Self {
            channel,
            feed,
            start: Start::default(),
            filter: Filter::default(),
            options: SubscriberOptions::default(),
        }
    }

    /// Begins elsewhere than at the oldest event.
    pub fn start(mut self, start: Start) -> Self {
        self.start = start;
        self
    }

    /// Begins after this cursor: that of the last event that was worked off.
    pub fn after(self, cursor: impl Into<String>) -> Self {
        self.start(Start::After(cursor.into()))
    }

    /// Only events about this subject; a trailing `*` matches any ending. May be said several times.
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.filter.subjects.push(subject.into());
        self
    }

    /// Only events that pass; instead of all that was said of them before. The server filters.
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = filter;
        self
    }

    /// How it connects again.
    pub fn options(mut self, options: SubscriberOptions) -> Self {
        self.options = options;
        self
    }

    /// Events of one type, decoded, each with its [`Meta`].
    pub fn of<M: Name + Default + 'static>(mut self) -> Subscription<(Meta, M)> {
        self.filter.types = vec![M::full_name()];
        Subscription::new(self.updates(), Meta::with_data)
    }

    /// Events of all types that pass, as they are.
    pub fn events(self) -> Subscription<Event> {
        Subscription::new(self.updates(), Ok::<_, Error>)
    }

    /// Batches of events, and whatever else the server says: for those who keep up with much, or show
    /// how the connection stands.
    pub fn updates(self) -> Subscriber {
        Subscriber::new(self.channel, self.feed)
            .with_start(self.start)
            .with_filter(self.filter)
            .with_options(self.options)
    }
}
