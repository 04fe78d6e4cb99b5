//! A subscription as a stream of messages of one type, which goes on through lost connections.

use std::collections::HashMap;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::SystemTime;

use futures_util::future::BoxFuture;
use futures_util::{Stream, StreamExt};
use pavane::feed::v1::Event;
use prost::Name;
use tonic::Status;

use crate::{Error, Subscriber, Update};

/// All of an event but its data.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Meta {
    /// Identifies the event within its source.
    pub id: String,
    /// Who produced it, such as `/inventory`.
    pub source: String,
    /// The full name of the message that it carries.
    pub r#type: String,
    /// What it is about: an execution, an order.
    pub subject: String,
    /// When it happened, as its producer saw it.
    pub time: Option<SystemTime>,
    /// Its position in the feed, from 1.
    pub sequence: u64,
    /// Where to go on after it.
    pub cursor: String,
    /// Ties together the events of one business transaction. May be empty.
    pub correlation_id: String,
    /// The id of the event that caused it. May be empty.
    pub causation_id: String,
    /// W3C trace context of what produced it. May be empty.
    pub traceparent: String,
    /// W3C vendor-specific trace context. May be empty.
    pub tracestate: String,
    /// CloudEvents extension attributes.
    pub attributes: HashMap<String, String>,
}

impl Meta {
    /// An event and the message that it carries. Errors: [`Error::UnexpectedData`].
    pub fn with_data<M: Name + Default>(mut event: Event) -> Result<(Self, M), Error> {
        let data = event.data.take();
        let meta = Box::new(Self::from(event));
        let unexpected = |meta, found| Error::UnexpectedData {
            meta,
            expected: M::full_name(),
            found,
        };
        let Some(data) = data else {
            return Err(unexpected(meta, "and carries nothing".to_owned()));
        };
        let name = data.type_url.rsplit('/').next().unwrap_or_default();
        if name != M::full_name() {
            let found = format!("and carries a {name}");
            return Err(unexpected(meta, found));
        }
        match M::decode(&*data.value) {
            Ok(message) => Ok((*meta, message)),
            Err(error) => Err(unexpected(meta, format!("which is malformed: {error}"))),
        }
    }
}

impl From<Event> for Meta {
    fn from(event: Event) -> Self {
        Self {
            id: event.id,
            source: event.source,
            r#type: event.r#type,
            subject: event.subject,
            time: event.time.and_then(|time| SystemTime::try_from(time).ok()),
            sequence: event.sequence,
            cursor: event.cursor,
            correlation_id: event.correlation_id,
            causation_id: event.causation_id,
            traceparent: event.traceparent,
            tracestate: event.tracestate,
            attributes: event.attributes,
        }
    }
}

/// A stream of the events of a feed, in order, without gap or duplicate: history first, then live. It
/// connects again by itself, and ends after an error that waiting cannot cure: no such feed, an expired or
/// foreign cursor, no permission. After [`Error::UnexpectedData`] it goes on.
#[must_use = "a stream does nothing unless polled"]
pub struct Subscription<T> {
    /// The subscriber, and what it will say next. `None`: it will say nothing more.
    turn: Option<BoxFuture<'static, Turn>>,
    /// The rest of a batch.
    batch: std::vec::IntoIter<Event>,
    cursor: Option<String>,
    read: fn(Event) -> Result<T, Error>,
}

type Turn = (Subscriber, Option<Result<Update, Status>>);

impl<T> Subscription<T> {
    pub(crate) fn new(subscriber: Subscriber, read: fn(Event) -> Result<T, Error>) -> Self {
        Self {
            cursor: subscriber.cursor().map(str::to_owned),
            turn: Some(take_turn(subscriber)),
            batch: Vec::new().into_iter(),
            read,
        }
    }

    /// What comes next; waits for it, and connects if need be. Nothing is lost if the returned future is
    /// dropped.
    pub async fn next(&mut self) -> Option<Result<T, Error>> {
        StreamExt::next(self).await
    }

    /// Where a later subscription may resume: everything up to here has come out of this stream, or was
    /// not asked for. Keep it together with what was done about the last event. `None`: nothing is known
    /// yet.
    pub fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }
}

fn take_turn(mut subscriber: Subscriber) -> BoxFuture<'static, Turn> {
    Box::pin(async move {
        let update = subscriber.next().await;
        (subscriber, update)
    })
}

impl<T> Stream for Subscription<T> {
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(event) = self.batch.next() {
                self.cursor = Some(event.cursor.clone());
                return Poll::Ready(Some((self.read)(event)));
            }
            let Some(turn) = &mut self.turn else {
                return Poll::Ready(None);
            };
            let (subscriber, update) = ready!(turn.as_mut().poll(context));
            match update {
                Some(Ok(Update::Events(events))) => self.batch = events.into_iter(),
                Some(Ok(_)) => self.cursor = subscriber.cursor().map(str::to_owned),
                Some(Err(status)) => {
                    self.turn = None;
                    return Poll::Ready(Some(Err(status.into())));
                }
                None => {
                    self.turn = None;
                    return Poll::Ready(None);
                }
            }
            self.turn = Some(take_turn(subscriber));
        }
    }
}

impl<T> std::fmt::Debug for Subscription<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Subscription")
            .field("cursor", &self.cursor)
            .field("has_ended", &self.turn.is_none())
            .finish_non_exhaustive()
    }
}
