//! Streams of a feed that is being written: where history and live meet, and who is slow or idle.

use std::collections::HashMap;

use pavane::feed::v1::subscribe_request::Start;
use pavane::feed::v1::subscribe_response::Message;
use pavane::feed::v1::{Event, StartPosition, SubscribeRequest};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::feed::events;
use crate::feed::expected::Expected;
use crate::feed::history::{check_whole, publish_commit};
use crate::feed::peer::Peer;
use crate::feed::stop::{Stop, Verdict, ensure};
use crate::feed::suite::{Suite, fresh_feed, joined};

/// Readers that come and go at the seam.
const READERS: usize = 6;
/// Events and their bytes that a slow reader is behind: far more than any buffer on the way holds.
const BEHIND_EVENTS: usize = 3_200;
const BEHIND_COMMIT_EVENTS: usize = 64;
const BEHIND_EVENT_BYTES: usize = 4 << 10;

/// Readers come while commits are published, leave in the midst, and resume.
pub(super) async fn history_and_live_meet_without_a_seam(suite: &mut Suite) -> Verdict {
    let feed = fresh_feed();
    let mut commits = events::commits(&mut suite.random, suite.options.events);
    let total: usize = commits.iter().map(Vec::len).sum();
    publish_commit(&suite.peer, &feed, &mut commits[0]).await?;
    let readers = (0..READERS).map(|_| {
        let random = StdRng::seed_from_u64(suite.random.random());
        let (peer, feed) = (suite.peer.another(), feed.clone());
        tokio::spawn(async move { come_and_go(&peer, feed, total, random).await })
    });
    let readers: Vec<_> = readers.collect();
    for commit in &mut commits[1..] {
        publish_commit(&suite.peer, &feed, commit).await?;
    }
    for reader in readers {
        let came = joined(reader).await?;
        Expected::new(commits.iter().flatten()).exactly(&came)?;
    }
    Ok(())
}

/// Reads until `total` events have come, in several streams.
async fn come_and_go(
    peer: &Peer,
    feed: String,
    total: usize,
    mut random: StdRng,
) -> Result<Vec<Event>, Stop> {
    let mut came: Vec<Event> = Vec::new();
    while came.len() < total {
        let start = came.last().map(|last| Start::After(last.cursor.clone()));
        let request = SubscribeRequest {
            feed: feed.clone(),
            start,
            max_batch_bytes: random.random_range(1..=64 << 10),
            ..SubscribeRequest::default()
        };
        let mut reader = peer.subscribe(request).await?;
        let until = came.len() + random.random_range(1..=total);
        while came.len() < until.min(total) {
            came.extend(reader.batch().await?);
        }
    }
    Ok(came)
}

pub(super) async fn a_live_commit_is_never_split(suite: &mut Suite) -> Verdict {
    let feed = fresh_feed();
    let mut commits = events::commits(&mut suite.random, suite.options.events / 4);
    suite
        .peer
        .publish(&feed, vec![events::plain("first", 0)])
        .await?;
    let total: usize = commits.iter().map(Vec::len).sum();
    let readers = [1, 600, 0].map(|max_batch_bytes| {
        let request = SubscribeRequest {
            feed: feed.clone(),
            start: Some(Start::Position(StartPosition::Latest.into())),
            max_batch_bytes,
            ..SubscribeRequest::default()
        };
        let peer = suite.peer.another();
        async move { peer.subscribe(request).await }
    });
    let mut opened = Vec::new();
    for reader in readers {
        opened.push(reader.await?);
    }
    let reading = opened.into_iter().map(|mut reader| {
        tokio::spawn(async move {
            let mut batches = Vec::new();
            let mut count = 0;
            while count < total {
                let batch = reader.batch().await?;
                count += batch.len();
                batches.push(batch);
            }
            Ok(batches)
        })
    });
    let reading: Vec<_> = reading.collect();
    let mut commit_of = HashMap::new();
    for (number, commit) in commits.iter_mut().enumerate() {
        publish_commit(&suite.peer, &feed, commit).await?;
        commit_of.extend(commit.iter().map(|event| (event.sequence, number)));
    }
    for reader in reading {
        check_whole(&joined(reader).await?, &commit_of)?;
    }
    Ok(())
}

/// It stops reading; everything is published all the same; it reads on, and all has been kept for it.
pub(super) async fn a_slow_reader_is_never_dropped_and_holds_up_nobody(
    suite: &mut Suite,
) -> Verdict {
    let feed = fresh_feed();
    let mut published = vec![events::plain("slow", 0)];
    publish_commit(&suite.peer, &feed, &mut published).await?;
    let request = SubscribeRequest {
        feed: feed.clone(),
        ..SubscribeRequest::default()
    };
    let mut slow = suite.peer.narrow().subscribe(request).await?;
    let numbers: Vec<usize> = (1..=BEHIND_EVENTS).collect();
    for numbers in numbers.chunks(BEHIND_COMMIT_EVENTS) {
        let bulky = |number: &usize| events::bulky("slow", *number, BEHIND_EVENT_BYTES);
        let mut commit: Vec<Event> = numbers.iter().map(bulky).collect();
        publish_commit(&suite.peer, &feed, &mut commit)
            .await
            .map_err(|stop| stop.when("while a reader does not read"))?;
        published.extend(commit);
    }
    let came = slow
        .events(published.len())
        .await
        .map_err(|stop| stop.when("reading on after a long while"))?;
    Expected::new(&published).exactly(&came)
}

pub(super) async fn an_idle_subscriber_hears_from_the_server(suite: &mut Suite) -> Verdict {
    let history = suite.history().await?;
    let head = suite.peer.feed(&history.feed).await?;
    let mut reader = suite
        .peer
        .subscribe(history.after(&head.head_cursor))
        .await?;
    let progress = loop {
        match reader.message().await? {
            Message::Progress(progress) => break progress,
            Message::CaughtUp(_) | Message::FellBehind(_) => {}
            // A feed that others write is not idle.
            Message::Batch(_) if suite.reads_only() => return Ok(()),
            Message::Batch(_) => return Err(Stop::failed("an event", "`progress`")),
            Message::Started(_) => return Err(Stop::failed("`started` again", "`progress`")),
            Message::Draining(_) => return Err(Stop::skipped("the server is shutting down")),
        }
    };
    ensure(
        progress.head_sequence >= head.head_sequence && progress.time.is_some(),
        || format!("`progress` with head_sequence {}", progress.head_sequence),
        format!("head_sequence {} and a time", head.head_sequence),
    )
}
