//! Whether the modes came to the same, order by order.

use serde_json::{Value, json};

use super::{MAX_VIOLATIONS, Run, thousands};
use crate::render::Paint;
use crate::render::timeline::mode;

/// Two runs of the same orders.
pub(crate) struct Comparison {
    modes: [&'static str; 2],
    orders: usize,
    differences: Vec<Difference>,
}

/// An order of which two runs do not say the same.
struct Difference {
    order: String,
    /// Outcome and failed step, in either run.
    found: [(&'static str, String); 2],
}

impl Comparison {
    /// Compares the first two; `None` if there are not two.
    pub(crate) fn of(runs: &[Run]) -> Option<Self> {
        let [first, second] = runs else { return None };
        let found = |run: &Run, at: usize| {
            let order = run.orders.get(at)?;
            let failed_step = run.failed_steps.get(at).cloned().unwrap_or_default();
            Some((run.outcome_of(order).name(), failed_step))
        };
        // By their place in the run: their ids have its number in them.
        let orders = first.orders.len().max(second.orders.len());
        let differences = (0..orders).filter_map(|at| {
            let missing = || ("missing", String::new());
            let found = [first, second].map(|run| found(run, at).unwrap_or_else(missing));
            let order = first.orders.get(at).or(second.orders.get(at))?.clone();
            (found[0] != found[1]).then_some(Difference { order, found })
        });
        Some(Self {
            modes: [mode(first.mode), mode(second.mode)],
            orders,
            differences: differences.collect(),
        })
    }

    /// Whether all orders have the same outcome, and the same step failed.
    pub(crate) fn is_same(&self) -> bool {
        self.differences.is_empty()
    }

    pub(crate) fn to_json(&self) -> Value {
        let differences = self.differences.iter().map(|difference| {
            let found = self.modes.iter().zip(&difference.found);
            let mut entry = json!({ "order": difference.order });
            for (mode, (outcome, failed_step)) in found {
                entry[mode] = json!({ "outcome": outcome, "failed_step": failed_step });
            }
            entry
        });
        differences.collect()
    }

    pub(crate) fn to_text(&self, paint: Paint) -> String {
        if self.is_same() {
            let orders = thousands(self.orders);
            let ok = paint.good("modes:");
            return format!(
                "{ok} the same outcome and the same failed step of all {orders} orders\n"
            );
        }
        let count = thousands(self.differences.len());
        let mut text = format!(
            "{} {count} orders did not come to the same\n",
            paint.error("modes:")
        );
        for difference in self.differences.iter().take(MAX_VIOLATIONS) {
            let [first, second] = [0, 1].map(|at| {
                let (outcome, failed_step) = &difference.found[at];
                format!("{} {outcome} {failed_step}", self.modes[at])
            });
            let (first, second) = (first.trim_end(), second.trim_end());
            text.push_str(&format!("  {}: {first}, {second}\n", difference.order));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use pavane::workflow::v1::Mode;

    use super::super::tests::run;
    use super::*;
    use crate::demo::audit::Outcome;

    fn choreographed() -> Run {
        Run {
            mode: Mode::Choreographed,
            ..run()
        }
    }

    #[test]
    fn one_run_is_compared_with_nothing() {
        assert!(Comparison::of(&[run()]).is_none());
    }

    #[test]
    fn the_same_orders_may_have_other_numbers() {
        let mut other = choreographed();
        let renumber = |id: &String| format!("{id}-2");
        let outcomes = other.audit.outcomes.iter();
        other.audit.outcomes = outcomes.map(|(id, it)| (renumber(id), *it)).collect();
        other.orders = other.orders.iter().map(renumber).collect();
        let comparison = Comparison::of(&[run(), other]).expect("there are two");
        insta::assert_snapshot!(comparison.to_text(Paint::PLAIN), @"modes: the same outcome and the same failed step of all 4 orders");
        assert!(comparison.is_same());
    }

    #[test]
    fn an_order_that_came_to_something_else_is_named() {
        let mut other = choreographed();
        other.audit.outcomes.insert("a".to_owned(), Outcome::Failed);
        other.failed_steps[1] = "charge".to_owned();
        let comparison = Comparison::of(&[run(), other]).expect("there are two");
        insta::assert_snapshot!(comparison.to_text(Paint::PLAIN), @r"
        modes: 2 orders did not come to the same
          a: orchestrated succeeded, choreographed failed
          b: orchestrated compensated ship, choreographed compensated charge
        ");
        insta::assert_snapshot!(comparison.to_json(), @r#"[{"choreographed":{"failed_step":"","outcome":"failed"},"orchestrated":{"failed_step":"","outcome":"succeeded"},"order":"a"},{"choreographed":{"failed_step":"charge","outcome":"compensated"},"orchestrated":{"failed_step":"ship","outcome":"compensated"},"order":"b"}]"#);
    }
}
