//! Peers that leave, and peers that are there and do nothing.

use pavane::feed::v1::{Event, SubscribeRequest};
use rand::Rng;

use crate::feed::events;
use crate::feed::expected::Expected;
use crate::feed::half_open::HalfOpen;
use crate::feed::history::publish_commit;
use crate::feed::stop::{Stop, Verdict};
use crate::feed::suite::{Suite, fresh_feed};

/// Peers that stop reading.
const HALF_OPEN: usize = 16;
/// Batches after which a reader is cut off, at most.
const BATCHES: usize = 6;

/// The stream is dropped with a batch only half worked off, again and again.
pub(super) async fn a_reader_that_leaves_within_a_batch_loses_nothing(
    suite: &mut Suite,
) -> Verdict {
    let history = suite.history().await?;
    let mut came: Vec<Event> = Vec::new();
    while came.len() < history.events.len() {
        let request = SubscribeRequest {
            max_batch_bytes: suite.random.random_range(1..=256 << 10),
            ..match came.last() {
                Some(last) => history.after(&last.cursor),
                None => history.request(),
            }
        };
        let mut reader = suite.peer.subscribe(request).await?;
        let mut newest = 0;
        for _ in 0..suite.random.random_range(1..=BATCHES) {
            if came.len() >= history.events.len() {
                break;
            }
            let batch = reader.batch().await?;
            newest = batch.len();
            came.extend(batch);
        }
        // Of the last batch some were worked off when the stream broke, at least one.
        let lost = suite.random.random_range(0..newest.max(1));
        came.truncate(came.len() - lost);
    }
    came.retain(|event| event.sequence <= history.last());
    Expected::new(&history.events).exactly(&came)
}

/// Connections that ask for everything and never read, while others are served.
pub(super) async fn a_peer_that_stops_reading_holds_up_nobody(suite: &mut Suite) -> Verdict {
    let history = suite.history().await?;
    let mut held = Vec::new();
    for _ in 0..HALF_OPEN {
        let request = history.request();
        held.push(HalfOpen::subscribe(suite.peer.uri(), &request, suite.peer.patience).await?);
    }
    let beside = |stop: Stop| stop.when(format!("beside {HALF_OPEN} peers that do not read"));
    let mut reader = suite.peer.another().subscribe(history.request()).await?;
    let read = reader.history(history.last()).await.map_err(beside)?;
    Expected::new(&history.events)
        .exactly(read.events())
        .map_err(beside)?;
    if !suite.reads_only() {
        let feed = fresh_feed();
        let mut commit = [events::plain("beside", 0)];
        publish_commit(&suite.peer, &feed, &mut commit)
            .await
            .map_err(beside)?;
    }
    drop(held);
    Ok(())
}
