//! What is for sale in tests, and orders drawn from a seed. Pure.

use std::collections::BTreeMap;

use pavane::shop::common::v1::{Address, Money, OrderLine};
use pavane::shop::inventory::v1::Item;
use pavane::shop::order::v1::PlaceOrderRequest;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

const ARTICLES: i64 = 10;
const GOOD_CARD: &str = "tok-visa";
const DECLINED_CARD: &str = "tok-declined";
const SERVED: &str = "FR";
const UNSERVED: &str = "NZ";

/// The articles. There is plenty of most; of the last there is so little that it soon runs out.
pub fn catalog() -> Vec<Item> {
    let item = |number| Item {
        sku: format!("sku-{number}"),
        available: if number == ARTICLES { 50 } else { 1_000_000 },
        reserved: 0,
        unit_price: Some(Money {
            currency: "EUR".to_owned(),
            minor_units: 100 + number,
        }),
    };
    (1..=ARTICLES).map(item).collect()
}

/// How many there are of each article.
pub fn stock() -> BTreeMap<String, i64> {
    catalog()
        .into_iter()
        .map(|item| (item.sku, item.available))
        .collect()
}

/// The order of this number. Most succeed; some have a card that is declined, an address that is
/// not served, or an article that has run out.
pub fn order(seed: u64, number: usize) -> PlaceOrderRequest {
    let mut random = StdRng::seed_from_u64(seed.wrapping_add(number as u64));
    let first = random.random_range(0..ARTICLES);
    let lines = (0..random.random_range(1..=3)).map(|line| OrderLine {
        sku: format!("sku-{}", (first + line * 3) % ARTICLES + 1),
        quantity: random.random_range(1..=3),
    });
    let lines = lines.collect();
    let declined = random.random_ratio(1, 12);
    let unserved = random.random_ratio(1, 8);
    PlaceOrderRequest {
        order_id: format!("order-{number:05}"),
        lines,
        card_token: if declined { DECLINED_CARD } else { GOOD_CARD }.to_owned(),
        address: Some(Address {
            recipient: "Thoinot Arbeau".to_owned(),
            street: "Pavane Street 1".to_owned(),
            city: "Langres".to_owned(),
            postal_code: "52200".to_owned(),
            country: if unserved { UNSERVED } else { SERVED }.to_owned(),
        }),
    }
}

/// What a client does with an order, drawn from the seed as the order is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Errand {
    /// Calls the front door, and gets the typed answer.
    Place,
    /// Starts the execution by name, and waits for its outcome.
    Start,
    /// Starts it and changes its mind at once. It may be too late.
    StartAndCancel,
}

/// What a client does with the order of this number.
pub fn errand(seed: u64, number: usize) -> Errand {
    // Not the numbers that the order itself is drawn from.
    let mut random = StdRng::seed_from_u64(!seed.wrapping_add(number as u64));
    match random.random_range(0..12) {
        0 => Errand::StartAndCancel,
        1..=4 => Errand::Start,
        _ => Errand::Place,
    }
}

/// The same order with a card that is good, and to somewhere that is served.
pub fn sound(mut order: PlaceOrderRequest) -> PlaceOrderRequest {
    order.card_token = GOOD_CARD.to_owned();
    order.address.get_or_insert_default().country = SERVED.to_owned();
    order
}
