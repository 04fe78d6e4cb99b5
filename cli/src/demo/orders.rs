//! What is for sale and who orders what, drawn from a seed. Pure.
//!
//! What becomes of an order follows from the order alone, never from the moment at which it is placed:
//! so every way of running the orders must come to the same. There is plenty of what can be bought, and
//! too little of one article for any order that wants it.

use pavane::shop::common::v1::{Address, Money, OrderLine};
use pavane::shop::inventory::v1::Item;
use pavane::shop::order::v1::PlaceOrderRequest;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// Articles for sale. The last one is scarce.
const ARTICLES: usize = 20;
/// All but that one.
const PLENTIFUL: usize = ARTICLES - 1;
/// How much there is of the scarce one: less than any order that wants it wants.
const SCARCE: i64 = 1;
/// One order in so many wants it.
const SHORT_ONE_IN: u32 = 25;
/// One card in so many is declined.
const DECLINED_ONE_IN: u32 = 15;
/// One address in so many is not serviceable.
const UNSERVICEABLE_ONE_IN: u32 = 20;

/// Countries that the sample's shipping serves, and towns there.
const SERVED: [(&str, &str, &str); 6] = [
    ("DE", "Hamburg", "20095"),
    ("FR", "Lyon", "69001"),
    ("IT", "Padova", "35121"),
    ("NL", "Utrecht", "3511"),
    ("AT", "Graz", "8010"),
    ("PT", "Porto", "4000"),
];
const UNSERVED: (&str, &str, &str) = ("NZ", "Dunedin", "9016");
const NAMES: [&str; 6] = [
    "Ada Byron",
    "Thoinot Arbeau",
    "Grace Murray",
    "Gabriel Fauré",
    "Mary Somerville",
    "Joan Clarke",
];

/// The articles with their stock: plenty of all but the last for so many orders.
pub(crate) fn catalog(orders: usize) -> Vec<Item> {
    let orders = i64::try_from(orders).unwrap_or(i64::MAX / 100).max(1);
    let item = |number: usize| {
        // No order wants more than three of an article.
        let available = if number < ARTICLES {
            orders * 10
        } else {
            SCARCE
        };
        let cents = i64::try_from(number * 265 + 230).expect("prices are small");
        Item {
            sku: format!("sku-{number}"),
            available,
            reserved: 0,
            unit_price: Some(Money {
                currency: "EUR".to_owned(),
                minor_units: cents,
            }),
        }
    };
    (1..=ARTICLES).map(item).collect()
}

/// The orders of a run. The same seed gives the same orders; the run's number is in their ids, so
/// that orders of several runs can live in one data directory.
pub(crate) fn orders(seed: u64, run: u32, count: usize) -> Vec<PlaceOrderRequest> {
    let mut random = StdRng::seed_from_u64(seed);
    (1..=count)
        .map(|number| order(&mut random, run, number))
        .collect()
}

/// The id of an order: `order-1-0042`.
pub(crate) fn order_id(run: u32, number: usize) -> String {
    format!("order-{run}-{number:04}")
}

/// The run that an order belongs to, if it is one of ours.
pub(crate) fn run_of(order_id: &str) -> Option<u32> {
    let (run, number) = order_id.strip_prefix("order-")?.split_once('-')?;
    number.parse::<u64>().ok()?;
    run.parse().ok()
}

fn order(random: &mut StdRng, run: u32, number: usize) -> PlaceOrderRequest {
    let order_id = order_id(run, number);
    let first = random.random_range(0..PLENTIFUL);
    // Articles apart from each other, so that no order has two lines of one.
    let line = |random: &mut StdRng, at: usize| OrderLine {
        sku: format!("sku-{}", (first + at * 7) % PLENTIFUL + 1),
        quantity: random.random_range(1..=3),
    };
    let lines = random.random_range(1..=3);
    let mut lines: Vec<_> = (0..lines).map(|at| line(random, at)).collect();
    if random.random_ratio(1, SHORT_ONE_IN) {
        lines[0] = OrderLine {
            sku: format!("sku-{ARTICLES}"),
            quantity: random.random_range(2..=3),
        };
    }
    let declined = random.random_ratio(1, DECLINED_ONE_IN);
    let card = if declined { "tok-declined" } else { "tok-visa" };
    let served = SERVED[random.random_range(0..SERVED.len())];
    let unserviceable = random.random_ratio(1, UNSERVICEABLE_ONE_IN);
    let (country, city, postal_code) = if unserviceable { UNSERVED } else { served };
    let address = Address {
        recipient: NAMES[random.random_range(0..NAMES.len())].to_owned(),
        street: format!("Pavane Street {}", random.random_range(1..=99)),
        city: city.to_owned(),
        postal_code: postal_code.to_owned(),
        country: country.to_owned(),
    };
    PlaceOrderRequest {
        card_token: format!("{card}-{order_id}"),
        order_id,
        lines,
        address: Some(address),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_orders() {
        assert_eq!(orders(7, 1, 50), orders(7, 1, 50));
        assert_ne!(orders(7, 1, 50), orders(8, 1, 50));
        let (first, second) = (orders(7, 1, 50), orders(7, 2, 50));
        assert!(
            first
                .iter()
                .zip(&second)
                .all(|(a, b)| a.lines == b.lines && a.order_id != b.order_id)
        );
    }

    /// Whether it wants more of the scarce article than there is.
    fn is_short(order: &PlaceOrderRequest) -> bool {
        let scarce = format!("sku-{ARTICLES}");
        let mut lines = order.lines.iter();
        lines.any(|line| line.sku == scarce && i64::from(line.quantity) > SCARCE)
    }

    #[test]
    fn whether_an_order_finds_stock_does_not_depend_on_the_others() {
        for seed in 0..20 {
            let orders = orders(seed, 1, 200);
            let mut wanted = BTreeMap::new();
            for line in orders.iter().flat_map(|order| &order.lines) {
                *wanted.entry(line.sku.clone()).or_insert(0) += i64::from(line.quantity);
            }
            for item in catalog(200) {
                let enough = wanted[&item.sku] <= item.available;
                let scarce = item.sku == format!("sku-{ARTICLES}");
                assert!(enough != scarce, "seed {seed}: {}", item.sku);
            }
            let scarce = |order: &&PlaceOrderRequest| {
                let mut lines = order.lines.iter();
                lines.any(|line| line.sku == format!("sku-{ARTICLES}"))
            };
            assert!(orders.iter().filter(scarce).all(is_short), "seed {seed}");
        }
    }

    #[test]
    fn among_the_orders_everything_happens_that_can() {
        for seed in 0..20 {
            let orders = orders(seed, 1, 200);
            let short = orders.iter().filter(|order| is_short(order)).count();
            assert!(short >= 2, "seed {seed}");
            let declined = orders
                .iter()
                .filter(|o| o.card_token.starts_with("tok-declined"));
            assert!(declined.count() >= 3, "seed {seed}");
            let unserved = |order: &&PlaceOrderRequest| {
                order
                    .address
                    .as_ref()
                    .is_some_and(|address| address.country == UNSERVED.0)
            };
            assert!(orders.iter().filter(unserved).count() >= 2, "seed {seed}");
        }
    }

    #[test]
    fn no_order_has_two_lines_of_one_article() {
        for order in orders(3, 1, 500) {
            let skus: BTreeSet<_> = order.lines.iter().map(|line| &line.sku).collect();
            assert_eq!(skus.len(), order.lines.len());
        }
    }

    #[test]
    fn an_order_tells_its_run() {
        assert_eq!(run_of(&order_id(12, 7)), Some(12));
        assert_eq!(run_of("order-12"), None);
        assert_eq!(run_of("order-x-1"), None);
    }
}
