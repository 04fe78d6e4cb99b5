//! Going on from a cursor, whichever it is: nothing is missed and nothing comes again.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};
use pavane::feed::v1::subscribe_request::Start;
use pavane::feed::v1::subscribe_response::Message;
use pavane::feed::v1::{Event, SubscribeRequest};
use rand::Rng;
use rand::seq::IndexedRandom;

use super::choosing::random_filter;
use crate::feed::events;
use crate::feed::expected::{Expected, label};
use crate::feed::filter::passes;
use crate::feed::history::{History, publish_commit};
use crate::feed::peer::Peer;
use crate::feed::reader::Read;
use crate::feed::stop::{Stop, Verdict};
use crate::feed::suite::{Suite, fresh_feed, joined};

/// Resumes at a time.
const CONCURRENT: usize = 16;
/// Streams broken off on one connection: more are taken for an attack, and rightly.
const RESUMES_PER_CONNECTION: usize = 100;
/// Resumes that are read to the end, of each kind.
const SAMPLES: usize = 24;
const FILTERS: usize = 6;

pub(super) async fn a_resumed_subscriber_sees_no_gap_and_no_duplicate(
    suite: &mut Suite,
) -> Verdict {
    let history = suite.history().await?;
    let end = history.events.len() - 1;
    let mut places = vec![0, end];
    places.extend((0..SAMPLES).map(|_| suite.random.random_range(0..=end)));
    for place in places {
        let at = &history.events[place];
        let request = SubscribeRequest {
            max_batch_bytes: suite.random.random_range(0..=64 << 10),
            ..history.after(&at.cursor)
        };
        let mut reader = suite.peer.subscribe(request).await?;
        let read = reader.history(history.last()).await?;
        Expected::new(&history.events[place + 1..])
            .exactly(read.events())
            .map_err(|stop| stop.when(format!("resumed after {}", label(at))))?;
    }
    Ok(())
}

/// From each cursor the first commit is looked at: the next of each subject that it tells of.
pub(super) async fn every_cursor_of_a_history_resumes(suite: &mut Suite) -> Verdict {
    let history = suite.history().await?;
    let order = Arc::new(Order::new(&history.events));
    let places = 0..history.events.len();
    let mut connection = suite.peer.narrow();
    stream::iter(places)
        .map(|place| {
            if place % RESUMES_PER_CONNECTION == 0 {
                connection = connection.another();
            }
            let (peer, history, order) = (connection.clone(), history.clone(), order.clone());
            async move { check_resume(&peer, &history, &order, place).await }
        })
        .buffer_unordered(CONCURRENT)
        .try_collect()
        .await
}

/// Where events lie in a history.
struct Order {
    /// By sequence.
    places: HashMap<u64, usize>,
    /// By place: the place of the event before it about the same subject.
    predecessors: Vec<Option<usize>>,
}

impl Order {
    fn new(events: &[Event]) -> Self {
        let mut newest: HashMap<&str, usize> = HashMap::new();
        let places = events.iter().enumerate();
        Self {
            predecessors: places
                .clone()
                .map(|(place, event)| newest.insert(&event.subject, place))
                .collect(),
            places: places
                .map(|(place, event)| (event.sequence, place))
                .collect(),
        }
    }

    /// What is wrong with telling these events next to whoever was told all up to `place`.
    fn problem(&self, batch: &[Event], place: usize) -> Option<String> {
        let mut told = HashSet::new();
        for event in batch {
            // What is unknown is newer than the history.
            let Some(at) = self.places.get(&event.sequence) else {
                continue;
            };
            if *at <= place {
                return Some(format!("{} again", label(event)));
            }
            let predecessor = self.predecessors[*at].filter(|before| *before > place);
            if predecessor.is_some_and(|before| !told.contains(&before)) {
                return Some(format!("{}, without the one before it,", label(event)));
            }
            told.insert(*at);
        }
        None
    }
}

async fn check_resume(peer: &Peer, history: &History, order: &Order, place: usize) -> Verdict {
    let at = &history.events[place];
    let request = SubscribeRequest {
        max_batch_bytes: 1,
        ..history.after(&at.cursor)
    };
    let mut reader = peer.subscribe(request).await?;
    let batch = match reader.message().await? {
        Message::Batch(batch) => batch.events,
        _ if place + 1 == history.events.len() => return Ok(()),
        _ => reader.batch().await?,
    };
    match order.problem(&batch, place) {
        None => Ok(()),
        Some(problem) => {
            let found = format!("{problem} after the cursor of {}", label(at));
            Err(Stop::failed(found, "what comes next"))
        }
    }
}

pub(super) async fn progress_is_never_ahead_of_events(suite: &mut Suite) -> Verdict {
    let history = suite.history().await?;
    for _ in 0..FILTERS {
        let filter = random_filter(&mut suite.random, &history.events);
        let request = SubscribeRequest {
            filter: Some(filter.clone()),
            max_batch_bytes: suite.random.random_range(0..=4 << 10),
            ..history.request()
        };
        let mut reader = suite.peer.subscribe(request.clone()).await?;
        let read = reader.history(history.last()).await?;
        check_bookmarks(suite, request, &read, history.last()).await?;
    }
    Ok(())
}

pub(super) async fn progress_under_load_is_never_ahead_of_events(suite: &mut Suite) -> Verdict {
    let feed = fresh_feed();
    let mut commits = events::commits(&mut suite.random, suite.options.events / 2);
    let all: Vec<Event> = commits.iter().flatten().cloned().collect();
    let mut last = publish_commit(&suite.peer, &feed, &mut commits[0]).await?;
    let readers = (0..FILTERS).map(|_| {
        let filter = random_filter(&mut suite.random, &all);
        let wanted = all.iter().filter(|event| passes(&filter, event)).count();
        let request = SubscribeRequest {
            feed: feed.clone(),
            filter: Some(filter),
            ..SubscribeRequest::default()
        };
        let (peer, followed) = (suite.peer.another(), request.clone());
        let reader = tokio::spawn(async move { follow(&peer, followed, wanted).await });
        (request, reader)
    });
    let readers: Vec<_> = readers.collect();
    for commit in &mut commits[1..] {
        last = publish_commit(&suite.peer, &feed, commit).await?;
    }
    for (request, reader) in readers {
        let read = joined(reader).await?;
        check_bookmarks(suite, request, &read, last).await?;
    }
    Ok(())
}

/// Reads until all that is wanted has come, and after it at least one word of progress.
async fn follow(peer: &Peer, request: SubscribeRequest, wanted: usize) -> Result<Read, Stop> {
    let mut reader = peer.subscribe(request).await?;
    let mut read = Read::default();
    let mut count = 0;
    loop {
        let cursor = match reader.message().await? {
            Message::Batch(batch) => {
                count += batch.events.len();
                read.batches.push(batch.events);
                continue;
            }
            Message::Progress(progress) => progress.cursor,
            Message::CaughtUp(caught_up) => caught_up.cursor,
            Message::FellBehind(behind) => behind.cursor,
            Message::Draining(_) => return Err(Stop::skipped("the server is shutting down")),
            Message::Started(_) => {
                return Err(Stop::failed("`started` a second time", "it once, first"));
            }
        };
        read.bookmarks.push((cursor, count));
        if count >= wanted {
            return Ok(read);
        }
    }
}

/// Resumes from bookmarks of what was read, and expects what had not come before each.
async fn check_bookmarks(
    suite: &mut Suite,
    request: SubscribeRequest,
    read: &Read,
    last: u64,
) -> Verdict {
    let some = read.bookmarks.choose_multiple(&mut suite.random, SAMPLES);
    for (cursor, came_before) in some.chain(read.bookmarks.last()) {
        let request = SubscribeRequest {
            start: Some(Start::After(cursor.clone())),
            ..request.clone()
        };
        let mut reader = suite.peer.subscribe(request).await?;
        let rest = reader.history(last).await?;
        Expected::new(read.events().skip(*came_before))
            .exactly(rest.events())
            .map_err(|stop| stop.when(format!("resumed after the progress {cursor}")))?;
    }
    Ok(())
}
