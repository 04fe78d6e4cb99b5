//! The measurements as a table and as JSON.

use std::time::Duration;

use serde_json::{Value, json};

use super::chain::Line;
use super::load::Round;
use crate::render::Paint;
use crate::render::{Cell, Table};

pub(super) fn text(lines: &[Line], paint: Paint) -> String {
    let percent = |ratio: f64| Cell::right(format!("{:.0} %", 100.0 * ratio));
    let head = [
        "in flight",
        "",
        "throughput",
        "p50",
        "p99",
        "of bare",
        "of orchestrated",
    ];
    let mut table = Table::with_header(head);
    for line in lines {
        let rows = [
            ("bare", &line.bare, None, None),
            ("orchestrated", &line.orchestrated, Some(line.ratio()), None),
            (
                "choreographed",
                &line.choreographed,
                Some(line.choreographed_to_bare()),
                Some(line.choreographed_to_orchestrated()),
            ),
        ];
        for (at, (name, round, of_bare, of_orchestrated)) in rows.into_iter().enumerate() {
            let in_flight = if at == 0 {
                line.in_flight.to_string()
            } else {
                String::new()
            };
            table.row([
                Cell::right(in_flight),
                Cell::new(name).style(Paint::strong),
                Cell::right(format!("{:.0}/s", round.per_second)),
                Cell::right(ms(round.p50)),
                Cell::right(ms(round.p99)),
                of_bare.map_or_else(|| Cell::right(""), percent),
                of_orchestrated.map_or_else(|| Cell::right(""), percent),
            ]);
        }
    }
    format!(
        "A -> B -> C, all in this process; bare: unary calls, no durability; the others: every \
         event synced\n\n{}",
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
            "choreographed": round(&line.choreographed),
            "ratio": line.ratio(),
            "choreographed_to_bare": line.choreographed_to_bare(),
            "choreographed_to_orchestrated": line.choreographed_to_orchestrated(),
        })
    });
    json!({ "chain": lines.collect::<Vec<_>>() })
}

fn ms(duration: Duration) -> String {
    format!("{:.2} ms", duration.as_secs_f64() * 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_ways_stand_below_each_other() {
        let round = |per_second, micros| Round {
            per_second,
            p50: Duration::from_micros(micros),
            p99: Duration::from_micros(micros * 3),
        };
        let line = |in_flight| Line {
            in_flight,
            bare: round(10_000.0, 400),
            orchestrated: round(6_000.0, 1_100),
            choreographed: round(12_000.0, 1_300),
        };
        insta::assert_snapshot!(text(&[line(1), line(256)], Paint::PLAIN), @r"
        A -> B -> C, all in this process; bare: unary calls, no durability; the others: every event synced

        in flight                   throughput       p50       p99   of bare   of orchestrated
                1   bare               10000/s   0.40 ms   1.20 ms
                    orchestrated        6000/s   1.10 ms   3.30 ms      60 %
                    choreographed      12000/s   1.30 ms   3.90 ms     120 %             200 %
              256   bare               10000/s   0.40 ms   1.20 ms
                    orchestrated        6000/s   1.10 ms   3.30 ms      60 %
                    choreographed      12000/s   1.30 ms   3.90 ms     120 %             200 %
        ");
    }
}
