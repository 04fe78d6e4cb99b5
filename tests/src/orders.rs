//! What is for sale in tests, and orders drawn from a seed. Pure.

use std::collections::BTreeMap;

use pavane::shop::common::v1::{Address, Money, OrderLine};
use pavane::shop::inventory::v1::Item;
use pavane::shop::order::v1::PlaceOrderRequest;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

const ARTICLES: i64 = 10;

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
        card_token: if declined { "tok-declined" } else { "tok-visa" }.to_owned(),
        address: Some(Address {
            recipient: "Thoinot Arbeau".to_owned(),
            street: "Pavane Street 1".to_owned(),
            city: "Langres".to_owned(),
            postal_code: "52200".to_owned(),
            country: if unserved { "NZ" } else { "FR" }.to_owned(),
        }),
    }
}
