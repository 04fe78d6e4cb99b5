//! Do money, stock and shipments agree with what became of the orders?
//!
//! [`Books::read`] collects what the orchestrator and the three services say, over gRPC;
//! [`Books::audit`] compares, and is pure. To be asked when nothing is in flight.

use std::collections::{BTreeMap, BTreeSet};

mod books;
mod order;
mod stock;

pub use books::{Addresses, Books};
pub(crate) use books::{items, list_executions};
pub use order::{Outcome, outcome};

/// What is known from elsewhere, and must be found in the books.
#[derive(Clone, Debug, Default)]
pub struct Expectation {
    /// Articles with all there was of them before anything was reserved. Those not named are not
    /// counted.
    pub stock: BTreeMap<String, i64>,
    /// Orders whose caller was told the outcome: whether it was success.
    pub answers: BTreeMap<String, bool>,
}

/// The result: what became of the orders, and whatever does not agree with it.
#[derive(Clone, Debug, Default)]
pub struct Audit {
    /// All orders and what became of them.
    pub outcomes: BTreeMap<String, Outcome>,
    /// Effects that happened more often than once.
    pub duplicate_effects: u64,
    /// What does not agree, a sentence each. Empty: all is well.
    pub violations: Vec<String>,
}

impl Audit {
    /// Whether everything agrees.
    pub fn is_ok(&self) -> bool {
        self.violations.is_empty()
    }
}

impl Books {
    /// Compares all books with each other and with what is expected.
    pub fn audit(&self, expectation: &Expectation) -> Audit {
        let mut audit = Audit::default();
        for (order_id, order) in order::by_id(self) {
            order.audit(&order_id, &mut audit);
        }
        for (order_id, succeeded) in &expectation.answers {
            let found = audit.outcomes.get(order_id);
            if (found == Some(&Outcome::Succeeded)) != *succeeded {
                let told = if *succeeded { "success" } else { "failure" };
                let is = found.map_or("unknown", |outcome| outcome.name());
                audit.violations.push(format!(
                    "{order_id}: its caller was told {told}, it is {is}"
                ));
            }
        }
        self.audit_calls(&mut audit);
        stock::audit(self, &expectation.stock, &mut audit.violations);
        audit
    }

    /// No effect twice, and no call after the step's completion had been recorded.
    fn audit_calls(&self, audit: &mut Audit) {
        let completed = order::completion_times(self);
        let mut seen = BTreeSet::new();
        for (service, call) in &self.calls {
            let key = &call.idempotency_key;
            if call.effects > 1 || !seen.insert((service, key)) {
                audit.duplicate_effects += u64::from(call.effects.saturating_sub(1)).max(1);
                audit
                    .violations
                    .push(format!("{key}: {service} did it {} times", call.effects));
            }
            if let (Some(recorded), Some(last)) = (completed.get(key), &call.last_call_time)
                && (last.seconds, last.nanos) > (recorded.seconds, recorded.nanos)
            {
                audit.violations.push(format!(
                    "{key}: {service} was called again after the completion was recorded"
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests;
