//! Where a stream begins, without a cursor.

use pavane::feed::v1::subscribe_request::Start;
use pavane::feed::v1::subscribe_response::Message;
use pavane::feed::v1::{Event, StartPosition, SubscribeRequest};
use prost_types::Timestamp;
use rand::Rng;

use crate::feed::events;
use crate::feed::expected::{Expected, label};
use crate::feed::history::publish_commit;
use crate::feed::reader::name;
use crate::feed::stop::{Stop, Verdict, ensure};
use crate::feed::suite::{Suite, fresh_feed};

/// Times to start at.
const TIMES: usize = 12;

pub(super) async fn earliest_is_the_default(suite: &mut Suite) -> Verdict {
    let history = suite.history().await?;
    for position in [
        None,
        Some(StartPosition::Unspecified),
        Some(StartPosition::Earliest),
    ] {
        let request = SubscribeRequest {
            start: position.map(|position| Start::Position(position.into())),
            ..history.request()
        };
        let mut reader = suite.peer.subscribe(request).await?;
        let read = reader.history(history.last()).await?;
        Expected::new(&history.events)
            .exactly(read.events())
            .map_err(|stop| stop.when(format!("start {position:?}")))?;
    }
    Ok(())
}

pub(super) async fn a_time_is_a_place_to_start(suite: &mut Suite) -> Verdict {
    let history = suite.history().await?;
    let end = history.events.len() - 1;
    let mut times = vec![Timestamp::default()];
    for _ in 0..TIMES {
        let at = &history.events[suite.random.random_range(0..=end)];
        let mut time = at.time.unwrap_or_default();
        if suite.random.random_bool(0.5) {
            // Between two events, as a rule.
            time.nanos = (time.nanos + 1).min(999_999_999);
        }
        times.push(time);
    }
    for time in times {
        let from = history.events.iter().position(|it| is_since(it, time));
        let request = SubscribeRequest {
            start: Some(Start::AtTime(time)),
            ..history.request()
        };
        let mut reader = suite.peer.subscribe(request).await?;
        let read = reader.history(history.last()).await?;
        let expected = &history.events[from.unwrap_or(history.events.len())..];
        Expected::new(expected)
            .exactly(read.events())
            .map_err(|stop| stop.when(format!("at_time {time}")))?;
    }
    Ok(())
}

fn is_since(event: &Event, time: Timestamp) -> bool {
    let of = event.time.unwrap_or_default();
    (of.seconds, of.nanos) >= (time.seconds, time.nanos)
}

pub(super) async fn after_the_head_nothing_old_comes(suite: &mut Suite) -> Verdict {
    let history = suite.history().await?;
    let feed = suite.peer.feed(&history.feed).await?;
    let mut reader = suite
        .peer
        .subscribe(history.after(&feed.head_cursor))
        .await?;
    match reader.message().await? {
        Message::CaughtUp(_) | Message::Progress(_) => Ok(()),
        Message::Batch(batch) => {
            let old = batch
                .events
                .iter()
                .find(|event| event.sequence <= feed.head_sequence);
            old.map_or(Ok(()), |event| {
                let head = feed.head_sequence;
                let expected = format!("nothing before the head, #{head}");
                Err(Stop::failed(label(event), expected))
            })
        }
        other => Err(Stop::failed(name(&other), "`caught_up`")),
    }
}

pub(super) async fn latest_brings_only_what_comes_later(suite: &mut Suite) -> Verdict {
    let feed = fresh_feed();
    let mut before = [events::plain("before", 0), events::plain("before", 1)];
    publish_commit(&suite.peer, &feed, &mut before).await?;
    let request = SubscribeRequest {
        feed: feed.clone(),
        start: Some(Start::Position(StartPosition::Latest.into())),
        ..SubscribeRequest::default()
    };
    let mut reader = suite.peer.subscribe(request).await?;
    let mut later = [events::plain("later", 0), events::plain("later", 1)];
    publish_commit(&suite.peer, &feed, &mut later).await?;
    let came = reader.batch().await?;
    ensure(
        came.first().is_some_and(|event| event.subject == "later"),
        || came.first().map_or_else(String::new, label),
        "what was published after `started`",
    )?;
    Expected::new(&later).exactly(&came)
}
