//! Retention: what is no longer kept is gone for good, and nobody reads across the gap.

use std::time::{Duration, SystemTime};

use pavane_feed::{Error, Filter, Sequence, Start, Store};

use crate::support::{
    all, append, append_numbers, event, fixture, fixture_with, ids, next, options, until_caught_up,
};

#[tokio::test]
async fn trimming_forgets_whole_commits_and_a_reopened_store_remembers() {
    let fixture = fixture();
    let (store, feed) = (&fixture.store, &fixture.feed);
    append(store, feed, vec![event("a", 1), event("b", 2)]).await;
    append(store, feed, vec![event("a", 3), event("b", 4)]).await;
    let earliest = feed.trim(Sequence::new(3)).await.unwrap();
    assert_eq!(earliest, Sequence::new(3), "half a commit must stay whole");
    assert_eq!(ids(&all(feed)), ["3", "4"]);
    assert_eq!(ids(&feed.subject("a").unwrap()), ["3"]);

    let expired = feed.read(Sequence::new(1), 1, 1).unwrap_err();
    assert!(
        matches!(&expired, Error::Expired { earliest, earliest_cursor, .. } if
        *earliest == Sequence::new(3) && *earliest_cursor == feed.cursor(Sequence::new(2)))
    );
    let start = Start::After(Sequence::new(1));
    assert!(matches!(
        feed.subscribe(start, Filter::all()),
        Err(Error::Expired { .. })
    ));

    feed.trim(Sequence::new(4)).await.unwrap();
    store.close().await;
    let store = Store::open(options(fixture.folder.path())).unwrap();
    let feed = store.find_feed("orders").unwrap();
    assert_eq!(
        (feed.earliest(), feed.head()),
        (Sequence::new(5), Sequence::new(4))
    );
    append(&store, &feed, vec![event("a", 5)]).await;
    assert_eq!(all(&feed)[0].sequence, 5);
}

#[tokio::test]
async fn a_reader_that_retention_overtakes_is_told_so() {
    let fixture = fixture_with(|options| options.limits.live_bytes = 1_000);
    append_numbers(&fixture.store, &fixture.feed, 1..=2_000).await;
    let subscription = fixture
        .feed
        .subscribe(Start::Earliest, Filter::all())
        .unwrap();
    let mut subscription = subscription.with_max_batch_bytes(100);
    next(&mut subscription).await;
    next(&mut subscription).await;
    append_numbers(&fixture.store, &fixture.feed, 2_001..=30_000).await;
    fixture.feed.trim(Sequence::new(29_000)).await.unwrap();
    let mut last = 0;
    let error = loop {
        match subscription.next().await.unwrap() {
            Ok(pavane_feed::Delivery::Batch(events)) => {
                assert!(last == 0 || events[0].sequence == last + 1, "a gap");
                last = events.last().unwrap().sequence;
            }
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert!(matches!(error, Error::Expired { .. }), "{error}");
}

#[tokio::test]
async fn the_count_of_events_is_bounded() {
    let fixture = fixture_with(|options| options.retention.max_events = Some(100));
    let mut last = 0;
    for _ in 0..10 {
        append_numbers(&fixture.store, &fixture.feed, last + 1..=last + 50).await;
        last += 50;
    }
    // An empty transaction is answered after all trimming that came before it.
    fixture
        .store
        .transact(|_| Ok::<_, Error>(()))
        .await
        .unwrap();
    let retained = fixture.feed.head().get() + 1 - fixture.feed.earliest().get();
    assert!(
        (50..=106).contains(&retained),
        "{retained} events are retained"
    );
    assert_eq!(all(&fixture.feed).len() as u64, retained);
    let mut subscription = fixture
        .feed
        .subscribe(Start::Earliest, Filter::all())
        .unwrap();
    assert_eq!(
        until_caught_up(&mut subscription).await.len() as u64,
        retained
    );
}

#[tokio::test]
async fn the_size_of_events_is_bounded_also_after_reopening() {
    let fixture = fixture_with(|options| options.retention.max_bytes = Some(10_000));
    append_numbers(&fixture.store, &fixture.feed, 1..=1_000).await;
    fixture
        .store
        .transact(|_| Ok::<_, Error>(()))
        .await
        .unwrap();
    let retained = all(&fixture.feed);
    assert!(
        (50..=250).contains(&retained.len()),
        "{} events are retained",
        retained.len()
    );
    fixture.store.close().await;

    let mut options = options(fixture.folder.path());
    options.retention.max_bytes = Some(1_000);
    let store = Store::open(options).unwrap();
    let feed = store.find_feed("orders").unwrap();
    append(&store, &feed, vec![event("o", "new")]).await;
    store.transact(|_| Ok::<_, Error>(())).await.unwrap();
    assert!(all(&feed).len() < 25);
}

#[tokio::test]
async fn events_over_the_age_go() {
    let fixture = fixture();
    let hour = Duration::from_secs(3_600);
    let aged = |age: Duration, id: u32| {
        let mut event = event("o", id);
        event.time = Some((SystemTime::now() - age).into());
        event
    };
    append(&fixture.store, &fixture.feed, vec![aged(3 * hour, 1)]).await;
    append(&fixture.store, &fixture.feed, vec![aged(2 * hour, 2)]).await;
    append(&fixture.store, &fixture.feed, vec![aged(Duration::ZERO, 3)]).await;
    fixture.store.close().await;

    let mut options = options(fixture.folder.path());
    options.retention.max_age = Some(hour);
    let store = Store::open(options).unwrap();
    // Answered after the first look at ages, which comes with the start or the first message.
    for _ in 0..2 {
        store.transact(|_| Ok::<_, Error>(())).await.unwrap();
    }
    assert_eq!(ids(&all(&store.find_feed("orders").unwrap())), ["3"]);
}
