//! Where is my order? What an execution that waits says of itself, and who is told.

use pavane::workflow::v1::execution_service_client::ExecutionServiceClient;
use pavane::workflow::v1::{
    ExecutionState, Incident, ListExecutionsRequest, StepCompleted, WatchExecutionRequest,
    WatchExecutionResponse,
};
use pavane_tests::process::Process;
use pavane_tests::shop::{Role, Setup, Shop};
use pavane_tests::tail::Tail;
use prost::Name;
use tonic::Streaming;

use crate::steps::{client, completes, open_shop, sound_orders, wait_all};

/// Its shipping is expected within a second.
const WORKFLOW: &str = "tests/tests/choreography/place-order-soon.yaml";

async fn next_incident(watching: &mut Streaming<WatchExecutionResponse>) -> Incident {
    loop {
        let next = watching.message().await.expect("the stream goes on");
        let next = next.expect("the execution has not ended");
        if let Some(incident) = next.incident {
            return incident;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_waits_says_for_what_and_for_whom_and_stalls_in_public() {
    let setup = Setup {
        workflows: vec![WORKFLOW],
        ..Setup::default()
    };
    let mut shop = open_shop(setup).await;
    let orders = sound_orders(1);
    let [patient] = &orders[..] else {
        unreachable!("there is one")
    };
    let id = &patient.order_id;
    shop.kill(Role::Shipping).await;

    let mut client = client(&shop);
    client.start(patient).await.expect("it can be started");
    let mut executions = ExecutionServiceClient::new(shop.channel(Role::Orchestrator));
    let request = WatchExecutionRequest {
        execution_id: id.clone(),
    };
    let watching = executions.watch_execution(request).await;
    let mut watching = watching.expect("it is known").into_inner();
    let incident = next_incident(&mut watching).await;
    assert_eq!(incident.reason, "PARTICIPANT_UNREACHABLE", "{incident:?}");
    assert_eq!(
        (&*incident.step, &*incident.participant),
        ("ship", "shipping")
    );
    assert!(incident.message.contains("shipping"), "{incident:?}");

    // The event that it waits for somebody to react to, as its feed has it.
    let mut payment = Tail::start(shop.channel(Role::Payment), "payment").await;
    let events = payment.until(1, |event| completes(event, "charge")).await;
    let cause = events.last().expect("there is one").clone();
    let execution = client.get(id).await.expect("it is known");
    assert_eq!(execution.state(), ExecutionState::Running);
    assert_eq!(execution.incidents, [incident]);
    let [wait] = &execution.waits[..] else {
        panic!("waits for {:?}", execution.waits)
    };
    assert_eq!(
        (&*wait.step, &*wait.participant, wait.compensation),
        ("ship", "shipping", false)
    );
    assert_eq!(wait.cause_id, cause.id);
    assert_eq!(wait.cause_type, StepCompleted::full_name());
    assert_eq!(wait.cause_source, "/payment");
    assert_eq!(wait.cause_sequence, cause.sequence);
    assert_eq!(wait.since_time, cause.time);
    assert_eq!(wait.target, shop.address(Role::Shipping));
    assert!(!wait.reachable, "{wait:?}");
    assert!(wait.unreachable_since_time.is_some(), "{wait:?}");
    assert!(!wait.unreachable_reason.is_empty(), "{wait:?}");
    assert!(wait.expected_time.is_some(), "{wait:?}");

    let stalled = ListExecutionsRequest {
        stalled: true,
        ..ListExecutionsRequest::default()
    };
    let listed = executions
        .list_executions(stalled.clone())
        .await
        .expect("it can be listed");
    let listed = listed.into_inner().executions;
    let [listed] = &listed[..] else {
        panic!("listed {listed:?}")
    };
    assert_eq!((&listed.id, &listed.waits), (id, &execution.waits));
    let said = pavane(&shop, &["list", "--stalled"]).await;
    assert!(said.contains(id) && said.contains("shipping"), "{said}");
    let said = pavane(&shop, &["trace", id]).await;
    assert!(
        said.contains("STALLED") && said.contains(&shop.address(Role::Shipping)),
        "{said}"
    );

    // Who begins to watch now is told of it too.
    let request = WatchExecutionRequest {
        execution_id: id.clone(),
    };
    let late = executions
        .watch_execution(request)
        .await
        .expect("it is known");
    next_incident(&mut late.into_inner()).await;

    shop.revive(Role::Shipping).await;
    wait_all(&shop, &orders, |_| true).await;
    let execution = client.get(id).await.expect("it is known");
    assert_eq!(
        (execution.waits, execution.incidents),
        (Vec::new(), Vec::new())
    );
    let listed = executions
        .list_executions(stalled)
        .await
        .expect("it can be listed");
    assert_eq!(listed.into_inner().executions, []);
}

/// What the command prints.
async fn pavane(shop: &Shop, arguments: &[&str]) -> String {
    let server = shop.address(Role::Orchestrator);
    let arguments = arguments.iter().copied().chain(["--server", &server]);
    let ended = Process::start("pavane", arguments).ended().await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    ended.stdout
}
