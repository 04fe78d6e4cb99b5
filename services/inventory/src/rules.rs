//! The rules of stock. Pure: items and lines in, a total or an error out. They never leave an
//! article with less than nothing, and never reserve a part of what was asked for.

use std::collections::BTreeMap;

use pavane::shop::common::v1::{Money, OrderLine};
use pavane::shop::inventory::v1::Item;

use crate::Error;

/// The articles that an order speaks of, by SKU.
pub(crate) type Shelf = BTreeMap<String, Item>;

/// How many of each article the lines ask for, all lines of one article together.
pub(crate) fn demand(lines: &[OrderLine]) -> BTreeMap<&str, i64> {
    let mut demand = BTreeMap::new();
    for line in lines {
        *demand.entry(line.sku.as_str()).or_insert(0) += i64::from(line.quantity);
    }
    demand
}

/// Sets aside what the lines ask for, and says what it costs. After an error the shelf is as it
/// was before.
pub(crate) fn reserve(shelf: &mut Shelf, lines: &[OrderLine]) -> Result<Money, Error> {
    let demand = demand(lines);
    let mut total: Option<Money> = None;
    for (&sku, &requested) in &demand {
        let item = shelf.get(sku).ok_or_else(|| Error::UnknownSku {
            sku: sku.to_owned(),
            nearest: None,
        })?;
        if item.available < requested {
            let available = item.available;
            return Err(Error::OutOfStock {
                sku: sku.to_owned(),
                available,
                requested,
            });
        }
        let price = item.unit_price.clone().unwrap_or_default();
        let cost = price
            .minor_units
            .checked_mul(requested)
            .ok_or(Error::TotalTooLarge)?;
        let sum = total.get_or_insert_with(|| Money {
            minor_units: 0,
            ..price.clone()
        });
        if sum.currency != price.currency {
            return Err(Error::MixedCurrencies {
                sku: sku.to_owned(),
                found: price.currency,
                expected: sum.currency.clone(),
            });
        }
        sum.minor_units = sum
            .minor_units
            .checked_add(cost)
            .ok_or(Error::TotalTooLarge)?;
    }
    for (sku, requested) in demand {
        let item = shelf.get_mut(sku).expect("each article was found above");
        item.available -= requested;
        item.reserved += requested;
    }
    Ok(total.unwrap_or_default())
}

/// Puts back what was set aside by these lines.
pub(crate) fn release(shelf: &mut Shelf, lines: &[OrderLine]) {
    for (sku, quantity) in demand(lines) {
        let item = shelf.get_mut(sku).expect("an article is never removed");
        item.available += quantity;
        item.reserved -= quantity;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn item(sku: &str, available: i64, price: i64, currency: &str) -> (String, Item) {
        let unit_price = Money {
            currency: currency.to_owned(),
            minor_units: price,
        };
        let item = Item {
            sku: sku.to_owned(),
            available,
            reserved: 0,
            unit_price: Some(unit_price),
        };
        (sku.to_owned(), item)
    }

    fn line(sku: &str, quantity: i32) -> OrderLine {
        OrderLine {
            sku: sku.to_owned(),
            quantity,
        }
    }

    fn shelf() -> Shelf {
        Shelf::from([
            item("a", 5, 100, "EUR"),
            item("b", 5, 250, "EUR"),
            item("d", 5, 1, "USD"),
        ])
    }

    fn check_refused(lines: &[OrderLine], message: &str) {
        let mut shelf = shelf();
        assert_eq!(reserve(&mut shelf, lines).unwrap_err().to_string(), message);
        assert_eq!(shelf, self::shelf(), "a refusal changed the shelf");
    }

    #[test]
    fn the_total_is_quantity_times_price_over_all_lines() {
        let mut shelf = shelf();
        let total = reserve(&mut shelf, &[line("a", 2), line("b", 1), line("a", 1)]).unwrap();
        assert_eq!(
            total,
            Money {
                currency: "EUR".to_owned(),
                minor_units: 550
            }
        );
        assert_eq!((shelf["a"].available, shelf["a"].reserved), (2, 3));
    }

    #[test]
    fn one_line_that_cannot_be_had_refuses_all() {
        check_refused(
            &[line("a", 1), line("b", 6)],
            "`b` is out of stock: 6 requested, 5 left",
        );
        check_refused(
            &[line("a", 3), line("a", 3)],
            "`a` is out of stock: 6 requested, 5 left",
        );
        check_refused(&[line("a", 1), line("c", 1)], "no article `c`");
        check_refused(
            &[line("a", 1), line("d", 1)],
            "an order has one currency: `d` costs USD, the articles before it EUR",
        );
    }

    #[test]
    fn a_total_that_does_not_fit_is_refused() {
        let mut shelf = Shelf::from([item("a", 5, i64::MAX / 2, "EUR")]);
        let error = reserve(&mut shelf, &[line("a", 3)]).unwrap_err();
        assert!(matches!(error, Error::TotalTooLarge));
    }

    fn orders() -> impl Strategy<Value = Vec<(bool, Vec<OrderLine>)>> {
        let lines = prop::collection::vec(("[abx]", 1..4), 1..4);
        let lines = lines.prop_map(|lines| lines.iter().map(|(s, n)| line(s, *n)).collect());
        prop::collection::vec((any::<bool>(), lines), 0..40)
    }

    proptest! {
        #[test]
        fn any_sequence_of_reserve_and_release_conserves_stock(orders in orders()) {
            let mut shelf = Shelf::from([item("a", 9, 1, "EUR"), item("b", 7, 1, "EUR")]);
            let mut held: Vec<Vec<OrderLine>> = Vec::new();
            for (release_first, lines) in orders {
                if release_first && let Some(lines) = held.pop() {
                    release(&mut shelf, &lines);
                }
                let before = shelf.clone();
                match reserve(&mut shelf, &lines) {
                    Ok(_) => held.push(lines),
                    Err(_) => prop_assert_eq!(&shelf, &before),
                }
                for (sku, all) in [("a", 9), ("b", 7)] {
                    let item = &shelf[sku];
                    prop_assert!(item.available >= 0 && item.reserved >= 0);
                    prop_assert_eq!(item.available + item.reserved, all);
                    let holding: i64 =
                        held.iter().filter_map(|lines| demand(lines).get(sku).copied()).sum();
                    prop_assert_eq!(item.reserved, holding);
                }
            }
        }
    }
}
