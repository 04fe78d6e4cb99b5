//! SIGTERM: calls in flight end and are recorded, and the next process goes on from there.

use std::time::{Duration, Instant};

use pavane::feed::v1::Event;
use pavane::shop::order::v1::order_service_client::OrderServiceClient;
use pavane::testing::v1::fault_service_client::FaultServiceClient;
use pavane::testing::v1::{AddFaultRequest, ListCallsRequest};
use pavane::workflow::v1::execution_service_client::ExecutionServiceClient;
use pavane::workflow::v1::{
    ExecutionState, StepCompleted, WaitExecutionRequest, WatchExecutionRequest,
};
use pavane_tests::shop::{Role, Shop};
use pavane_tests::{journal, orders};
use prost::{Message, Name};
use tonic::{Code, Request};

/// How long calls in flight may go on, and a little more.
const BOUND: Duration = Duration::from_secs(12);
/// Longer than anything else takes here, much shorter than the bound.
const CHARGE_TAKES: Duration = Duration::from_millis(1_500);
const ID: &str = "in-flight";

fn completed(event: &Event) -> Option<String> {
    let data = event.data.as_ref()?;
    let is_completion = event.r#type == StepCompleted::full_name();
    is_completion.then(|| {
        StepCompleted::decode(&data.value[..])
            .expect("it is one")
            .step
    })
}

#[tokio::test]
async fn sigterm_lets_calls_in_flight_end_and_records_them() {
    let mut shop = Shop::start().await;
    shop.stock_up(orders::catalog()).await;
    let mut payment = FaultServiceClient::new(shop.channel(Role::Payment));
    let slow = AddFaultRequest {
        method: "shop.payment.v1.PaymentService/ChargeCard".to_owned(),
        count: 1,
        delay: Some(CHARGE_TAKES.try_into().expect("it fits")),
        ..AddFaultRequest::default()
    };
    payment.add_fault(slow).await.expect("faults are allowed");

    let mut request = Request::new(orders::sound(orders::order(0, 0)));
    request
        .metadata_mut()
        .insert(pavane::metadata::EXECUTION_ID, ID.parse().expect("ASCII"));
    let mut front_door = OrderServiceClient::new(shop.channel(Role::Orchestrator));
    let placing = tokio::spawn(async move { front_door.place_order(request).await });

    // As soon as `reserve` is recorded, `charge` is called.
    let mut executions = ExecutionServiceClient::new(shop.channel(Role::Orchestrator));
    let request = WatchExecutionRequest {
        execution_id: ID.to_owned(),
    };
    let mut events = loop {
        match executions.watch_execution(request.clone()).await {
            Ok(stream) => break stream.into_inner(),
            // The order is still on its way in.
            Err(status) => assert_eq!(status.code(), Code::NotFound, "{status:?}"),
        }
    };
    loop {
        let next = events.message().await.expect("the stream goes on");
        let event = next
            .and_then(|next| next.event)
            .expect("there is more to come");
        if completed(&event).as_deref() == Some("reserve") {
            break;
        }
    }

    let signal = Instant::now();
    shop.process(Role::Orchestrator).terminate().await;
    let ended = shop.end(Role::Orchestrator).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(signal.elapsed() < BOUND, "it took {:?}", signal.elapsed());
    // The caller had its answer, or was told that the server is going.
    let answer = placing.await.expect("the client does not panic");
    if let Err(status) = answer {
        assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    }

    shop.spawn(Role::Orchestrator);
    shop.serving(Role::Orchestrator).await;
    let request = WaitExecutionRequest {
        execution_id: ID.to_owned(),
        timeout: None,
    };
    let mut executions = ExecutionServiceClient::new(shop.channel(Role::Orchestrator));
    let waited = executions
        .wait_execution(request)
        .await
        .expect("it is known")
        .into_inner();
    let execution = waited.execution.expect("it is described");
    assert_eq!(
        execution.state(),
        ExecutionState::Succeeded,
        "{execution:?}"
    );

    let calls = payment
        .list_calls(ListCallsRequest::default())
        .await
        .expect("calls are counted");
    let calls = calls.into_inner().calls;
    assert_eq!(
        calls.iter().map(|call| call.calls).collect::<Vec<_>>(),
        [1],
        "{calls:?}"
    );
    let events = journal::read(shop.channel(Role::Orchestrator), "orchestrator").await;
    let steps: Vec<_> = events.iter().filter_map(completed).collect();
    assert_eq!(steps, ["reserve", "charge", "ship"]);
}
