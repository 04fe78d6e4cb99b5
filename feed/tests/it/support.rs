//! Shared by all tests: stores in temporary folders, events, and what to wait for.

use std::path::Path;

use pavane::feed::v1::Event;
use pavane_feed::{Access, Delivery, Error, Feed, Options, Sequence, Store, Subscription};
use tempfile::TempDir;

/// A store with one feed, `orders`, in a folder that goes with it.
pub(crate) struct Fixture {
    pub(crate) folder: TempDir,
    pub(crate) store: Store,
    pub(crate) feed: Feed,
}

pub(crate) fn fixture() -> Fixture {
    fixture_with(|_| {})
}

pub(crate) fn fixture_with(adjust: impl FnOnce(&mut Options)) -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let mut options = options(folder.path());
    adjust(&mut options);
    let store = Store::open(options).unwrap();
    let feed = store.feed("orders", Access::Anyone).unwrap();
    Fixture {
        folder,
        store,
        feed,
    }
}

pub(crate) fn options(folder: &Path) -> Options {
    Options::new(folder.join("store"))
}

/// An event about `subject`, whose id tells it apart.
pub(crate) fn event(subject: &str, id: impl ToString) -> Event {
    Event {
        id: id.to_string(),
        subject: subject.to_owned(),
        r#type: "shop.v1.Tested".to_owned(),
        ..Event::default()
    }
}

/// Appends one commit and returns the sequence of its last event.
pub(crate) async fn append(store: &Store, feed: &Feed, events: Vec<Event>) -> Sequence {
    let feed = feed.clone();
    store
        .transact(move |transaction| {
            let mut last = transaction.head(&feed);
            for event in events {
                last = transaction.append(&feed, event)?;
            }
            Ok::<_, Error>(last)
        })
        .await
        .unwrap()
}

/// Appends commits of one event each, whose ids are the numbers.
pub(crate) async fn append_numbers(
    store: &Store,
    feed: &Feed,
    numbers: impl IntoIterator<Item = u64>,
) {
    let mut acks = Vec::new();
    for number in numbers {
        let feed = feed.clone();
        let place = store.reserve().await.unwrap();
        acks.push(place.submit(move |transaction| {
            transaction
                .append(&feed, event("numbers", number))
                .map(|_| ())
        }));
    }
    for ack in acks {
        ack.await.unwrap();
    }
}

pub(crate) fn ids(events: &[Event]) -> Vec<&str> {
    events.iter().map(|event| event.id.as_str()).collect()
}

/// Everything the feed holds.
pub(crate) fn all(feed: &Feed) -> Vec<Event> {
    let mut events = Vec::new();
    let mut position = feed.earliest().previous();
    loop {
        let more = feed.read(position, usize::MAX, usize::MAX).unwrap();
        let Some(last) = more.last() else {
            return events;
        };
        position = Sequence::new(last.sequence);
        events.extend(more);
    }
}

/// The next delivery, which must come.
pub(crate) async fn next(subscription: &mut Subscription) -> Delivery {
    subscription
        .next()
        .await
        .expect("the subscription is over")
        .unwrap()
}

/// All events up to the first `CaughtUp`.
pub(crate) async fn until_caught_up(subscription: &mut Subscription) -> Vec<Event> {
    let mut events = Vec::new();
    loop {
        match next(subscription).await {
            Delivery::Batch(batch) => events.extend(batch),
            Delivery::CaughtUp { .. } => return events,
            Delivery::Started { .. } | Delivery::Progress { .. } | Delivery::FellBehind { .. } => {}
        }
    }
}
