//! A thousand subscribers at a time, and what is left of those that have gone.

use std::sync::Arc;

use futures_util::future::try_join_all;
use pavane::feed::v1::subscribe_request::Start;
use pavane::feed::v1::{StartPosition, SubscribeRequest};
use tokio::sync::Barrier;
use tokio::time::{Instant, timeout_at};

use crate::feed::events;
use crate::feed::expected::Expected;
use crate::feed::history::publish_commit;
use crate::feed::stop::{Stop, Verdict, ensure};
use crate::feed::suite::{Suite, fresh_feed, joined};

/// Streams over one connection: servers bound them, often at 100.
const STREAMS_PER_CONNECTION: usize = 64;
/// Subscribers that come and go.
const GONE: usize = 20;

pub(super) async fn subscribers_that_have_gone_are_forgotten(suite: &mut Suite) -> Verdict {
    let feed = fresh_feed();
    suite
        .peer
        .publish(&feed, vec![events::plain("gone", 0)])
        .await?;
    let request = SubscribeRequest {
        feed: feed.clone(),
        ..SubscribeRequest::default()
    };
    let opening = (0..GONE).map(|_| suite.peer.subscribe(request.clone()));
    let readers = try_join_all(opening).await?;
    let open = suite.peer.feed(&feed).await?.subscribers;
    ensure(
        open as usize == GONE,
        || format!("{open} subscribers in GetFeed"),
        format!("the {GONE} that are there"),
    )?;
    drop(readers);
    // The server learns of it when it learns of it: ask until then.
    let deadline = Instant::now() + suite.peer.patience;
    let forgotten = async {
        while suite.peer.feed(&feed).await?.subscribers > 0 {
            tokio::task::yield_now().await;
        }
        Ok(())
    };
    let remain = |_| Stop::failed("subscribers that have gone in GetFeed", "none");
    timeout_at(deadline, forgotten).await.map_err(remain)?
}

pub(super) async fn each_of_many_subscribers_sees_every_event(suite: &mut Suite) -> Verdict {
    let feed = fresh_feed();
    suite
        .peer
        .publish(&feed, vec![events::plain("first", 0)])
        .await?;
    let count = suite.options.subscribers;
    let events_each = 3;
    let request = SubscribeRequest {
        feed: feed.clone(),
        start: Some(Start::Position(StartPosition::Latest.into())),
        ..SubscribeRequest::default()
    };
    // Everyone has begun, or failed to, before anything is published.
    let begun = Arc::new(Barrier::new(count + 1));
    let mut peer = suite.peer.another();
    let readers: Vec<_> = (0..count)
        .map(|number| {
            if number % STREAMS_PER_CONNECTION == 0 {
                peer = suite.peer.another();
            }
            let (peer, request, begun) = (peer.clone(), request.clone(), begun.clone());
            tokio::spawn(async move {
                let opened = peer.subscribe(request).await;
                begun.wait().await;
                opened?.events(events_each).await
            })
        })
        .collect();
    begun.wait().await;
    let mut commit: Vec<_> = (0..events_each)
        .map(|number| events::plain("many", number))
        .collect();
    publish_commit(&suite.peer, &feed, &mut commit).await?;
    for (number, reader) in readers.into_iter().enumerate() {
        let which = |stop: Stop| stop.when(format!("subscriber {} of {count}", number + 1));
        let came = joined(reader).await.map_err(which)?;
        Expected::new(&commit).exactly(&came).map_err(which)?;
    }
    Ok(())
}
