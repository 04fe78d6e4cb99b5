//! What the tests of this folder share: many orders at once, and the events of their steps.

use futures_util::future::try_join_all;
use pavane::feed::v1::Event;
use pavane::shop::order::v1::PlaceOrderRequest;
use pavane::workflow::v1::participant_service_client::ParticipantServiceClient;
use pavane::workflow::v1::{
    GetParticipantRequest, GetParticipantResponse, Mode, StepCompensated, StepCompleted,
};
use pavane_tests::errands::Client;
use pavane_tests::orders;
use pavane_tests::shop::{Role, Setup, Shop};
use prost::{Message, Name};

/// Steps of one order, in their order, and who performs each.
pub(crate) const STEPS: [(&str, Role); 3] = [
    ("reserve", Role::Inventory),
    ("charge", Role::Payment),
    ("ship", Role::Shipping),
];
/// Orders that are started at the same time.
const AT_ONCE: usize = 64;

/// A client whose orders are choreographed.
pub(crate) fn client(shop: &Shop) -> Client {
    Client::new(shop.channel(Role::Orchestrator), Mode::Choreographed)
}

/// A shop that is stocked up, and all of whose participants are prepared.
pub(crate) async fn open_shop(setup: Setup) -> Shop {
    let shop = Shop::start_with(setup).await;
    stock_up(&shop).await;
    shop.prepared().await;
    shop
}

/// Orders with a good card and an address that is served.
pub(crate) fn sound_orders(count: usize) -> Vec<PlaceOrderRequest> {
    let order = |number| orders::sound(orders::order(0, number));
    (1..=count).map(order).collect()
}

/// So much of each article that it never runs out.
pub(crate) async fn stock_up(shop: &Shop) {
    let plenty = orders::catalog().into_iter().map(|mut item| {
        item.available = 1_000_000;
        item
    });
    shop.stock_up(plenty).await;
}

/// Starts all of them; they are durable when this returns.
pub(crate) async fn start_all(shop: &Shop, orders: &[PlaceOrderRequest]) {
    for some in orders.chunks(AT_ONCE) {
        let starting = some.iter().map(|order| {
            let mut client = client(shop);
            async move { client.start(order).await }
        });
        let started = try_join_all(starting).await;
        started.unwrap_or_else(|status| panic!("cannot start: {status:?}"));
    }
}

/// Waits for the outcomes; each must be this.
pub(crate) async fn wait_all(
    shop: &Shop,
    orders: &[PlaceOrderRequest],
    succeeds: impl Fn(&PlaceOrderRequest) -> bool,
) {
    let mut client = client(shop);
    for order in orders {
        let outcome = client.wait(&order.order_id).await.expect("it is known");
        let outcome = outcome.unwrap_or_else(|| panic!("{} has no outcome", order.order_id));
        assert_eq!(
            outcome.is_ok(),
            succeeds(order),
            "{}: {outcome:?}",
            order.order_id
        );
    }
}

/// How a participant stands.
pub(crate) async fn describe(shop: &Shop, role: Role) -> GetParticipantResponse {
    let mut client = ParticipantServiceClient::new(shop.channel(role));
    let answer = client.get_participant(GetParticipantRequest {}).await;
    answer
        .unwrap_or_else(|status| panic!("{}: {status:?}", role.name()))
        .into_inner()
}

/// Whether an event says that this step is completed.
pub(crate) fn completes(event: &Event, step: &str) -> bool {
    event.r#type == StepCompleted::full_name()
        && StepCompleted::decode(data(event)).expect("it is one").step == step
}

/// Whether an event says that this step is undone.
pub(crate) fn undoes(event: &Event, step: &str) -> bool {
    event.r#type == StepCompensated::full_name()
        && StepCompensated::decode(data(event))
            .expect("it is one")
            .step
            == step
}

fn data(event: &Event) -> &[u8] {
    event
        .data
        .as_ref()
        .map(|data| &data.value[..])
        .unwrap_or_default()
}
