//! What only whoever runs the server can bring about: retention, shutdown, data that are gone.

use pavane::feed::v1::Event;
use pavane::feed::v1::subscribe_response::{Draining, Message};
use tonic::Code;
use tonic_types::StatusExt;

use super::refusing::refused;
use crate::feed::events;
use crate::feed::expected::Expected;
use crate::feed::history::History;
use crate::feed::peer::Peer;
use crate::feed::reader::{Reader, name};
use crate::feed::stop::{Stop, Verdict, ensure};
use crate::feed::suite::{Suite, fresh_feed};

const COMMITS: usize = 40;
/// Batches that a reader has read when the server goes away.
const READ_BATCHES: usize = 3;

/// A feed of single events, with its history.
async fn small_history(peer: &Peer) -> Result<History, Stop> {
    History::publish(peer, fresh_feed(), small_commits()).await
}

fn small_commits() -> Vec<Vec<Event>> {
    let numbers = 0..COMMITS;
    numbers
        .map(|number| vec![events::plain("small", number)])
        .collect()
}

pub(super) async fn an_expired_cursor_is_told_where_history_begins(suite: &mut Suite) -> Verdict {
    let Some(mut trim) = suite.options.powers.trim.take() else {
        return Err(Stop::skipped(
            "it takes whoever runs the server to trim a feed",
        ));
    };
    let history = small_history(&suite.peer).await?;
    let through = history.events[COMMITS / 2].sequence;
    trim(history.feed.clone(), through).await;
    let feed = suite.peer.feed(&history.feed).await?;
    let retained = || history.events.iter().filter(|it| it.sequence > through);
    for place in [0, COMMITS / 2 - 1] {
        let request = history.after(&history.events[place].cursor);
        let what = "a cursor older than what is retained";
        let status = refused(&suite.peer, request, Code::OutOfRange, what).await?;
        let told = status.get_details_error_info();
        let told = told.and_then(|info| info.metadata.get("earliest_cursor").cloned());
        ensure(
            told.as_ref() == Some(&feed.earliest_cursor),
            || format!("metadata `earliest_cursor` {told:?}"),
            &feed.earliest_cursor,
        )?;
    }
    let last_gone = &history.events[COMMITS / 2].cursor;
    for request in [
        history.request(),
        history.after(&feed.earliest_cursor),
        history.after(last_gone),
    ] {
        let start = format!("{:?} after trimming", request.start);
        let mut reader = suite.peer.subscribe(request).await?;
        let read = reader.history(history.last()).await?;
        Expected::new(retained())
            .exactly(read.events())
            .map_err(|stop| stop.when(start))?;
    }
    Ok(())
}

/// One reader is idle at the head, one reads on, one has not read at all when the server goes away.
pub(super) async fn a_draining_server_says_so_and_loses_nobody(suite: &mut Suite) -> Verdict {
    let Some(restart) = suite.options.powers.restart.take() else {
        return Err(Stop::skipped(
            "it takes whoever runs the server to shut it down",
        ));
    };
    let history = suite.history().await?;
    let small = pavane::feed::v1::SubscribeRequest {
        max_batch_bytes: 1,
        ..history.request()
    };
    let mut idle = suite.peer.another().subscribe(history.request()).await?;
    let idle_read = idle.history(history.last()).await?;
    let mut reading = suite.peer.another().subscribe(small.clone()).await?;
    let mut some = Vec::new();
    for _ in 0..READ_BATCHES {
        some.extend(reading.batch().await?);
    }
    let unread = suite.peer.narrow().subscribe(small).await?;
    let before = [idle_read.batches.concat(), some, Vec::new()];
    let reading = [drained(idle), drained(reading), drained(unread)];
    let (drained, ()) = tokio::join!(futures_util::future::join_all(reading), restart());
    for (mut came, drained) in before.into_iter().zip(drained) {
        let (more, draining) = drained?;
        came.extend(more);
        ensure(
            draining.retry_after.is_some(),
            || "`draining` without retry_after".to_owned(),
            "how long to wait",
        )?;
        let peer = suite.peer.another();
        let mut resumed = peer.subscribe(history.after(&draining.cursor)).await?;
        came.extend(resumed.history(history.last()).await?.batches.concat());
        Expected::new(&history.events)
            .exactly(&came)
            .map_err(|stop| stop.when("resumed after `draining`"))?;
    }
    suite.peer = suite.peer.another();
    Ok(())
}

/// Reads until the stream ends, which it must with `draining`; what came before it.
async fn drained(mut reader: Reader) -> Result<(Vec<Event>, Draining), Stop> {
    let expected = "`draining`, and then the end of the stream";
    let mut came = Vec::new();
    let draining = loop {
        match reader.next().await? {
            Some(Message::Batch(batch)) => came.extend(batch.events),
            Some(Message::Draining(draining)) => break draining,
            Some(_) => {}
            None => return Err(Stop::failed("the end of the stream", expected)),
        }
    };
    match reader.next().await? {
        None => Ok((came, draining)),
        Some(more) => {
            let found = format!("{} after `draining`", name(&more));
            Err(Stop::failed(found, expected))
        }
    }
}

pub(super) async fn a_cursor_of_an_earlier_life_is_refused(suite: &mut Suite) -> Verdict {
    let Some(wipe) = suite.options.powers.wipe.take() else {
        return Err(Stop::skipped(
            "it takes whoever runs the server to take its data away",
        ));
    };
    let history = small_history(&suite.peer).await?;
    wipe().await;
    suite.peer = suite.peer.another();
    History::publish(&suite.peer, history.feed.clone(), small_commits()).await?;
    let request = history.after(&history.events[COMMITS / 2].cursor);
    let what = "a cursor of an earlier feed of the same name";
    refused(&suite.peer, request, Code::FailedPrecondition, what).await?;
    Ok(())
}
