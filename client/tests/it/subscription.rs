//! Subscriptions as streams of messages: whole through cuts, resumed by a cursor, and open about what
//! is wrong.

use std::time::Duration;

use pavane::feed::v1::Event;
use pavane::shop::inventory::v1::{Reservation, StockReleased, StockReserved};
use pavane_client::{Client, Error, Meta, Options, SubscriberOptions, Subscription};
use pavane_feed::{Access, Sequence};
use prost::{Message, Name};
use prost_types::Any;
use tonic::Code;

use crate::cutting::Cutting;
use crate::support::{Fixture, Served, append, channel, fixture, within};

type Reserved = (Meta, StockReserved);

fn reserved(number: u64) -> Event {
    let data = StockReserved {
        reservation: Some(Reservation {
            order_id: format!("order-{number}"),
            ..Reservation::default()
        }),
    };
    Event {
        id: number.to_string(),
        subject: format!("order-{}", number % 3),
        data: Some(Any::from_msg(&data).unwrap()),
        ..Event::default()
    }
}

fn released(number: u64) -> Event {
    Event {
        id: number.to_string(),
        data: Some(Any::from_msg(&StockReleased::default()).unwrap()),
        ..Event::default()
    }
}

async fn append_reserved(fixture: &Fixture, numbers: impl IntoIterator<Item = u64>) {
    for number in numbers {
        append(&fixture.store, &fixture.feed, vec![reserved(number)]).await;
    }
}

fn client(served: &Served) -> Client {
    Client::over(served.channel(), Options::default())
}

fn quick() -> SubscriberOptions {
    SubscriberOptions {
        initial_backoff: Duration::from_millis(1),
        max_backoff: Duration::from_millis(5),
        ..SubscriberOptions::default()
    }
}

async fn take(subscription: &mut Subscription<Reserved>, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    while ids.len() < count {
        let (meta, message) = within(subscription.next()).await.unwrap().unwrap();
        let reservation = message.reservation.unwrap();
        assert_eq!(reservation.order_id, format!("order-{}", meta.id));
        ids.push(meta.id);
    }
    ids
}

fn numbers(range: std::ops::RangeInclusive<u64>) -> Vec<String> {
    range.map(|number| number.to_string()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscription_that_is_cut_again_and_again_sees_no_gap_and_no_duplicate() {
    let seed = rand::random();
    println!("seed {seed}: it is drawn in {}", file!());
    let fixture = fixture();
    append_reserved(&fixture, 1..=500).await;
    let served = Served::start(fixture.store.clone(), "127.0.0.1:0").await;
    let cutting = Cutting::start(served.address, seed, 2_000..20_000).await;
    let client = Client::over(channel(cutting.address), Options::default());
    let options = SubscriberOptions {
        // A batch must get through before the cut.
        max_batch_bytes: 1_000,
        ..quick()
    };
    let mut subscription = client.subscribe("orders").options(options).of();
    let writing = tokio::spawn(async move { append_reserved(&fixture, 501..=1_000).await });
    assert_eq!(take(&mut subscription, 1_000).await, numbers(1..=1_000));
    assert!(cutting.cuts() >= 3, "it was cut {} times", cutting.cuts());
    writing.await.unwrap();
}

#[tokio::test]
async fn only_messages_of_the_type_come_and_the_cursor_moves_past_the_others() {
    let fixture = fixture();
    append(
        &fixture.store,
        &fixture.feed,
        vec![released(1), reserved(2), released(3)],
    )
    .await;
    let served = Served::start(fixture.store.clone(), "127.0.0.1:0").await;
    let mut subscription = client(&served).subscribe("orders").of();
    assert_eq!(subscription.cursor(), None);
    let (meta, _): Reserved = subscription.next().await.unwrap().unwrap();
    assert_eq!((&*meta.id, meta.sequence), ("2", 2));
    assert_eq!(meta.r#type, StockReserved::full_name());
    assert!(meta.time.is_some());
    assert_eq!(subscription.cursor(), Some(&*meta.cursor));

    append_reserved(&fixture, 4..=4).await;
    take(&mut subscription, 1).await;
    let all: Vec<_> = client(&served)
        .subscribe("orders")
        .events()
        .take_ids(4)
        .await;
    assert_eq!(all, ["1", "2", "3", "4"]);
}

#[tokio::test]
async fn whoever_resumes_amid_a_batch_sees_the_rest_of_it() {
    let fixture = fixture();
    let events = (1..=5).map(reserved).collect();
    append(&fixture.store, &fixture.feed, events).await;
    let served = Served::start(fixture.store.clone(), "127.0.0.1:0").await;
    let mut first = client(&served).subscribe("orders").of();
    assert_eq!(take(&mut first, 2).await, ["1", "2"]);
    let cursor = first.cursor().unwrap().to_owned();
    drop(first);
    let mut second = client(&served).subscribe("orders").after(cursor).of();
    assert_eq!(take(&mut second, 3).await, ["3", "4", "5"]);
}

#[tokio::test]
async fn only_events_about_the_subject_come() {
    let fixture = fixture();
    append_reserved(&fixture, 1..=7).await;
    let served = Served::start(fixture.store.clone(), "127.0.0.1:0").await;
    let mut subscription = client(&served).subscribe("orders").subject("order-1").of();
    assert_eq!(take(&mut subscription, 3).await, ["1", "4", "7"]);
}

#[tokio::test]
async fn a_cursor_that_is_of_no_use_is_an_error_with_a_reason() {
    let fixture = fixture();
    append_reserved(&fixture, 1..=10).await;
    fixture.feed.trim(Sequence::new(5)).await.unwrap();
    let other = fixture.store.feed("other", Access::Owner).unwrap();
    let served = Served::start(fixture.store.clone(), "127.0.0.1:0").await;
    let client = client(&served);
    let check = async |cursor: String, code: Code, reason: &str| {
        let mut subscription = client.subscribe("orders").after(cursor).events();
        let error = subscription.next().await.unwrap().unwrap_err();
        assert_eq!(
            (error.code(), error.reason()),
            (Some(code), Some(reason)),
            "{error}"
        );
        assert!(subscription.next().await.is_none());
        error
    };
    let expired = fixture.feed.cursor(Sequence::new(1));
    let error = check(expired, Code::OutOfRange, "CURSOR_EXPIRED").await;
    let earliest = error.failure().unwrap().fact("earliest_cursor");
    assert_eq!(earliest, Some(&*fixture.feed.cursor(Sequence::new(5))));
    let foreign = other.cursor(Sequence::ZERO);
    check(foreign, Code::FailedPrecondition, "FOREIGN_CURSOR").await;
}

#[tokio::test]
async fn an_event_that_is_not_what_it_says_is_an_error_and_the_next_one_comes() {
    let fixture = fixture();
    let name = StockReserved::full_name();
    let of_type = |id: &str, data: Option<Any>| Event {
        id: id.to_owned(),
        r#type: name.clone(),
        data,
        ..Event::default()
    };
    let malformed = Any {
        type_url: StockReserved::type_url(),
        value: vec![0xff],
    };
    let other = Any {
        type_url: StockReleased::type_url(),
        value: StockReleased::default().encode_to_vec(),
    };
    let events = vec![
        of_type("empty", None),
        of_type("malformed", Some(malformed)),
        of_type("other", Some(other)),
        reserved(4),
    ];
    append(&fixture.store, &fixture.feed, events).await;
    let served = Served::start(fixture.store.clone(), "127.0.0.1:0").await;
    let mut subscription: Subscription<Reserved> = client(&served).subscribe("orders").of();
    for (id, said) in [
        ("empty", "and carries nothing"),
        ("malformed", "which is malformed"),
        ("other", "and carries a shop.inventory.v1.StockReleased"),
    ] {
        let error = subscription.next().await.unwrap().unwrap_err();
        let Error::UnexpectedData { meta, .. } = &error else {
            panic!("{error}");
        };
        assert_eq!(meta.id, id);
        let expected = format!("event `{id}` is to carry a {name}, {said}");
        assert!(error.to_string().starts_with(&expected), "{error}");
        let cursor = meta.cursor.clone();
        assert_eq!(subscription.cursor(), Some(&*cursor));
    }
    assert_eq!(take(&mut subscription, 1).await, ["4"]);
}

trait TakeIds {
    async fn take_ids(self, count: usize) -> Vec<String>;
}

impl TakeIds for Subscription<Event> {
    async fn take_ids(mut self, count: usize) -> Vec<String> {
        let mut ids = Vec::new();
        while ids.len() < count {
            ids.push(self.next().await.unwrap().unwrap().id);
        }
        ids
    }
}
