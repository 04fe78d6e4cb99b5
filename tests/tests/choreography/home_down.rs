//! Nobody conducts: once they are started and heard of, orders go on without their home, and it
//! has only to write down what became of them.

use pavane::shop::order::v1::PlaceOrderRequest;
use pavane::testing::v1::fault_service_client::FaultServiceClient;
use pavane::testing::v1::{AddFaultRequest, ClearFaultsRequest, FaultMoment};
use pavane_tests::orders;
use pavane_tests::shop::{Role, SERVICES, Setup};
use pavane_tests::tail::Tail;
use pavane_tests::until;
use tonic::Code;

use crate::steps::{STEPS, completes, describe, open_shop, start_all, undoes, wait_all};

const ORDERS: usize = 200;

fn card_is_good(order: &PlaceOrderRequest) -> bool {
    *order
        == PlaceOrderRequest {
            card_token: orders::sound(order.clone()).card_token,
            ..order.clone()
        }
}

fn succeeds(order: &PlaceOrderRequest) -> bool {
    *order == orders::sound(order.clone())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_go_on_while_their_home_is_dead_and_their_outcomes_are_recorded_when_it_is_back() {
    let mut shop = open_shop(Setup::default()).await;
    let orders: Vec<_> = (1..=ORDERS)
        .map(|number| orders::order(7, number))
        .collect();
    let charged = orders.iter().filter(|order| card_is_good(order)).count();
    let shipped = orders.iter().filter(|order| succeeds(order)).count();
    assert!(
        shipped < charged && charged < ORDERS,
        "the orders have some of each kind"
    );

    // Nothing is reserved before everybody has heard of all orders, and the home is dead.
    let mut inventory = FaultServiceClient::new(shop.channel(Role::Inventory));
    let busy = AddFaultRequest {
        method: "shop.inventory.v1.InventoryService/ReserveStock".to_owned(),
        count: 1_000_000,
        code: Code::Unavailable as u32,
        moment: FaultMoment::Before.into(),
        ..AddFaultRequest::default()
    };
    inventory.add_fault(busy).await.expect("faults are allowed");
    start_all(&shop, &orders).await;
    for role in SERVICES {
        let has_all = |described: &pavane::workflow::v1::GetParticipantResponse| {
            described.executions == ORDERS as u64
        };
        until(|| describe(&shop, role), has_all).await;
    }
    shop.kill(Role::Orchestrator).await;
    let cleared = inventory.clear_faults(ClearFaultsRequest {}).await;
    cleared.expect("faults are allowed");

    // Each feed tells of all steps, and of all that was undone.
    let counts = [
        (ORDERS, ORDERS - shipped),
        (charged, charged - shipped),
        (shipped, 0),
    ];
    for ((step, role), (done, undone)) in STEPS.into_iter().zip(counts) {
        let mut tail = Tail::start(shop.channel(role), role.name()).await;
        tail.until(done, |event| completes(event, step)).await;
        let events = tail.until(undone, |event| undoes(event, step)).await;
        let all = events.iter().filter(|event| completes(event, step)).count();
        assert_eq!(all, done, "{step}");
    }

    shop.revive(Role::Orchestrator).await;
    wait_all(&shop, &orders, succeeds).await;
    for role in SERVICES {
        until(
            || describe(&shop, role),
            |described| described.executions == 0,
        )
        .await;
    }
}
