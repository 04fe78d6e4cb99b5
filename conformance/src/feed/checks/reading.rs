//! Reading a history from beginning to end: what etcd calls ordered, unique, reliable and atomic.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use pavane::feed::v1::subscribe_response::Batch;
use pavane::feed::v1::{Event, SubscribeRequest};
use prost::Message;

use crate::feed::expected::label;
use crate::feed::history::{History, check_whole};
use crate::feed::reader::Read;
use crate::feed::stop::{Stop, Verdict, ensure};
use crate::feed::suite::Suite;

/// Sizes of batches to ask for; 0 is the server's own.
const BATCH_BYTES: [u32; 5] = [0, 1, 600, 16 << 10, 2 << 20];

async fn read_all(suite: &mut Suite) -> Result<(Arc<History>, Read), Stop> {
    let history = suite.history().await?;
    let mut reader = suite.peer.subscribe(history.request()).await?;
    let read = reader.history(history.last()).await?;
    Ok((history, read))
}

pub(super) async fn a_stream_tells_where_the_feed_stands(suite: &mut Suite) -> Verdict {
    let history = suite.history().await?;
    let before = suite.peer.feed(&history.feed).await?;
    let mut reader = suite.peer.subscribe(history.request()).await?;
    let after = suite.peer.feed(&history.feed).await?;
    let started = reader.started.clone();
    let head = started.head_sequence;
    ensure(
        (before.head_sequence..=after.head_sequence).contains(&head),
        || format!("`started` with head_sequence {head}"),
        format!("the feed's, {}", after.head_sequence),
    )?;
    let heartbeat = started.heartbeat_interval.unwrap_or_default();
    ensure(
        heartbeat.seconds > 0 || heartbeat.nanos > 0,
        || "`started` without a heartbeat_interval".to_owned(),
        "the longest time between two messages",
    )?;
    for (name, cursor) in [
        ("earliest_cursor", &started.earliest_cursor),
        ("head_cursor", &started.head_cursor),
    ] {
        ensure(
            !cursor.is_empty(),
            || format!("`started` without a {name}"),
            "a cursor",
        )?;
    }
    // Whoever begins at the earliest cursor is told all that is retained.
    let mut again = suite
        .peer
        .subscribe(history.after(&started.earliest_cursor))
        .await?;
    let (first, second) = (reader.batch().await?, again.batch().await?);
    let sequence = |events: &[Event]| events.first().map_or(0, |event| event.sequence);
    ensure(
        sequence(&first) == sequence(&second),
        || format!("event #{} after earliest_cursor", sequence(&second)),
        format!("event #{}, the earliest", sequence(&first)),
    )
}

pub(super) async fn no_event_is_missing(suite: &mut Suite) -> Verdict {
    let (history, read) = read_all(suite).await?;
    let came: HashSet<u64> = read.events().map(|event| event.sequence).collect();
    let missing = history
        .events
        .iter()
        .find(|it| !came.contains(&it.sequence));
    missing.map_or(Ok(()), |event| {
        let found = format!("{} never came", label(event));
        let expected = format!("each of the {} events", history.events.len());
        Err(Stop::failed(found, expected))
    })
}

pub(super) async fn no_event_comes_twice(suite: &mut Suite) -> Verdict {
    let (_, read) = read_all(suite).await?;
    let mut came = HashSet::new();
    let mut twice = read.events().filter(|event| !came.insert(event.sequence));
    twice.next().map_or(Ok(()), |event| {
        Err(Stop::failed(format!("{} twice", label(event)), "it once"))
    })
}

pub(super) async fn events_of_a_subject_come_in_order(suite: &mut Suite) -> Verdict {
    let (_, read) = read_all(suite).await?;
    let mut last: HashMap<&str, u64> = HashMap::new();
    for event in read.events() {
        let before = last.insert(&event.subject, event.sequence);
        let before = before.unwrap_or_default();
        ensure(
            before <= event.sequence,
            || format!("{} after event #{before}", label(event)),
            "events of a subject in the order of their sequences",
        )?;
    }
    Ok(())
}

pub(super) async fn an_event_comes_as_it_was_published(suite: &mut Suite) -> Verdict {
    let (history, read) = read_all(suite).await?;
    let came: HashMap<u64, &Event> = read.events().map(|it| (it.sequence, it)).collect();
    for expected in &history.events {
        let Some(found) = came.get(&expected.sequence) else {
            continue;
        };
        if let Some(field) = difference(found, expected) {
            let found = format!("{} with another `{field}`", label(found));
            return Err(Stop::failed(found, "the event as it was published"));
        }
    }
    Ok(())
}

/// The first field in which two events differ.
fn difference(found: &Event, expected: &Event) -> Option<&'static str> {
    [
        ("id", found.id == expected.id),
        ("source", found.source == expected.source),
        ("type", found.r#type == expected.r#type),
        ("subject", found.subject == expected.subject),
        ("time", found.time == expected.time),
        ("data", found.data == expected.data),
        ("cursor", found.cursor == expected.cursor),
        (
            "correlation_id",
            found.correlation_id == expected.correlation_id,
        ),
        ("causation_id", found.causation_id == expected.causation_id),
        ("traceparent", found.traceparent == expected.traceparent),
        ("tracestate", found.tracestate == expected.tracestate),
        ("attributes", found.attributes == expected.attributes),
    ]
    .into_iter()
    .find_map(|(field, same)| (!same).then_some(field))
}

pub(super) async fn a_commit_is_never_split(suite: &mut Suite) -> Verdict {
    let history = suite.history().await?;
    let commits = match &history.commits {
        Some(commits) => commits.clone(),
        None => commits_seen(suite, &history).await?,
    };
    for max_batch_bytes in BATCH_BYTES {
        let read = read_batches(suite, &history, max_batch_bytes).await?;
        check_whole(&read.batches, &commits)
            .map_err(|stop| stop.when(format!("max_batch_bytes {max_batch_bytes}")))?;
    }
    Ok(())
}

pub(super) async fn a_batch_keeps_to_the_size_asked_for(suite: &mut Suite) -> Verdict {
    let history = suite.history().await?;
    let commits = match &history.commits {
        Some(commits) => commits.clone(),
        None => commits_seen(suite, &history).await?,
    };
    for max_batch_bytes in BATCH_BYTES {
        let limit = match max_batch_bytes {
            0 => 256 << 10,
            asked => asked as usize,
        };
        for events in read_batches(suite, &history, max_batch_bytes)
            .await?
            .batches
        {
            let within: HashSet<_> = events.iter().map(|it| commits.get(&it.sequence)).collect();
            let first = events.first().map_or(0, |event| event.sequence);
            let bytes = Batch { events }.encoded_len();
            ensure(
                bytes <= limit || within.len() == 1,
                || format!("{} commits from #{first} on in {bytes} bytes", within.len()),
                format!("at most {limit} bytes, or one commit alone"),
            )?;
        }
    }
    Ok(())
}

/// Commits as they come when each batch may have one byte: each alone.
async fn commits_seen(suite: &mut Suite, history: &History) -> Result<HashMap<u64, usize>, Stop> {
    let read = read_batches(suite, history, 1).await?;
    let numbered = read.batches.iter().enumerate();
    Ok(numbered
        .flat_map(|(number, batch)| batch.iter().map(move |event| (event.sequence, number)))
        .collect())
}

async fn read_batches(
    suite: &mut Suite,
    history: &History,
    max_batch_bytes: u32,
) -> Result<Read, Stop> {
    let request = SubscribeRequest {
        max_batch_bytes,
        ..history.request()
    };
    let mut reader = suite.peer.subscribe(request).await?;
    reader.history(history.last()).await
}
