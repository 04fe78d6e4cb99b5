//! One open stream. Waits for what must come, and judges nothing but that a stream begins with
//! `started`: what follows is for the checks to judge.

use std::time::{Duration, Instant};

use pavane::feed::v1::subscribe_response::{Message, Started};
use pavane::feed::v1::{Event, SubscribeResponse};
use tokio::time::timeout;
use tonic::Streaming;

use super::stop::Stop;

pub(crate) struct Reader {
    stream: Streaming<SubscribeResponse>,
    patience: Duration,
    pub(crate) started: Started,
    /// The cursor of the last heartbeat, and when it was first read.
    idle_at: Option<(String, Instant)>,
}

/// A history as it came, up to where it was done.
#[derive(Debug, Default)]
pub(crate) struct Read {
    pub(crate) batches: Vec<Vec<Event>>,
    /// Cursors that came outside of events, each with how many events had come before it.
    pub(crate) bookmarks: Vec<(String, usize)>,
}

impl Read {
    pub(crate) fn events(&self) -> impl Iterator<Item = &Event> {
        self.batches.iter().flatten()
    }
}

impl Reader {
    pub(crate) async fn new(
        stream: Streaming<SubscribeResponse>,
        patience: Duration,
    ) -> Result<Self, Stop> {
        let mut reader = Self {
            stream,
            patience,
            started: Started::default(),
            idle_at: None,
        };
        match reader.message().await? {
            Message::Started(started) => reader.started = started,
            other => {
                let expected = "`started` as the first message";
                return Err(Stop::failed(name(&other), expected));
            }
        }
        Ok(reader)
    }

    /// The next message; `None` when the stream has ended without an error. Errors: nothing comes,
    /// or nothing but heartbeats.
    pub(crate) async fn next(&mut self) -> Result<Option<Message>, Stop> {
        let silent = |what: &str| {
            let found = format!("{what} for {:?}", self.patience);
            Stop::failed(found, "a message, or the event that was waited for")
        };
        let response = timeout(self.patience, self.stream.message()).await;
        let response = match response.map_err(|_| silent("silence"))? {
            Ok(Some(response)) => response,
            Ok(None) => return Ok(None),
            Err(status) => return Err(Stop::status(&status, "the stream to go on")),
        };
        let message = response.message.ok_or_else(|| {
            let expected = "one of the messages that the contract names";
            Stop::failed("a message that says nothing", expected)
        })?;
        self.idle_at = match (&message, self.idle_at.take()) {
            (Message::Progress(progress), Some((cursor, since))) if progress.cursor == cursor => {
                if since.elapsed() >= self.patience {
                    return Err(silent("nothing but heartbeats"));
                }
                Some((cursor, since))
            }
            (Message::Progress(progress), _) => Some((progress.cursor.clone(), Instant::now())),
            _ => None,
        };
        Ok(Some(message))
    }

    /// The next message, which must come.
    pub(crate) async fn message(&mut self) -> Result<Message, Stop> {
        let ended = || Stop::failed("the end of the stream", "the stream to go on");
        self.next().await?.ok_or_else(ended)
    }

    /// The next batch; other messages are passed over.
    pub(crate) async fn batch(&mut self) -> Result<Vec<Event>, Stop> {
        loop {
            if let Message::Batch(batch) = self.message().await? {
                return Ok(batch.events);
            }
        }
    }

    /// Reads until history is done, or an event after `last` has come; events after it are left
    /// out.
    pub(crate) async fn history(&mut self, last: u64) -> Result<Read, Stop> {
        let mut read = Read::default();
        let mut count = 0;
        loop {
            match self.message().await? {
                Message::Batch(batch) => {
                    let mut events = batch.events;
                    let beyond = events.iter().any(|event| event.sequence > last);
                    events.retain(|event| event.sequence <= last);
                    count += events.len();
                    if !(events.is_empty() && beyond) {
                        read.batches.push(events);
                    }
                    if beyond {
                        return Ok(read);
                    }
                }
                Message::Progress(progress) => read.bookmarks.push((progress.cursor, count)),
                Message::FellBehind(behind) => read.bookmarks.push((behind.cursor, count)),
                Message::CaughtUp(caught_up) => {
                    read.bookmarks.push((caught_up.cursor, count));
                    return Ok(read);
                }
                Message::Started(_) => {
                    return Err(Stop::failed("`started` a second time", "it once, first"));
                }
                Message::Draining(_) => {
                    return Err(Stop::skipped("the server is shutting down"));
                }
            }
        }
    }

    /// Reads until `count` events have come.
    pub(crate) async fn events(&mut self, count: usize) -> Result<Vec<Event>, Stop> {
        let mut events = Vec::new();
        while events.len() < count {
            events.extend(self.batch().await?);
        }
        Ok(events)
    }
}

/// What a message is called in the contract.
pub(crate) fn name(message: &Message) -> &'static str {
    match message {
        Message::Started(_) => "`started`",
        Message::Batch(_) => "`batch`",
        Message::Progress(_) => "`progress`",
        Message::CaughtUp(_) => "`caught_up`",
        Message::FellBehind(_) => "`fell_behind`",
        Message::Draining(_) => "`draining`",
    }
}
