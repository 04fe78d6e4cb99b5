//! Steps that await events of feeds: of the orchestrator's own store, and of other servers.

use pavane::feed::v1::feed_service_client::FeedServiceClient;
use pavane::feed::v1::{Event, PublishRequest};
use pavane::testing::v1::SecondResponse;
use pavane::workflow::v1::{Execution, ExecutionState, StepState};
use pavane_feed::{Access, Store};
use pavane_orchestrator::Target;
use pavane_server::{Options, Routes, Server, no_fallback};
use prost::Message;
use tempfile::TempDir;
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::Code;
use tonic::transport::Channel;

use crate::support::{Fake, Running, World, check, within};

/// Calls, then awaits an event of the subject that it was given.
const PATIENT: &str = "
name: patient
implements: Run
steps:
  - id: first
    call: First
    request: { payload: input.payload }
  - id: paid
    after: [first]
    await:
      feed: shop
      type: pavane.testing.v1.SecondResponse
      subject: input.payload
      match: data.payload != 'not this'
output: { payload: paid.payload }
";

/// An event about `subject`.
pub(crate) fn event(subject: &str, payload: &str) -> Event {
    let data = SecondResponse {
        payload: payload.to_owned(),
    };
    Event {
        r#type: "pavane.testing.v1.SecondResponse".to_owned(),
        subject: subject.to_owned(),
        data: Some(prost_types::Any {
            type_url: "type.googleapis.com/pavane.testing.v1.SecondResponse".to_owned(),
            value: data.encode_to_vec(),
        }),
        ..Event::default()
    }
}

pub(crate) async fn publish(channel: &Channel, events: Vec<Event>) {
    let request = PublishRequest {
        feed: "shop".to_owned(),
        events,
        allow_missing: true,
        ..PublishRequest::default()
    };
    within(FeedServiceClient::new(channel.clone()).publish(request))
        .await
        .unwrap();
}

/// With the feed there, and the workflow deployed.
async fn world() -> World {
    let world = World::new(Fake::up().await, &[], |_| {}).await;
    publish(
        &world.orchestrator.channel,
        vec![event("nobody", "nothing")],
    )
    .await;
    world.orchestrator.deploy(PATIENT).await.unwrap();
    world
}

async fn begin(orchestrator: &Running, id: &str, payload: &str) {
    orchestrator
        .start_execution("patient", id, payload)
        .await
        .unwrap();
    orchestrator.until(id, is_waiting).await;
}

fn is_waiting(execution: &Execution) -> bool {
    execution.steps[1].state() == StepState::Waiting
}

async fn check_output(orchestrator: &Running, id: &str, expected: &str) {
    let execution = orchestrator.wait(id).await.unwrap();
    assert_eq!(
        execution.state(),
        ExecutionState::Succeeded,
        "{execution:?}"
    );
    let output = execution.output.unwrap();
    let payload = output.fields["payload"].kind.clone().unwrap();
    let expected = prost_types::value::Kind::StringValue(expected.to_owned());
    assert_eq!(payload, expected);
}

#[tokio::test]
async fn the_first_event_that_matches_is_taken() {
    let world = world().await;
    let orchestrator = &world.orchestrator;
    begin(orchestrator, "x-1", "o-1").await;
    begin(orchestrator, "x-2", "o-2").await;
    let events = [
        ("o-3", "other"),
        ("o-1", "not this"),
        ("o-1", "this"),
        ("o-1", "late"),
    ];
    let events = events.map(|(subject, payload)| event(subject, payload));

    publish(&orchestrator.channel, events.into()).await;

    check_output(orchestrator, "x-1", "this").await;
    assert!(is_waiting(&orchestrator.get("x-2").await.unwrap()));
    publish(&orchestrator.channel, vec![event("o-2", "two")]).await;
    check_output(orchestrator, "x-2", "two").await;
}

#[tokio::test]
async fn events_since_the_start_count_and_none_before() {
    let world = world().await;
    let orchestrator = &world.orchestrator;
    publish(&orchestrator.channel, vec![event("o-1", "before")]).await;
    let gate = world.fake.hold("First");
    orchestrator
        .start_execution("patient", "x-1", "o-1")
        .await
        .unwrap();
    world.fake.called("First", 1).await;

    let events = ["not this", "since", "later"];
    publish(
        &orchestrator.channel,
        events.map(|payload| event("o-1", payload)).into(),
    )
    .await;
    gate.open();

    check_output(orchestrator, "x-1", "since").await;
}

#[tokio::test]
async fn what_came_while_nobody_listened_is_found_after_the_start() {
    let mut world = world().await;
    begin(&world.orchestrator, "x-1", "o-1").await;
    world.restart().await;
    begin(&world.orchestrator, "x-2", "o-2").await;

    let events = ["o-2", "o-1"].map(|subject| event(subject, "there"));
    publish(&world.orchestrator.channel, events.into()).await;

    check_output(&world.orchestrator, "x-1", "there").await;
    check_output(&world.orchestrator, "x-2", "there").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn none_of_many_is_missed_while_others_begin() {
    let world = world().await;
    let orchestrator = &world.orchestrator;
    let all = 0..200;
    for number in all.clone() {
        let (id, subject) = (format!("x-{number}"), format!("o-{number}"));
        orchestrator
            .start_execution("patient", &id, &subject)
            .await
            .unwrap();
        publish(&orchestrator.channel, vec![event(&subject, &subject)]).await;
    }
    for number in all {
        check_output(orchestrator, &format!("x-{number}"), &format!("o-{number}")).await;
    }
}

#[tokio::test]
async fn a_feed_that_nobody_knows_is_refused_with_the_nearest() {
    let world = world().await;
    let wrong = PATIENT.replace("feed: shop", "feed: shopp");
    let refused = world.orchestrator.deploy(&wrong).await;
    let message = check(refused, Code::FailedPrecondition, "UNKNOWN_FEED");
    assert!(message.contains("did you mean `shop`?"), "{message}");
}

/// A server with a feed `shop`, until it is dropped.
struct Elsewhere {
    target: Target,
    store: Store,
    _folder: TempDir,
    _running: DropGuard,
}

impl Elsewhere {
    async fn start(address: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let store = Store::open(pavane_feed::Options::new(folder.path())).unwrap();
        store.feed("shop", Access::Anyone).unwrap();
        let server = Server::bind(Options {
            listen: address.parse().unwrap(),
            allow_origins: Vec::new(),
            limits: pavane_server::Limits::default(),
        });
        let server = server.await.unwrap();
        let target = Target::parse(&server.local_addr().to_string()).unwrap();
        let known = server.descriptors();
        let services = ["pavane.feed.v1.FeedService"];
        known
            .set("ours", pavane::descriptor_pool(), services)
            .unwrap();
        let shutdown = CancellationToken::new();
        let options = pavane_feed::ServiceOptions::default();
        let feeds = pavane_feed::Service::new(store.clone(), options, shutdown.clone());
        let routes = Routes::new().add_service(pavane_feed::Server::new(feeds, 4 << 20, 4 << 20));
        let run = server.run(
            routes,
            no_fallback(),
            shutdown.clone(),
            std::time::Duration::ZERO,
        );
        tokio::spawn(run);
        Self {
            target,
            store,
            _folder: folder,
            _running: shutdown.drop_guard(),
        }
    }

    async fn publish(&self, subject: &str, payload: &str) {
        let feed = self.store.find_feed("shop").unwrap();
        let event = event(subject, payload);
        let appended = self.store.transact(move |tx| tx.append(&feed, event));
        within(appended).await.unwrap();
    }
}

#[tokio::test]
async fn a_feed_elsewhere_that_goes_away_and_starts_over_is_told_of_and_read_again() {
    let elsewhere = Elsewhere::start("127.0.0.1:0").await;
    let target = elsewhere.target.clone();
    let world = World::new(Fake::up().await, &[PATIENT], |options| {
        options.feeds.insert("shop".to_owned(), target);
    })
    .await;
    let orchestrator = &world.orchestrator;
    begin(orchestrator, "x-1", "o-1").await;
    begin(orchestrator, "x-2", "o-2").await;
    elsewhere.publish("o-1", "one").await;
    check_output(orchestrator, "x-1", "one").await;

    let address = elsewhere.target.to_string();
    drop(elsewhere);
    let is_away = |execution: &Execution| execution.waits.iter().any(|wait| !wait.reachable);
    let away = orchestrator.until("x-2", is_away).await;
    assert_eq!(away.waits[0].cause_source, "/shop");
    assert_eq!(away.incidents[0].reason, "FEED_UNREACHABLE");

    // Another feed, in the same place.
    let elsewhere = Elsewhere::start(&address).await;
    let has_started_over = |execution: &Execution| {
        let mut incidents = execution.incidents.iter();
        incidents.any(|incident| incident.reason == "FEED_STARTED_OVER")
    };
    orchestrator.until("x-2", has_started_over).await;
    elsewhere.publish("o-2", "two").await;
    check_output(orchestrator, "x-2", "two").await;
}
