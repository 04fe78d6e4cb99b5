//! The subscriber of a feed of another process: it goes on through restarts, and stops only when
//! going on makes no sense.

use std::time::Duration;

use pavane::feed::v1::subscribe_request::Start as RequestedStart;
use pavane::feed::v1::subscribe_response::{Draining, Message};
use pavane::feed::v1::{Event, Filter, StartPosition};
use pavane_client::{Start, Subscriber, SubscriberOptions, Update};
use pavane_feed::{Access, Sequence, Store};
use tokio::net::TcpListener;
use tonic::transport::Endpoint;
use tonic::{Code, Status};

use crate::scripted::{LONG, MOMENT, Scripted, Turn, started};
use crate::support::{
    Fixture, Served, append, append_numbers, event, fixture, ids, options, within,
};

fn subscriber(served: &Served) -> Subscriber {
    Subscriber::new(served.channel(), "orders").with_options(SubscriberOptions {
        initial_backoff: Duration::from_millis(5),
        max_backoff: Duration::from_millis(50),
        ..SubscriberOptions::default()
    })
}

async fn next(subscriber: &mut Subscriber) -> Update {
    within(subscriber.next())
        .await
        .expect("the subscriber is over")
        .unwrap()
}

async fn take(subscriber: &mut Subscriber, count: usize) -> Vec<Event> {
    let mut events = Vec::new();
    while events.len() < count {
        if let Update::Events(more) = next(subscriber).await {
            events.extend(more);
        }
    }
    events
}

async fn until_over(mut subscriber: Subscriber) -> Status {
    loop {
        if let Err(status) = subscriber.next().await.expect("an error comes first") {
            assert!(subscriber.next().await.is_none());
            return status;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscriber_goes_on_where_it_was_when_the_server_comes_back() {
    let fixture = fixture();
    append_numbers(&fixture.store, &fixture.feed, 1..=10).await;
    let served = Served::start(fixture.store.clone(), "127.0.0.1:0").await;
    let address = served.address.to_string();
    let mut subscriber = subscriber(&served);
    let Update::Connected { head_sequence: 10 } = next(&mut subscriber).await else {
        panic!("expected to be connected");
    };
    take(&mut subscriber, 10).await;
    assert_eq!(
        subscriber.cursor(),
        Some(fixture.feed.cursor(Sequence::new(10)).as_str())
    );

    let mut last = 10;
    let Fixture {
        folder,
        mut store,
        feed,
    } = fixture;
    drop(feed);
    let mut served = served;
    for _ in 0..3 {
        served.stop().await;
        store.close().await;
        store = Store::open(options(folder.path())).unwrap();
        let feed = store.find_feed("orders").unwrap();
        append_numbers(&store, &feed, last + 1..=last + 10).await;
        served = Served::start(store.clone(), &address).await;
        append_numbers(&store, &feed, last + 11..=last + 20).await;
        let events = take(&mut subscriber, 20).await;
        let sequences: Vec<_> = events.iter().map(|event| event.sequence).collect();
        assert_eq!(sequences, (last + 1..=last + 20).collect::<Vec<_>>());
        last += 20;
    }
}

#[tokio::test]
async fn latest_means_the_first_connection() {
    let fixture = fixture();
    append_numbers(&fixture.store, &fixture.feed, 1..=3).await;
    let served = Served::start(fixture.store.clone(), "127.0.0.1:0").await;
    let address = served.address.to_string();
    let mut subscriber = subscriber(&served).with_start(Start::Latest);
    assert!(matches!(
        next(&mut subscriber).await,
        Update::Connected { .. }
    ));
    served.stop().await;
    append_numbers(&fixture.store, &fixture.feed, 4..=4).await;
    let _served = Served::start(fixture.store.clone(), &address).await;
    assert_eq!(ids(&take(&mut subscriber, 1).await), ["4"]);
}

#[tokio::test]
async fn only_what_passes_the_filter_comes_and_the_position_moves_on() {
    let fixture = fixture();
    append(
        &fixture.store,
        &fixture.feed,
        vec![event("a", 1), event("b", 2)],
    )
    .await;
    append(&fixture.store, &fixture.feed, vec![event("b", 3)]).await;
    let served = Served::start(fixture.store.clone(), "127.0.0.1:0").await;
    let filter = Filter {
        subjects: vec!["a".to_owned()],
        ..Filter::default()
    };
    let mut subscriber = subscriber(&served).with_filter(filter);
    assert_eq!(ids(&take(&mut subscriber, 1).await), ["1"]);
    assert!(matches!(next(&mut subscriber).await, Update::CaughtUp));
    assert_eq!(
        subscriber.cursor(),
        Some(fixture.feed.cursor(Sequence::new(3)).as_str())
    );
}

#[tokio::test]
async fn errors_that_waiting_cannot_cure_end_the_subscriber() {
    let fixture = fixture();
    append_numbers(&fixture.store, &fixture.feed, 1..=10).await;
    fixture.feed.trim(Sequence::new(5)).await.unwrap();
    let other = fixture.store.feed("other", Access::Owner).unwrap();
    let served = Served::start(fixture.store.clone(), "127.0.0.1:0").await;
    let check = async |cursor: String, code: Code| {
        let subscriber = subscriber(&served).with_start(Start::After(cursor));
        assert_eq!(until_over(subscriber).await.code(), code);
    };
    check(fixture.feed.cursor(Sequence::new(1)), Code::OutOfRange).await;
    check(other.cursor(Sequence::ZERO), Code::FailedPrecondition).await;
    check("mistyped".to_owned(), Code::InvalidArgument).await;
    let missing = until_over(Subscriber::new(served.channel(), "missing")).await;
    assert_eq!(missing.code(), Code::NotFound);
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    // Takes the connection and says nothing.
    let silent = tokio::spawn(async move { listener.accept().await });
    let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
    let options = SubscriberOptions {
        connect_timeout: Duration::from_millis(20),
        ..SubscriberOptions::default()
    };
    let mut subscriber = Subscriber::new(endpoint.connect_lazy(), "orders").with_options(options);
    let Update::Disconnected { status, .. } = next(&mut subscriber).await else {
        panic!("expected to be disconnected");
    };
    assert_eq!(status.message(), "no answer to Subscribe");
    drop(silent.await);
}

#[tokio::test]
async fn a_server_that_is_silent_for_two_heartbeats_is_given_up() {
    let turn = || Turn::new([started(MOMENT)]).and_silence();
    let scripted = Scripted::start([turn(), turn()]).await;
    let mut subscriber = Subscriber::new(scripted.channel(), "orders");
    assert!(matches!(
        next(&mut subscriber).await,
        Update::Connected { .. }
    ));
    let Update::Disconnected { status, .. } = next(&mut subscriber).await else {
        panic!("expected to be disconnected");
    };
    assert_eq!(status.message(), "the server was silent for two heartbeats");
    assert!(matches!(
        next(&mut subscriber).await,
        Update::Connected { .. }
    ));
}

#[tokio::test]
async fn a_server_that_drains_says_where_and_when_to_go_on() {
    let draining = Message::Draining(Draining {
        cursor: "there".to_owned(),
        retry_after: Some(MOMENT),
    });
    let turns = [
        Turn::new([started(LONG), draining]),
        Turn::new([started(LONG)]).and_silence(),
    ];
    let scripted = Scripted::start(turns).await;
    let mut subscriber = Subscriber::new(scripted.channel(), "orders");
    next(&mut subscriber).await;
    let Update::Disconnected { retry_after, .. } = next(&mut subscriber).await else {
        panic!("expected to be disconnected");
    };
    assert!(retry_after >= Duration::from_millis(5), "{retry_after:?}");
    assert!(matches!(
        next(&mut subscriber).await,
        Update::Connected { .. }
    ));
    let asked = scripted.requests();
    let starts: Vec<_> = asked
        .into_iter()
        .map(|request| request.start.unwrap())
        .collect();
    assert_eq!(
        starts,
        [
            RequestedStart::Position(StartPosition::Earliest.into()),
            RequestedStart::After("there".to_owned())
        ]
    );
}

#[tokio::test]
async fn what_a_server_asks_to_wait_is_waited_even_if_it_is_more_than_the_backoff() {
    let busy = pavane::error::Details::new().retry_after(Duration::from_secs(40));
    let busy = busy.status(Code::ResourceExhausted, "TOO_MANY_SUBSCRIBERS", "busy");
    let scripted = Scripted::start([Turn::new([]).and_error(busy)]).await;
    let mut subscriber = Subscriber::new(scripted.channel(), "orders");
    let Update::Disconnected { retry_after, .. } = next(&mut subscriber).await else {
        panic!("expected to be disconnected");
    };
    assert_eq!(retry_after, Duration::from_secs(40));
}

#[tokio::test]
async fn times_of_a_server_that_are_absurd_are_bounded() {
    let absurd = prost_types::Duration {
        seconds: i64::MAX,
        nanos: 0,
    };
    let draining = Message::Draining(Draining {
        cursor: String::new(),
        retry_after: Some(absurd),
    });
    let scripted = Scripted::start([Turn::new([started(absurd), draining])]).await;
    let mut subscriber = Subscriber::new(scripted.channel(), "orders");
    next(&mut subscriber).await;
    let Update::Disconnected { retry_after, .. } = next(&mut subscriber).await else {
        panic!("expected to be disconnected");
    };
    assert!(retry_after <= Duration::from_secs(600), "{retry_after:?}");
}

#[tokio::test]
async fn as_many_failures_in_a_row_as_are_allowed_end_the_subscriber() {
    let turns = [
        Turn::new([]).and_error(Status::unavailable("first")),
        Turn::new([started(LONG)]),
        Turn::new([]).and_error(Status::unavailable("second")),
        Turn::new([]).and_error(Status::unavailable("third")),
    ];
    let scripted = Scripted::start(turns).await;
    let options = SubscriberOptions {
        initial_backoff: Duration::from_millis(1),
        max_failures: Some(3),
        ..SubscriberOptions::default()
    };
    let subscriber = Subscriber::new(scripted.channel(), "orders").with_options(options);
    // The connection that was made was lost as well: that is one of the three.
    assert_eq!(until_over(subscriber).await.message(), "third");
}
