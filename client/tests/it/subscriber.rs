//! The subscriber of a feed of another process: it goes on through restarts, and stops only when
//! going on makes no sense.

use std::pin::Pin;
use std::time::Duration;

use futures_util::{Stream, StreamExt, stream};
use pavane::feed::v1 as pb;
use pavane::feed::v1::feed_service_server::{FeedService, FeedServiceServer};
use pavane::feed::v1::subscribe_response::{Message, Started};
use pavane::feed::v1::{Event, Filter};
use pavane_client::{Start, Subscriber, SubscriberOptions, Update};
use pavane_feed::{Access, Sequence, Store};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::{Endpoint, Server};
use tonic::{Code, Request, Response, Status};

use crate::support::{Fixture, Served, append, append_numbers, event, fixture, ids, options};

fn subscriber(served: &Served) -> Subscriber {
    Subscriber::new(served.channel(), "orders").with_options(SubscriberOptions {
        initial_backoff: Duration::from_millis(5),
        max_backoff: Duration::from_millis(50),
        ..SubscriberOptions::default()
    })
}

async fn next(subscriber: &mut Subscriber) -> Update {
    subscriber
        .next()
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

/// Accepts every subscription, and then says no more.
struct Mute;

#[tonic::async_trait]
impl FeedService for Mute {
    type SubscribeStream =
        Pin<Box<dyn Stream<Item = Result<pb::SubscribeResponse, Status>> + Send>>;

    async fn subscribe(
        &self,
        _: Request<pb::SubscribeRequest>,
    ) -> Result<Response<Self::SubscribeStream>, Status> {
        let heartbeat = prost_types::Duration {
            seconds: 0,
            nanos: 5_000_000,
        };
        let started = Started {
            heartbeat_interval: Some(heartbeat),
            ..Started::default()
        };
        let started = pb::SubscribeResponse {
            message: Some(Message::Started(started)),
        };
        let stream = stream::once(async { Ok(started) }).chain(stream::pending());
        Ok(Response::new(Box::pin(stream)))
    }

    async fn publish(
        &self,
        _: Request<pb::PublishRequest>,
    ) -> Result<Response<pb::PublishResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn get_feed(
        &self,
        _: Request<pb::GetFeedRequest>,
    ) -> Result<Response<pb::GetFeedResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn list_feeds(
        &self,
        _: Request<pb::ListFeedsRequest>,
    ) -> Result<Response<pb::ListFeedsResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn list_events(
        &self,
        _: Request<pb::ListEventsRequest>,
    ) -> Result<Response<pb::ListEventsResponse>, Status> {
        Err(Status::unimplemented(""))
    }
}

#[tokio::test]
async fn a_server_that_is_silent_for_two_heartbeats_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = Server::builder()
        .add_service(FeedServiceServer::new(Mute))
        .serve_with_incoming(TcpListenerStream::new(listener));
    let server = tokio::spawn(server);
    let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
    let mut subscriber = Subscriber::new(endpoint.connect_lazy(), "orders");
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
    server.abort();
}
