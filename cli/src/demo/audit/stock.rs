//! Stock is conserved: nothing appears, nothing is lost.

use std::collections::BTreeMap;

use super::Books;

/// Compares the articles with the reservations that stand, and with all there was at first.
pub(super) fn audit(books: &Books, initial: &BTreeMap<String, i64>, violations: &mut Vec<String>) {
    let mut reserved: BTreeMap<&str, i64> = BTreeMap::new();
    for reservation in books.reservations.iter().filter(|one| !one.released) {
        for line in &reservation.lines {
            *reserved.entry(&line.sku).or_default() += i64::from(line.quantity);
        }
    }
    let items: BTreeMap<&str, _> = books.items.iter().map(|item| (&*item.sku, item)).collect();
    for (sku, item) in &items {
        let standing = reserved.remove(sku).unwrap_or(0);
        if item.reserved != standing {
            let counted = item.reserved;
            violations.push(format!(
                "{sku}: {counted} are counted as reserved, {standing} are"
            ));
        }
        if item.available < 0 {
            violations.push(format!("{sku}: {} are available", item.available));
        }
    }
    for (sku, standing) in reserved {
        violations.push(format!(
            "{sku}: {standing} are reserved of what is not for sale"
        ));
    }
    for (sku, initial) in initial {
        let now = items
            .get(sku.as_str())
            .map_or(0, |item| item.available + item.reserved);
        if now != *initial {
            violations.push(format!("{sku}: there were {initial}, now there are {now}"));
        }
    }
}
