//! What is held back: too many calls, and calls of a target that is not there.

use std::sync::Arc;
use std::time::Duration;

use pavane_calls::{BreakerOptions, Calls, Limits, State, Targets};
use pavane_flow::driver::CallFailure;
use tokio::task::JoinHandle;
use tonic::Code;

use crate::support::{
    Answer, Echo, Given, SERVICE, call_of, calls, calls_within, echo, pass, refusal, within,
};

/// A call in a task of its own.
fn begin(calls: &Arc<Calls>) -> JoinHandle<Answer> {
    let calls = Arc::clone(calls);
    tokio::spawn(async move { echo(&calls).await })
}

fn assert_held_back(failed: &CallFailure, code: Code) {
    assert_eq!(failed.failure.code, code as i32, "{failed:?}");
    assert!(failed.held_back && !failed.sent, "{failed:?}");
    assert!(failed.retry_after.is_some(), "{failed:?}");
}

#[tokio::test]
async fn only_what_is_configured_is_called() {
    let server = Echo::plain().await;
    let calls = calls(server.target(""));
    let answer = call_of(&calls, "acme.v1.OtherService", Given::default()).await;
    let failure = answer.expect_err("it is not configured").failure;
    let expected = "no target is configured for `acme.v1.OtherService`";
    assert_eq!(failure.message, expected);
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn more_calls_than_may_wait_are_held_back() {
    let server = Echo::start("127.0.0.1:0", None).await;
    let mut target = server.target("");
    (target.calls, target.queue) = (Some(2), Some(1));
    let calls = Arc::new(calls(target));
    let in_flight = [begin(&calls), begin(&calls)];
    server.called(2).await;
    let waiting = begin(&calls);
    within(async {
        while calls.health()[0].waiting == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let failed = refusal(&calls).await;
    assert_held_back(&failed, Code::ResourceExhausted);
    let address = server.address;
    let expected =
        format!("1 calls wait for {address} already, the most that may, besides 2 in flight");
    assert_eq!(failed.failure.message, expected);

    let health = &calls.health()[0];
    assert_eq!((health.in_flight, health.calls), (2, 2));
    assert_eq!((health.waiting, health.queue), (1, 1));
    assert_eq!((health.totals.calls, health.totals.held_back), (2, 1));
    server.answer(3);
    for call in in_flight.into_iter().chain([waiting]) {
        within(call).await.unwrap().unwrap();
    }
    let health = &calls.health()[0];
    assert_eq!((health.in_flight, health.waiting), (0, 0));
    assert_eq!(health.state, State::Connected);
    assert!(health.last_answer.is_some());
}

#[tokio::test]
async fn a_target_that_is_not_there_is_left_alone_and_tried_again() {
    let server = Echo::plain().await;
    let (address, target) = (server.address.to_string(), server.target(""));
    drop(server);
    let limits = Limits {
        breaker: BreakerOptions {
            failures: 2,
            pause: Duration::from_secs(60),
            max_pause: Duration::from_secs(60),
        },
        ..Limits::default()
    };
    let calls = calls_within(target, limits);
    assert_eq!(calls.health()[0].state, State::Unused);
    let problem = format!("cannot connect to {address}: connection refused");
    for _ in 0..2 {
        let failed = refusal(&calls).await;
        assert_eq!(failed.failure.message, problem);
        assert!(!failed.held_back && !failed.sent, "{failed:?}");
    }
    let failed = refusal(&calls).await;
    assert_held_back(&failed, Code::Unavailable);
    let expected = format!("{address} is left alone for a while: {problem}");
    assert_eq!(failed.failure.message, expected);
    let health = &calls.health()[0];
    assert!(matches!(health.state, State::Open { .. }), "{health:?}");
    assert_eq!(health.loss.as_ref().unwrap().error, problem);
    assert_eq!((health.totals.calls, health.totals.failures), (2, 2));

    let server = Echo::start(&address, None).await;
    server.answer(2);
    assert_held_back(&refusal(&calls).await, Code::Unavailable);
    assert_eq!(server.connections(), 0, "it is left alone");
    pass(Duration::from_secs(60)).await;
    echo(&calls).await.unwrap();
    assert_eq!(calls.health()[0].state, State::Trying);
    assert_eq!(calls.health()[0].loss, None);
    echo(&calls).await.unwrap();
}

#[tokio::test]
async fn services_share_a_connection_only_if_all_is_equal() {
    let server = Echo::plain().await;
    let mut targets = Targets::default();
    let mut other = server.target("");
    other.calls = Some(7);
    targets.set("a.v1.A", server.target(""));
    targets.set("b.v1.B", server.target(""));
    targets.set("c.v1.C", other);
    let calls = Calls::new(targets, Limits::default()).unwrap();
    for (service, connections) in [("a.v1.A", 1), ("b.v1.B", 1), ("c.v1.C", 2)] {
        call_of(&calls, service, Given::default()).await.unwrap();
        assert_eq!(server.connections(), connections, "{service}");
    }
    let services: Vec<_> = calls.health().into_iter().map(|one| one.services).collect();
    assert_eq!(services, [vec!["a.v1.A", "b.v1.B"], vec!["c.v1.C"]]);
}

#[tokio::test]
async fn a_call_that_gets_no_answer_may_have_happened() {
    let server = Echo::start("127.0.0.1:0", None).await;
    let calls = calls(server.target(""));
    let given = Given {
        timeout: Some(Duration::from_millis(50)),
        ..Given::default()
    };
    let answer = call_of(&calls, SERVICE, given).await;
    let failed = answer.expect_err("nothing is answered");
    assert_eq!(failed.failure.code, Code::DeadlineExceeded as i32);
    assert!(failed.sent && failed.is_ambiguous());
}
