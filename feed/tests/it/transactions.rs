//! Transactions: order, atomicity, what they see, what remains of them.

use pavane_feed::{Error, KeyRange, Options, Sequence, Store, TransactError};

use crate::support::{all, append, append_numbers, event, fixture, fixture_with, ids};

#[tokio::test]
async fn submissions_are_ordered_as_they_were_made() {
    let fixture = fixture();
    append_numbers(&fixture.store, &fixture.feed, 1..=500).await;
    let events = all(&fixture.feed);
    let expected: Vec<String> = (1..=500).map(|number| number.to_string()).collect();
    assert_eq!(ids(&events), expected);
    let sequences: Vec<u64> = events.iter().map(|event| event.sequence).collect();
    assert_eq!(sequences, (1..=500).collect::<Vec<u64>>());
}

#[tokio::test]
async fn a_failed_or_panicking_transaction_leaves_nothing() {
    let fixture = fixture();
    let (store, feed) = (&fixture.store, &fixture.feed);
    let state = store.state("live").unwrap();
    append(store, feed, vec![event("o", "before")]).await;

    let (f, s) = (feed.clone(), state.clone());
    let aborted = store
        .transact(move |transaction| {
            transaction.append(&f, event("o", "lost")).unwrap();
            transaction.put(&s, "key", "lost").unwrap();
            Err::<(), _>("no")
        })
        .await;
    assert!(matches!(aborted, Err(TransactError::Aborted("no"))));

    let (f, s) = (feed.clone(), state.clone());
    let panicked = store
        .transact(move |transaction| -> Result<(), Error> {
            transaction.append(&f, event("o", "lost")).unwrap();
            transaction.put(&s, "key", "lost").unwrap();
            panic!("as the test wants it");
        })
        .await;
    let Err(TransactError::Store(Error::Panicked { message })) = panicked else {
        panic!("expected a panic to be reported");
    };
    assert_eq!(message, "as the test wants it");

    let last = append(store, feed, vec![event("o", "after")]).await;
    assert_eq!(last, Sequence::new(2));
    assert_eq!(ids(&all(feed)), ["before", "after"]);
    assert_eq!(state.get("key").unwrap(), None);
}

#[tokio::test]
async fn a_transaction_sees_what_earlier_ones_of_its_group_wrote() {
    let fixture = fixture();
    let (store, feed) = (&fixture.store, &fixture.feed);
    let counters = store.state("counters").unwrap();
    let mut acks = Vec::new();
    for _ in 0..200 {
        let (counters, feed) = (counters.clone(), feed.clone());
        acks.push(store.reserve().await.unwrap().submit(move |transaction| {
            let count = transaction.get(&counters, "n")?.map_or(0, |value| value[0]);
            transaction.put(&counters, "n", vec![count + 1])?;
            assert_eq!(transaction.head(&feed), Sequence::new(u64::from(count)));
            transaction.append(&feed, event("n", count))?;
            Ok::<_, Error>(())
        }));
    }
    for ack in acks {
        ack.await.unwrap();
    }
    assert_eq!(counters.get("n").unwrap().unwrap().as_ref(), [200]);
}

#[tokio::test]
async fn a_scan_merges_what_is_stored_with_what_was_just_written() {
    let fixture = fixture();
    let state = fixture.store.state("s").unwrap();
    let s = state.clone();
    let put = move |transaction: &mut pavane_feed::Transaction<'_>| {
        for key in ["a1", "a2", "a3", "b1"] {
            transaction.put(&s, key, "stored")?;
        }
        Ok::<_, Error>(())
    };
    fixture.store.transact(put).await.unwrap();

    let s = state.clone();
    let seen = fixture
        .store
        .transact(move |transaction| {
            transaction.delete(&s, "a1")?;
            transaction.put(&s, "a2", "written")?;
            transaction.put(&s, "a4", "written")?;
            let seen = transaction.scan(&s, &KeyRange::prefix("a"), 2)?;
            assert_eq!(transaction.scan(&s, &KeyRange::between("x", "b"), 9)?, []);
            Ok::<_, Error>(seen)
        })
        .await
        .unwrap();
    assert_eq!(
        seen,
        [
            ("a2".into(), "written".into()),
            ("a3".into(), "stored".into())
        ]
    );

    let keys: Vec<_> = state
        .range(KeyRange::all())
        .map(|entry| entry.unwrap().0)
        .collect();
    assert_eq!(keys, ["a2", "a3", "a4", "b1"]);
}

#[tokio::test]
async fn a_range_longer_than_a_page_is_complete() {
    let fixture = fixture();
    let state = fixture.store.state("s").unwrap();
    let s = state.clone();
    let put = move |transaction: &mut pavane_feed::Transaction<'_>| {
        (0..3_000_u32).try_for_each(|n| transaction.put(&s, n.to_be_bytes().to_vec(), "v"))
    };
    fixture.store.transact(put).await.unwrap();
    assert_eq!(state.range(KeyRange::all()).count(), 3_000);
}

#[tokio::test]
async fn a_commit_is_read_whole_and_by_its_subject() {
    let fixture = fixture();
    let (store, feed) = (&fixture.store, &fixture.feed);
    append(
        store,
        feed,
        vec![event("o-1", 1), event("o-2", 2), event("o-2", 3)],
    )
    .await;
    append(store, feed, vec![event("o-1", 4), event("", 5)]).await;
    let page = feed.read(Sequence::ZERO, 1, usize::MAX).unwrap();
    assert_eq!(ids(&page), ["1", "2", "3"]);
    let page = feed.read(Sequence::ZERO, 4, usize::MAX).unwrap();
    assert_eq!(ids(&page), ["1", "2", "3"]);
    assert_eq!(ids(&feed.subject("o-1").unwrap()), ["1", "4"]);
    assert_eq!(ids(&feed.subject("o-2").unwrap()), ["2", "3"]);
    assert_eq!(feed.subject("o").unwrap(), []);
    assert_eq!(feed.subject("").unwrap(), []);
}

#[tokio::test]
async fn a_commit_over_a_limit_is_refused_whole() {
    let fixture = fixture_with(|options| {
        options.limits.commit_events = 2;
        options.limits.commit_bytes = 1_000;
    });
    let feed = fixture.feed.clone();
    let many = fixture
        .store
        .transact(move |transaction| {
            (0..3).try_for_each(|n| transaction.append(&feed, event("o", n)).map(|_| ()))
        })
        .await;
    let many = Error::from(many.unwrap_err());
    assert!(
        matches!(many, Error::TooManyEvents { found: 3, limit: 2 }),
        "{many}"
    );
    let feed = fixture.feed.clone();
    let large = fixture
        .store
        .transact(move |transaction| {
            let mut large = event("o", 1);
            large.tracestate = "x".repeat(1_001);
            transaction.append(&feed, large)
        })
        .await;
    let large = Error::from(large.unwrap_err());
    assert!(
        matches!(large, Error::CommitTooLarge { limit: 1_000, .. }),
        "{large}"
    );
    assert_eq!(fixture.feed.head(), Sequence::ZERO);
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_reopening() {
    let fixture = fixture();
    append_numbers(&fixture.store, &fixture.feed, 1..=10).await;
    let state = fixture.store.state("s").unwrap();
    let s = state.clone();
    fixture
        .store
        .transact(move |transaction| transaction.put(&s, "k", "v"))
        .await
        .unwrap();
    let incarnation = fixture.feed.incarnation();
    fixture.store.close().await;
    assert!(matches!(state.get("k"), Err(Error::Closed)));
    assert!(matches!(fixture.store.reserve().await, Err(Error::Closed)));

    let options: Options = crate::support::options(fixture.folder.path());
    let reopened = Store::open(options).unwrap();
    let feed = reopened.find_feed("orders").unwrap();
    assert_eq!(feed.head(), Sequence::new(10));
    assert_eq!(feed.incarnation(), incarnation);
    assert_eq!(all(&feed).len(), 10);
    assert_eq!(reopened.state("s").unwrap().get("k").unwrap().unwrap(), "v");
}

#[tokio::test]
async fn places_in_the_queue_are_bounded_and_given_back() {
    let fixture = fixture_with(|options| options.limits.waiting_transactions = 2);
    let first = fixture.store.try_reserve().unwrap();
    let second = fixture.store.try_reserve().unwrap();
    let full = fixture.store.try_reserve().unwrap_err();
    assert!(matches!(full, Error::QueueFull { limit: 2 }), "{full}");
    drop(first);
    fixture
        .store
        .try_reserve()
        .unwrap()
        .submit(|_| Ok::<_, Error>(()))
        .await
        .unwrap();
    drop(second);
    let both = [fixture.store.reserve().await, fixture.store.reserve().await];
    assert!(both.iter().all(Result::is_ok));
}

#[tokio::test]
async fn handles_of_another_store_are_refused() {
    let (here, there) = (fixture(), fixture());
    let state = there.store.state("s").unwrap();
    let feed = there.feed.clone();
    let transaction = move |transaction: &mut pavane_feed::Transaction<'_>| {
        assert!(matches!(
            transaction.get(&state, "k"),
            Err(Error::OtherStore)
        ));
        assert!(matches!(
            transaction.put(&state, "k", "v"),
            Err(Error::OtherStore)
        ));
        transaction.append(&feed, event("o", 1))
    };
    let refused = Error::from(here.store.transact(transaction).await.unwrap_err());
    assert!(matches!(refused, Error::OtherStore), "{refused}");
    assert_eq!(here.feed.head(), Sequence::ZERO);
}
