//! The FeedService over gRPC: what it answers, and every error that its contract names.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use pavane::feed::v1 as pb;
use pavane::feed::v1::feed_service_client::FeedServiceClient;
use pavane::feed::v1::feed_service_server::FeedServiceServer;
use pavane::feed::v1::subscribe_request::Start;
use pavane::feed::v1::subscribe_response::Message;
use pavane_feed::{Access, Sequence, Service, ServiceOptions, Store};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tokio_util::sync::CancellationToken;
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Code, Status, Streaming};
use tonic_types::StatusExt;

use crate::support::{Fixture, append_numbers, event, fixture, fixture_with, ids};

/// A store served over the loopback.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    pub(crate) shutdown: CancellationToken,
    server: tokio::task::JoinHandle<()>,
}

impl Served {
    /// Serves at this address; port 0: at any.
    pub(crate) async fn start(store: Store, address: &str, options: ServiceOptions) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        let service = Service::new(store, options, shutdown.clone());
        let stopped = shutdown.clone().cancelled_owned();
        let server = tokio::spawn(async move {
            Server::builder()
                .add_service(FeedServiceServer::new(service))
                .serve_with_incoming_shutdown(TcpListenerStream::new(listener), stopped)
                .await
                .unwrap();
        });
        Self {
            address,
            shutdown,
            server,
        }
    }

    pub(crate) fn channel(&self) -> Channel {
        Endpoint::from_shared(format!("http://{}", self.address))
            .unwrap()
            .connect_lazy()
    }

    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        self.server.await.unwrap();
    }
}

async fn serve(fixture: &Fixture) -> (Served, FeedServiceClient<Channel>) {
    let options = ServiceOptions {
        subscribers: 2,
        ..ServiceOptions::default()
    };
    let served = Served::start(fixture.store.clone(), "127.0.0.1:0", options).await;
    let client = FeedServiceClient::new(served.channel());
    (served, client)
}

fn subscribe(feed: &str, start: Option<Start>) -> pb::SubscribeRequest {
    pb::SubscribeRequest {
        feed: feed.to_owned(),
        start,
        ..pb::SubscribeRequest::default()
    }
}

fn publish(feed: &str, events: Vec<pb::Event>) -> pb::PublishRequest {
    pb::PublishRequest {
        feed: feed.to_owned(),
        events,
        ..pb::PublishRequest::default()
    }
}

async fn message(stream: &mut Streaming<pb::SubscribeResponse>) -> Message {
    stream.message().await.unwrap().unwrap().message.unwrap()
}

/// Code, reason and metadata of an error.
fn parts(status: &Status) -> (Code, String, HashMap<String, String>) {
    let info = status
        .get_details_error_info()
        .expect("every error has an ErrorInfo");
    assert_eq!(info.domain, "pavane");
    (status.code(), info.reason, info.metadata)
}

fn check<T>(answer: Result<T, Status>, code: Code, reason: &str) -> HashMap<String, String> {
    let Err(status) = answer else {
        panic!("expected {reason}")
    };
    let (found_code, found_reason, metadata) = parts(&status);
    assert_eq!(
        (found_code, found_reason.as_str()),
        (code, reason),
        "{status}"
    );
    metadata
}

#[tokio::test]
async fn what_is_published_is_streamed_listed_and_described() {
    let fixture = fixture();
    let (_served, mut client) = serve(&fixture).await;
    let request = publish("orders", vec![event("a", 1), event("b", 2)]);
    let published = client.publish(request).await.unwrap().into_inner();
    assert_eq!((published.first_sequence, published.last_sequence), (1, 2));
    assert_eq!(published.durability(), pb::Durability::Synced);

    let mut stream = client
        .subscribe(subscribe("orders", None))
        .await
        .unwrap()
        .into_inner();
    let Message::Started(started) = message(&mut stream).await else {
        panic!("started first")
    };
    assert_eq!(started.head_sequence, 2);
    assert_eq!(started.heartbeat_interval.unwrap().seconds, 5);
    let Message::Batch(batch) = message(&mut stream).await else {
        panic!("then a batch")
    };
    assert_eq!(ids(&batch.events), ["1", "2"]);
    assert_eq!(batch.events[1].cursor, published.cursor);
    assert!(matches!(message(&mut stream).await, Message::CaughtUp(_)));
    client
        .publish(publish("orders", vec![event("a", 3)]))
        .await
        .unwrap();
    let Message::Batch(live) = message(&mut stream).await else {
        panic!("then live")
    };
    assert_eq!(ids(&live.events), ["3"]);

    let after = Some(Start::After(batch.events[0].cursor.clone()));
    let mut resumed = client
        .subscribe(subscribe("orders", after))
        .await
        .unwrap()
        .into_inner();
    assert!(matches!(message(&mut resumed).await, Message::Started(_)));
    let Message::Batch(rest) = message(&mut resumed).await else {
        panic!("a batch")
    };
    assert_eq!(ids(&rest.events), ["2", "3"]);

    let request = pb::GetFeedRequest {
        feed: "orders".to_owned(),
    };
    let feed = client
        .get_feed(request)
        .await
        .unwrap()
        .into_inner()
        .feed
        .unwrap();
    assert_eq!(
        (feed.earliest_sequence, feed.head_sequence, feed.subscribers),
        (1, 3, 2)
    );
    assert!(feed.publishable);
    assert_eq!(feed.earliest_cursor, started.earliest_cursor);
}

#[tokio::test]
async fn pages_of_events_and_feeds_are_complete() {
    let fixture = fixture();
    for name in ["a", "b", "c"] {
        fixture.store.feed(name, Access::Owner).unwrap();
    }
    append_numbers(&fixture.store, &fixture.feed, 1..=25).await;
    let (_served, mut client) = serve(&fixture).await;

    let filter = pb::Filter {
        types: vec!["shop.*".to_owned()],
        ..pb::Filter::default()
    };
    let mut request = pb::ListEventsRequest {
        feed: "orders".to_owned(),
        filter: Some(filter),
        page_size: 10,
        ..pb::ListEventsRequest::default()
    };
    let mut pages = Vec::new();
    loop {
        let page = client
            .list_events(request.clone())
            .await
            .unwrap()
            .into_inner();
        pages.push(page.events.len());
        if page.next_page_token.is_empty() {
            assert_eq!(page.cursor, fixture.feed.cursor(Sequence::new(25)));
            break;
        }
        request.page_token = page.next_page_token;
    }
    assert_eq!(pages, [10, 10, 5]);

    let mut request = pb::ListFeedsRequest {
        page_size: 3,
        ..pb::ListFeedsRequest::default()
    };
    let mut names = Vec::new();
    loop {
        let page = client
            .list_feeds(request.clone())
            .await
            .unwrap()
            .into_inner();
        names.extend(page.feeds.into_iter().map(|feed| feed.name));
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    assert_eq!(names, ["a", "b", "c", "orders"]);

    request.page_token = "never made".to_owned();
    check(
        client.list_feeds(request).await,
        Code::InvalidArgument,
        "INVALID_REQUEST",
    );
    let request = pb::ListEventsRequest {
        feed: "orders".to_owned(),
        page_token: "never made".to_owned(),
        ..pb::ListEventsRequest::default()
    };
    check(
        client.list_events(request).await,
        Code::InvalidArgument,
        "INVALID_REQUEST",
    );
}

#[tokio::test]
async fn errors_of_publish_say_what_to_do() {
    let fixture = fixture();
    fixture.store.feed("owned", Access::Owner).unwrap();
    let (_served, mut client) = serve(&fixture).await;

    let metadata = check(
        client.publish(publish("order", vec![event("o", 1)])).await,
        Code::NotFound,
        "FEED_NOT_FOUND",
    );
    assert_eq!(metadata["nearest"], "orders");
    let answer = client.publish(publish("owned", vec![event("o", 1)])).await;
    check(answer, Code::PermissionDenied, "FEED_OWNER_ONLY");
    check(
        client.publish(publish("orders", vec![])).await,
        Code::InvalidArgument,
        "INVALID_REQUEST",
    );
    let untyped = publish("orders", vec![pb::Event::default()]);
    check(
        client.publish(untyped).await,
        Code::InvalidArgument,
        "INVALID_EVENT",
    );
    let typed = |r#type: &str, traceparent: &str| pb::Event {
        r#type: r#type.to_owned(),
        traceparent: traceparent.to_owned(),
        ..pb::Event::default()
    };
    let spaced = publish("orders", vec![typed("was reserved", "")]);
    check(
        client.publish(spaced).await,
        Code::InvalidArgument,
        "INVALID_REQUEST",
    );
    let untraceable = publish("orders", vec![typed("shop.Reserved", "abc")]);
    check(
        client.publish(untraceable).await,
        Code::InvalidArgument,
        "INVALID_EVENT",
    );
    let many = publish("orders", vec![event("o", 1); 1_025]);
    check(
        client.publish(many).await,
        Code::ResourceExhausted,
        "COMMIT_TOO_LARGE",
    );
    let mut large = event("o", 1);
    large.tracestate = "x".repeat((1 << 20) + 1);
    let large = publish("orders", vec![large]);
    check(
        client.publish(large).await,
        Code::ResourceExhausted,
        "COMMIT_TOO_LARGE",
    );

    let expecting = pb::PublishRequest {
        expected_sequence: Some(7),
        ..publish("orders", vec![event("o", 1)])
    };
    let metadata = check(
        client.publish(expecting).await,
        Code::Aborted,
        "UNEXPECTED_HEAD",
    );
    assert_eq!(metadata["head_sequence"], "0");

    let with_id = |id: &str| pb::PublishRequest {
        request_id: "r".to_owned(),
        ..publish("orders", vec![event("o", id)])
    };
    assert!(
        !client
            .publish(with_id("1"))
            .await
            .unwrap()
            .into_inner()
            .duplicate
    );
    assert!(
        client
            .publish(with_id("1"))
            .await
            .unwrap()
            .into_inner()
            .duplicate
    );
    check(
        client.publish(with_id("2")).await,
        Code::AlreadyExists,
        "REQUEST_ID_REUSED",
    );

    let allow_missing = |feed| pb::PublishRequest {
        allow_missing: true,
        ..publish(feed, vec![event("o", 1)])
    };
    client.publish(allow_missing("fresh")).await.unwrap();
    assert_eq!(
        fixture.store.find_feed("fresh").unwrap().access(),
        Access::Anyone
    );
    check(
        client.publish(allow_missing("owned")).await,
        Code::PermissionDenied,
        "FEED_OWNER_ONLY",
    );
    check(
        client.publish(allow_missing("A B")).await,
        Code::InvalidArgument,
        "INVALID_FEED_NAME",
    );
}

#[tokio::test]
async fn a_full_queue_and_a_closed_store_are_told_apart() {
    let fixture = fixture_with(|options| options.limits.waiting_transactions = 1);
    let wait = Duration::from_millis(10);
    let options = ServiceOptions {
        publish_wait: wait,
        ..ServiceOptions::default()
    };
    let served = Served::start(fixture.store.clone(), "127.0.0.1:0", options).await;
    let mut client = FeedServiceClient::new(served.channel());
    let place = fixture.store.try_reserve().unwrap();
    let answer = client.publish(publish("orders", vec![event("o", 1)])).await;
    check(answer, Code::ResourceExhausted, "TOO_MANY_WAITING_APPENDS");
    drop(place);
    client
        .publish(publish("orders", vec![event("o", 1)]))
        .await
        .unwrap();
    fixture.store.close().await;
    let answer = client.publish(publish("orders", vec![event("o", 1)])).await;
    check(answer, Code::Unavailable, "STORE_CLOSED");
}

#[tokio::test]
async fn errors_of_subscribe_are_never_silence() {
    let fixture = fixture();
    append_numbers(&fixture.store, &fixture.feed, 1..=10).await;
    let other = fixture.store.feed("other", Access::Owner).unwrap();
    fixture.feed.trim(Sequence::new(5)).await.unwrap();
    let (_served, mut client) = serve(&fixture).await;

    let after = |cursor: String| subscribe("orders", Some(Start::After(cursor)));
    let metadata = check(
        client
            .subscribe(after(fixture.feed.cursor(Sequence::new(1))))
            .await,
        Code::OutOfRange,
        "CURSOR_EXPIRED",
    );
    let earliest = after(metadata["earliest_cursor"].clone());
    let mut stream = client.subscribe(earliest).await.unwrap().into_inner();
    message(&mut stream).await;
    let Message::Batch(batch) = message(&mut stream).await else {
        panic!("a batch")
    };
    assert_eq!(batch.events[0].sequence, 6);

    let foreign = after(other.cursor(Sequence::ZERO));
    check(
        client.subscribe(foreign).await,
        Code::FailedPrecondition,
        "FOREIGN_CURSOR",
    );
    let ahead = after(fixture.feed.cursor(Sequence::new(11)));
    check(
        client.subscribe(ahead).await,
        Code::FailedPrecondition,
        "CURSOR_AHEAD",
    );
    let mistyped = after("8f3a".to_owned());
    check(
        client.subscribe(mistyped).await,
        Code::InvalidArgument,
        "INVALID_CURSOR",
    );
    let missing = subscribe("nothing-like-it", None);
    check(
        client.subscribe(missing).await,
        Code::NotFound,
        "FEED_NOT_FOUND",
    );
    let unknown = subscribe("orders", Some(Start::Position(9)));
    check(
        client.subscribe(unknown).await,
        Code::InvalidArgument,
        "INVALID_REQUEST",
    );
    let mut filtered = subscribe("orders", None);
    filtered.filter = Some(pb::Filter {
        types: vec!["a*b".to_owned()],
        ..pb::Filter::default()
    });
    check(
        client.subscribe(filtered).await,
        Code::InvalidArgument,
        "INVALID_REQUEST",
    );
    let mut large = subscribe("orders", None);
    large.max_batch_bytes = (2 << 20) + 1;
    check(
        client.subscribe(large).await,
        Code::InvalidArgument,
        "INVALID_REQUEST",
    );

    let second = client.subscribe(subscribe("orders", None)).await.unwrap();
    let third = client.subscribe(subscribe("orders", None)).await;
    check(third, Code::ResourceExhausted, "TOO_MANY_SUBSCRIBERS");
    drop(second);
}

#[tokio::test]
async fn subscribers_are_told_when_the_server_goes_away() {
    let fixture = fixture();
    append_numbers(&fixture.store, &fixture.feed, 1..=3).await;
    let (served, mut client) = serve(&fixture).await;
    let mut stream = client
        .subscribe(subscribe("orders", None))
        .await
        .unwrap()
        .into_inner();
    while !matches!(message(&mut stream).await, Message::CaughtUp(_)) {}
    let (farewell, ()) = tokio::join!(message(&mut stream), served.stop());
    let Message::Draining(draining) = farewell else {
        panic!("expected draining")
    };
    assert_eq!(draining.cursor, fixture.feed.cursor(Sequence::new(3)));
    assert_eq!(draining.retry_after.unwrap().seconds, 1);
    assert!(stream.message().await.unwrap().is_none());
}
