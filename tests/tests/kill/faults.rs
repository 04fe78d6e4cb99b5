//! Faults that services may have without lying: an error before the handler says what it likes,
//! an error after it only that the outcome is not known.

use std::time::Duration;

use pavane::testing::v1::fault_service_client::FaultServiceClient;
use pavane::testing::v1::{AddFaultRequest, FaultMoment};
use pavane_tests::shop::{Role, Shop};
use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use tonic::Code;

const STEPS: [(Role, &str); 3] = [
    (
        Role::Inventory,
        "shop.inventory.v1.InventoryService/ReserveStock",
    ),
    (Role::Payment, "shop.payment.v1.PaymentService/ChargeCard"),
    (
        Role::Shipping,
        "shop.shipping.v1.ShippingService/CreateShipment",
    ),
];
const COMPENSATIONS: [(Role, &str); 3] = [
    (
        Role::Inventory,
        "shop.inventory.v1.InventoryService/ReleaseStock",
    ),
    (Role::Payment, "shop.payment.v1.PaymentService/RefundCharge"),
    (
        Role::Shipping,
        "shop.shipping.v1.ShippingService/CancelShipment",
    ),
];
/// Of which nobody knows whether the effect has happened.
const AMBIGUOUS: [Code; 3] = [Code::Unavailable, Code::Unknown, Code::DeadlineExceeded];
/// That the step did not happen, and will not.
const DEFINITE: [Code; 2] = [Code::FailedPrecondition, Code::PermissionDenied];

/// Makes some next calls of some method fail, be slow, or both.
pub(crate) async fn add(shop: &Shop, random: &mut StdRng) {
    let compensation = random.random_ratio(1, 3);
    let methods = if compensation { COMPENSATIONS } else { STEPS };
    let (role, method) = *methods.choose(random).expect("there are some");
    let before = random.random_bool(0.5);
    // A compensation that fails for good waits for an operator, and there is none here.
    let definite = before && !compensation && random.random_bool(0.3);
    let codes = if definite {
        &DEFINITE[..]
    } else {
        &AMBIGUOUS[..]
    };
    let only_slow = random.random_ratio(1, 4);
    let code = if only_slow {
        Code::Ok
    } else {
        *codes.choose(random).expect("there are some")
    };
    let delay = Duration::from_millis(random.random_range(u64::from(only_slow)..=30));
    let request = AddFaultRequest {
        method: method.to_owned(),
        count: random.random_range(1..=8),
        code: i32::from(code).unsigned_abs(),
        message: String::new(),
        delay: Some(delay.try_into().expect("milliseconds fit")),
        moment: if before {
            FaultMoment::Before
        } else {
            FaultMoment::After
        }
        .into(),
    };
    let added = FaultServiceClient::new(shop.channel(role))
        .add_fault(request.clone())
        .await;
    added.unwrap_or_else(|status| panic!("{request:?}: {status}"));
}

/// Makes some next shipments take longer than an order may.
pub(crate) async fn delay_shipments(shop: &Shop) {
    let [_, _, (role, method)] = STEPS;
    let request = AddFaultRequest {
        method: method.to_owned(),
        count: 3,
        delay: Some(Duration::from_secs(3).try_into().expect("seconds fit")),
        moment: FaultMoment::Before.into(),
        ..AddFaultRequest::default()
    };
    let mut faults = FaultServiceClient::new(shop.channel(role));
    faults.add_fault(request).await.expect("faults are allowed");
}
