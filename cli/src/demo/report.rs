//! What the demo says at its end: a table, orders as timelines and traces, the audits, whether the
//! modes agree, and what to try next; or all of it as one JSON object.

use pavane::workflow::v1::{DeployedWorkflow, Execution, Mode};
use prost_types::Timestamp;
use serde_json::{Value, json};

use super::audit::{Addresses, Audit, Books, Outcome, outcome};
use super::load::Answers;
use super::orders::run_of;
use crate::render::timeline::{mode, timeline};
use crate::render::{Cell, Paint, Table, duration, since, trace};

mod compare;
mod try_it;

pub(crate) use compare::Comparison;
pub(crate) use try_it::{TryHow, try_it};

/// Violations that are printed; the rest is counted.
const MAX_VIOLATIONS: usize = 50;

/// How one mode did.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) mode: Mode,
    pub(crate) seed: u64,
    pub(crate) number: u32,
    pub(crate) orders: Vec<String>,
    /// By order, in their order: the step whose failure was the cause of its own, or nothing.
    pub(crate) failed_steps: Vec<String>,
    pub(crate) answers: Answers,
    pub(crate) traffic: Traffic,
    pub(crate) audit: Audit,
}

/// What it took.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Traffic {
    /// Unary calls over the network.
    pub(crate) rpcs: u64,
    /// Events in all feeds.
    pub(crate) events: u64,
}

impl Run {
    /// Whether the books agree and every order of the run has an outcome.
    pub(crate) fn is_ok(&self) -> bool {
        self.audit.is_ok() && self.count(Outcome::Unfinished) == 0
    }

    fn outcome_of(&self, order_id: &str) -> Outcome {
        self.audit
            .outcomes
            .get(order_id)
            .copied()
            .unwrap_or(Outcome::Unfinished)
    }

    fn count(&self, wanted: Outcome) -> usize {
        self.orders
            .iter()
            .filter(|order_id| self.outcome_of(order_id) == wanted)
            .count()
    }

    fn to_json(&self) -> Value {
        let millis = |percent| round(self.answers.percentile(percent).as_secs_f64() * 1e3);
        json!({
            "mode": mode(self.mode),
            "orders": self.orders.len(),
            "succeeded": self.count(Outcome::Succeeded),
            "failed": self.count(Outcome::Failed),
            "compensated": self.count(Outcome::Compensated),
            "unfinished": self.count(Outcome::Unfinished),
            "duplicate_effects": self.audit.duplicate_effects,
            "audit_ok": self.is_ok(),
            "throughput_per_s": round(self.answers.throughput()),
            "p50_ms": millis(50),
            "p99_ms": millis(99),
            "rpcs": self.traffic.rpcs,
            "events": self.traffic.events,
        })
    }
}

/// The one JSON object.
pub(crate) fn to_json(runs: &[Run], addresses: &Addresses) -> Value {
    let violations: Vec<&String> = runs.iter().flat_map(|run| &run.audit.violations).collect();
    let comparison = Comparison::of(runs);
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "modes": runs.iter().map(Run::to_json).collect::<Value>(),
        "same_outcomes": comparison.as_ref().map(Comparison::is_same),
        "differences": comparison.map_or_else(|| json!([]), |found| found.to_json()),
        "violations": violations,
        "seed": runs.first().map(|run| run.seed),
        "run": runs.first().map(|run| run.number),
        "addresses": {
            "orchestrator": addresses.orchestrator,
            "inventory": addresses.inventory,
            "payment": addresses.payment,
            "shipping": addresses.shipping,
        },
    })
}

/// Who listens where, and what the workflow is.
pub(crate) fn header(addresses: &Addresses, deployed: &DeployedWorkflow, paint: Paint) -> String {
    let port = |address: &str| address.rsplit(':').next().unwrap_or_default().to_owned();
    let title = paint.strong(&format!("pavane {}", env!("CARGO_PKG_VERSION")));
    let definition = deployed.workflow.clone().unwrap_or_default();
    let steps: Vec<&str> = definition
        .steps
        .iter()
        .map(|step| step.id.as_str())
        .collect();
    let undone = definition
        .steps
        .iter()
        .filter(|step| step.compensate.is_some())
        .count();
    format!(
        "{title}   orchestrator {}   inventory :{}   payment :{}   shipping :{}\n\
         {}   {}   ({} steps, {undone} compensations)\n",
        addresses.orchestrator,
        port(&addresses.inventory),
        port(&addresses.payment),
        port(&addresses.shipping),
        paint.strong(&deployed.name),
        steps.join(" -> "),
        steps.len(),
    )
}

/// How many orders went which way, and how fast.
pub(crate) fn table(runs: &[Run], paint: Paint) -> String {
    let mut table = Table::with_header([
        "mode",
        "orders",
        "succeeded",
        "compensated",
        "failed early",
        "unfinished",
        "p50",
        "p99",
        "throughput",
        "RPCs",
        "events",
    ]);
    for run in runs {
        let count = |outcome| Cell::right(thousands(run.count(outcome)));
        let unfinished = match run.count(Outcome::Unfinished) {
            0 => Cell::right("0"),
            some => Cell::right(thousands(some)).style(Paint::bad),
        };
        table.row([
            Cell::new(mode(run.mode)).style(Paint::strong),
            Cell::right(thousands(run.orders.len())),
            count(Outcome::Succeeded).style(Paint::good),
            count(Outcome::Compensated).style(Paint::caution),
            count(Outcome::Failed),
            unfinished,
            Cell::right(duration(run.answers.percentile(50))),
            Cell::right(duration(run.answers.percentile(99))),
            Cell::right(format!(
                "{}/s",
                thousands(run.answers.throughput().round() as usize)
            )),
            Cell::right(thousands(run.traffic.rpcs as usize)),
            Cell::right(thousands(run.traffic.events as usize)),
        ]);
    }
    table.render(paint)
}

/// The order that succeeded in the median time, and the first that had most to undo.
pub(crate) fn timelines(run: &Run, books: &Books, now: &Timestamp, paint: Paint) -> String {
    let with = |wanted: Outcome| {
        let ours = |execution: &&Execution| run_of(&execution.id) == Some(run.number);
        let found = books.executions.iter().filter(ours);
        let mut found: Vec<_> = found.filter(|found| outcome(found) == wanted).collect();
        found.sort_by_key(|execution| &execution.id);
        found
    };
    let mut succeeded = with(Outcome::Succeeded);
    succeeded.sort_by_key(|execution| {
        since(execution.create_time.as_ref(), execution.end_time.as_ref())
    });
    let median = succeeded.get(succeeded.len() / 2).copied();
    let undone = with(Outcome::Compensated);
    // The last of the greatest, of the reversed: the first.
    let undone = undone
        .into_iter()
        .rev()
        .max_by_key(|execution| execution.events.len());
    let shown = median.into_iter().chain(undone);
    let shown = shown.map(|execution| match run.mode {
        Mode::Choreographed => trace::text(execution, now, paint),
        Mode::Unspecified | Mode::Orchestrated => timeline(&execution.id, execution, now, paint),
    });
    shown.collect::<Vec<_>>().join("\n")
}

/// What the audit found. `of` says in which mode, if there are several.
pub(crate) fn audit(audit: &Audit, of: &str, paint: Paint) -> String {
    if audit.is_ok() {
        let orders = audit.outcomes.len();
        let all = if orders == 1 {
            "the order".to_owned()
        } else {
            format!("all {} orders", thousands(orders))
        };
        let ok = paint.good(&format!("audit{of}:"));
        return format!("{ok} stock, charges and shipments agree with {all}\n");
    }
    let found = audit.violations.len();
    let things = if found == 1 {
        "thing does"
    } else {
        "things do"
    };
    let title = paint.error(&format!("audit{of}:"));
    let mut text = format!("{title} {found} {things} not agree\n");
    for violation in audit.violations.iter().take(MAX_VIOLATIONS) {
        text.push_str(&format!("  {violation}\n"));
    }
    if found > MAX_VIOLATIONS {
        text.push_str(&format!("  and {} more\n", found - MAX_VIOLATIONS));
    }
    text
}

/// `12345` as `12,345`.
fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// To three digits after the point: what follows is noise.
fn round(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}

#[cfg(test)]
pub(crate) mod tests {
    use std::time::Duration;

    use super::super::load::Answer;
    use super::*;

    pub(crate) fn run() -> Run {
        let orders: Vec<String> = ["a", "b", "c", "d"].map(str::to_owned).to_vec();
        let answer = |order_id: &String| Answer {
            order_id: order_id.clone(),
            latency: Duration::from_micros(1900),
            result: Ok(Default::default()),
        };
        let answers = orders.iter().map(answer).collect();
        let outcomes = [
            ("a".to_owned(), Outcome::Succeeded),
            ("b".to_owned(), Outcome::Compensated),
            ("c".to_owned(), Outcome::Failed),
            ("old".to_owned(), Outcome::Succeeded),
        ];
        Run {
            mode: Mode::Orchestrated,
            failed_steps: ["", "ship", "reserve", ""].map(str::to_owned).to_vec(),
            traffic: Traffic {
                rpcs: 14,
                events: 33,
            },
            seed: 7,
            number: 1,
            orders,
            answers: Answers {
                answers,
                elapsed: Duration::from_millis(3),
            },
            audit: Audit {
                outcomes: outcomes.into(),
                ..Audit::default()
            },
        }
    }

    fn addresses() -> Addresses {
        let address = |port: u16| format!("127.0.0.1:{port}");
        Addresses {
            orchestrator: address(7400),
            inventory: address(7401),
            payment: address(7402),
            shipping: address(7403),
        }
    }

    #[test]
    fn the_outcomes_of_a_run_are_counted_and_add_up() {
        let run = run();
        assert!(!run.is_ok(), "one order has no outcome");
        insta::assert_snapshot!(table(&[run], Paint::PLAIN), @r"
        mode           orders   succeeded   compensated   failed early   unfinished      p50      p99   throughput   RPCs   events
        orchestrated        4           1             1              1            1   1.9 ms   1.9 ms      1,333/s     14       33
        ");
    }

    #[test]
    fn the_json_has_one_entry_a_mode() {
        insta::assert_snapshot!(format!("{:#}", to_json(&[run()], &addresses())), @r#"
        {
          "addresses": {
            "inventory": "127.0.0.1:7401",
            "orchestrator": "127.0.0.1:7400",
            "payment": "127.0.0.1:7402",
            "shipping": "127.0.0.1:7403"
          },
          "differences": [],
          "modes": [
            {
              "audit_ok": false,
              "compensated": 1,
              "duplicate_effects": 0,
              "events": 33,
              "failed": 1,
              "mode": "orchestrated",
              "orders": 4,
              "p50_ms": 1.9,
              "p99_ms": 1.9,
              "rpcs": 14,
              "succeeded": 1,
              "throughput_per_s": 1333.333,
              "unfinished": 1
            }
          ],
          "run": 1,
          "same_outcomes": null,
          "seed": 7,
          "version": "0.1.0",
          "violations": []
        }
        "#);
    }

    #[test]
    fn the_audit_says_what_does_not_agree() {
        let mut found = run().audit;
        insta::assert_snapshot!(audit(&found, "", Paint::PLAIN), @"audit: stock, charges and shipments agree with all 4 orders");
        found.violations.push("a: it has no outcome".to_owned());
        insta::assert_snapshot!(audit(&found, "", Paint::PLAIN), @r"
        audit: 1 thing does not agree
          a: it has no outcome
        ");
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(
            [0, 999, 1000, 1_234_567].map(thousands),
            ["0", "999", "1,000", "1,234,567"]
        );
    }
}
