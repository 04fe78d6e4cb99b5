//! A small catalog to try the shop with.

use pavane::shop::common::v1::Money;
use pavane::shop::inventory::v1::Item;

/// Pieces of each article: enough that nobody runs out while trying.
const STOCK: i64 = 1_000_000;

/// `sku-1` to `sku-20`, at 4.95 EUR to 99.95 EUR.
pub(crate) fn items() -> Vec<Item> {
    let item = |number: i64| Item {
        sku: format!("sku-{number}"),
        available: STOCK,
        reserved: 0,
        unit_price: Some(Money {
            currency: "EUR".to_owned(),
            minor_units: number * 500 - 5,
        }),
    };
    (1..=20).map(item).collect()
}
