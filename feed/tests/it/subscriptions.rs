//! Subscriptions within the process: no gap, no duplicate, no split commit, whatever happens.

use std::time::{Duration, SystemTime};

use pavane::feed::v1 as pb;
use pavane_feed::{Delivery, Error, Filter, Sequence, Start};

use crate::support::{
    append, append_numbers, event, fixture, fixture_with, ids, next, until_caught_up,
};

fn only(subject: &str) -> Filter {
    let filter = pb::Filter {
        subjects: vec![subject.to_owned()],
        ..pb::Filter::default()
    };
    Filter::parse(filter).unwrap()
}

#[tokio::test]
async fn history_comes_first_then_caught_up_once_then_live() {
    let fixture = fixture();
    append_numbers(&fixture.store, &fixture.feed, 1..=3).await;
    let mut subscription = fixture
        .feed
        .subscribe(Start::Earliest, Filter::all())
        .unwrap();
    let started = next(&mut subscription).await;
    let (earliest, head) = (Sequence::new(1), Sequence::new(3));
    assert_eq!(
        started,
        Delivery::Started {
            earliest,
            head,
            position: Sequence::ZERO
        }
    );
    assert_eq!(
        ids(&until_caught_up(&mut subscription).await),
        ["1", "2", "3"]
    );
    append_numbers(&fixture.store, &fixture.feed, 4..=4).await;
    let Delivery::Batch(live) = next(&mut subscription).await else {
        panic!("expected a batch")
    };
    assert_eq!(ids(&live), ["4"]);
    assert_eq!(live[0].cursor, fixture.feed.cursor(Sequence::new(4)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_seam_between_history_and_live_has_no_gap_and_no_duplicate() {
    const EVENTS: u64 = 20_000;
    // Little memory for live readers, so that the seam is crossed again and again.
    let fixture = fixture_with(|options| options.limits.live_bytes = 4_096);
    append_numbers(&fixture.store, &fixture.feed, 1..=1_000).await;
    let (store, feed) = (fixture.store.clone(), fixture.feed.clone());
    let writer = tokio::spawn(async move { append_numbers(&store, &feed, 1_001..=EVENTS).await });
    let mut readers = Vec::new();
    for start in [0, 500, 1_000] {
        let start_at = Start::After(Sequence::new(start));
        let mut subscription = fixture.feed.subscribe(start_at, Filter::all()).unwrap();
        readers.push(tokio::spawn(async move {
            let mut expected = start + 1;
            while expected <= EVENTS {
                if let Delivery::Batch(events) = next(&mut subscription).await {
                    for event in events {
                        assert_eq!(event.sequence, expected);
                        expected += 1;
                    }
                }
            }
        }));
    }
    writer.await.unwrap();
    for reader in readers {
        reader.await.unwrap();
    }
}

#[tokio::test]
async fn a_slow_subscriber_falls_behind_and_still_sees_everything() {
    let fixture = fixture_with(|options| options.limits.live_bytes = 1_000);
    let mut subscription = fixture
        .feed
        .subscribe(Start::Earliest, Filter::all())
        .unwrap();
    assert_eq!(until_caught_up(&mut subscription).await, []);
    append_numbers(&fixture.store, &fixture.feed, 1..=1_000).await;
    let behind = next(&mut subscription).await;
    assert_eq!(
        behind,
        Delivery::FellBehind {
            position: Sequence::ZERO
        }
    );
    let events = until_caught_up(&mut subscription).await;
    assert_eq!(events.len(), 1_000);
    assert!(
        events
            .iter()
            .zip(1..)
            .all(|(event, sequence)| event.sequence == sequence)
    );
}

#[tokio::test]
async fn a_commit_is_never_split_even_if_it_is_larger_than_a_batch() {
    let fixture = fixture();
    for commit in 0..20 {
        let events = (0..=commit).map(|n| event("o", n)).collect();
        append(&fixture.store, &fixture.feed, events).await;
    }
    let subscription = fixture
        .feed
        .subscribe(Start::Earliest, Filter::all())
        .unwrap();
    let mut subscription = subscription.with_max_batch_bytes(1_000);
    let mut commit = 0;
    loop {
        match next(&mut subscription).await {
            Delivery::Batch(events) => {
                let mut rest = events.as_slice();
                while !rest.is_empty() {
                    let expected: Vec<_> = (0..=commit).map(|n: i32| n.to_string()).collect();
                    let (whole, later) = rest.split_at(expected.len());
                    assert_eq!(ids(whole), expected);
                    rest = later;
                    commit += 1;
                }
            }
            Delivery::CaughtUp { .. } => break,
            Delivery::Started { .. } | Delivery::Progress { .. } | Delivery::FellBehind { .. } => {}
        }
    }
    assert_eq!(commit, 20);
}

#[tokio::test]
async fn a_filter_chooses_and_progress_is_never_ahead_of_what_is_to_come() {
    let fixture = fixture_with(|options| options.heartbeat_interval = Duration::from_millis(20));
    let (store, feed) = (&fixture.store, &fixture.feed);
    append(store, feed, vec![event("a", 1), event("b", 2)]).await;
    append(store, feed, vec![event("b", 3)]).await;
    let mut subscription = feed.subscribe(Start::Earliest, only("a")).unwrap();
    assert_eq!(ids(&until_caught_up(&mut subscription).await), ["1"]);
    assert_eq!(subscription.position(), Sequence::new(3));
    // Idle: the heartbeat tells the position, which a resume may use.
    let idle = next(&mut subscription).await;
    let head = Sequence::new(3);
    assert_eq!(
        idle,
        Delivery::Progress {
            position: head,
            head
        }
    );

    let mut told = Sequence::ZERO;
    for number in 4..40_u64 {
        let subject = if number % 5 == 0 { "a" } else { "b" };
        append(store, feed, vec![event(subject, number)]).await;
        if number % 5 != 0 {
            continue;
        }
        loop {
            match next(&mut subscription).await {
                Delivery::Batch(events) => {
                    assert_eq!(ids(&events), [number.to_string()]);
                    assert!(
                        told < Sequence::new(events[0].sequence),
                        "progress was ahead"
                    );
                    break;
                }
                Delivery::Progress { position, .. } => told = position,
                other => panic!("unexpected {other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn a_subscription_from_the_latest_skips_history() {
    let fixture = fixture();
    append_numbers(&fixture.store, &fixture.feed, 1..=5).await;
    let mut subscription = fixture
        .feed
        .subscribe(Start::Latest, Filter::all())
        .unwrap();
    assert_eq!(until_caught_up(&mut subscription).await, []);
    append_numbers(&fixture.store, &fixture.feed, 6..=6).await;
    let Delivery::Batch(events) = next(&mut subscription).await else {
        panic!("a batch")
    };
    assert_eq!(ids(&events), ["6"]);
}

#[tokio::test]
async fn a_subscription_from_a_time_begins_with_the_first_event_of_then_or_later() {
    let fixture = fixture();
    let at = |seconds, id| {
        let mut event = event("o", id);
        event.time = Some(prost_types::Timestamp { seconds, nanos: 0 });
        event
    };
    let events = vec![at(100, 1), at(300, 2), at(200, 3), at(400, 4)];
    append(&fixture.store, &fixture.feed, events).await;
    let check = async |seconds, expected: &[&str]| {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let mut subscription = fixture
            .feed
            .subscribe(Start::At(time), Filter::all())
            .unwrap();
        assert_eq!(ids(&until_caught_up(&mut subscription).await), expected);
    };
    check(0, &["1", "2", "3", "4"]).await;
    check(300, &["2", "3", "4"]).await;
    check(301, &["4"]).await;
    check(500, &[]).await;
}

#[tokio::test]
async fn a_position_ahead_of_the_feed_is_refused() {
    let fixture = fixture();
    let ahead = fixture
        .feed
        .subscribe(Start::After(Sequence::new(1)), Filter::all());
    assert!(matches!(ahead, Err(Error::CursorAhead { .. })));
    let cursor = fixture.feed.cursor(Sequence::new(1));
    assert!(matches!(
        fixture.feed.parse_cursor(&cursor),
        Err(Error::CursorAhead { .. })
    ));
}

#[tokio::test]
async fn closing_the_store_ends_subscriptions() {
    let fixture = fixture();
    let mut subscription = fixture
        .feed
        .subscribe(Start::Earliest, Filter::all())
        .unwrap();
    until_caught_up(&mut subscription).await;
    let (ended, ()) = tokio::join!(subscription.next(), fixture.store.close());
    assert!(matches!(ended, Some(Err(Error::Closed))));
    assert!(subscription.next().await.is_none());
}
