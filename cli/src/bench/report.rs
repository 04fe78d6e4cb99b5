//! The measurements as a table and as JSON.

use std::time::Duration;

use serde_json::{Value, json};

use super::chain::Line;
use super::load::Round;
use crate::render::Paint;
use crate::render::{Cell, Table};

pub(super) fn text(lines: &[Line], paint: Paint) -> String {
    let head = [
        "in flight",
        "bare",
        "p50",
        "p99",
        "orchestrated",
        "p50",
        "p99",
        "ratio",
    ];
    let mut table = Table::with_header(head);
    for line in lines {
        let round = |round: &Round| {
            [
                Cell::right(format!("{:.0}/s", round.per_second)),
                Cell::right(ms(round.p50)),
                Cell::right(ms(round.p99)),
            ]
        };
        let ratio = Cell::right(format!("{:.0} %", 100.0 * line.ratio()));
        let mut row = vec![Cell::right(line.in_flight.to_string())];
        row.extend(round(&line.bare));
        row.extend(round(&line.orchestrated));
        row.push(ratio);
        table.row(row);
    }
    format!(
        "A -> B -> C, all in this process; bare: no durability; orchestrated: every event synced\n\n{}",
        table.render(paint)
    )
}

pub(super) fn json(lines: &[Line]) -> Value {
    let round = |round: &Round| {
        json!({
            "per_second": round.per_second,
            "p50_ms": round.p50.as_secs_f64() * 1e3,
            "p99_ms": round.p99.as_secs_f64() * 1e3,
        })
    };
    let lines = lines.iter().map(|line| {
        json!({
            "in_flight": line.in_flight,
            "bare": round(&line.bare),
            "orchestrated": round(&line.orchestrated),
            "ratio": line.ratio(),
        })
    });
    json!({ "chain": lines.collect::<Vec<_>>() })
}

fn ms(duration: Duration) -> String {
    format!("{:.2} ms", duration.as_secs_f64() * 1e3)
}
