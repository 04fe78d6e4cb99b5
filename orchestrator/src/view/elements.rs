//! The elements of a step over a list: how many stand where, and each of them.

use pavane::workflow::v1::{ElementCounts, ElementStatus};
use pavane_flow::driver::{Attempts, Direction, Driver};
use pavane_flow::event::Failure;
use pavane_flow::fold::{Progress, State};
use pavane_flow::plan::{Plan, StepIndex, Unit};
use prost_types::Timestamp;

use super::steps::Steps;

/// What is known of a list.
#[derive(Debug, Default)]
pub(super) struct Elements {
    pub(super) counts: ElementCounts,
    /// Which of their calls is on its way, if one is.
    pub(super) in_flight: Option<Direction>,
    /// When the next attempt of any of them is due.
    pub(super) next_attempt: Option<Timestamp>,
    /// How an attempt failed that is made again.
    pub(super) last_failure: Option<Failure>,
}

/// `None`: it is no step over a list, or the list is not known yet.
pub(super) fn look(
    id: &str,
    plan: &Plan,
    state: &State,
    step: StepIndex,
    live: Option<&Driver>,
) -> Option<Elements> {
    let total = total(id, plan, state, step)?;
    let mut elements = Elements::default();
    for (unit, progress) in state.elements(step) {
        let counts = &mut elements.counts;
        match progress {
            Progress::Completed => counts.completed += 1,
            Progress::Failed { .. } => counts.failed += 1,
            Progress::Compensated => counts.compensated += 1,
            Progress::Pending | Progress::Skipped | Progress::Abandoned => {}
        }
        counts.suspended += u32::from(state.unit_blocked_by(unit).is_some());
    }
    for element in 0..total {
        let attempts = live.map(|live| live.attempts(Unit::element(step, element)));
        let Some(attempts) = attempts else { break };
        elements.counts.running += u32::from(attempts.in_flight().is_some());
        elements.in_flight = elements.in_flight.or(attempts.in_flight());
        let next = attempts.next_attempt().map(Timestamp::from);
        let is_sooner = |next: &Timestamp| {
            let known = elements.next_attempt.as_ref();
            known.is_none_or(|known| (next.seconds, next.nanos) < (known.seconds, known.nanos))
        };
        if let Some(next) = next.filter(is_sooner) {
            elements.next_attempt = Some(next);
            elements.last_failure = attempts.last_failure().cloned();
        }
    }
    elements.counts.total = total;
    Some(elements)
}

/// How many elements the list has.
fn total(id: &str, plan: &Plan, state: &State, step: StepIndex) -> Option<u32> {
    let for_each = plan.step(step).for_each.as_ref()?;
    let is_known = !matches!(
        state.progress(step),
        Progress::Skipped | Progress::Abandoned
    );
    if !is_known || !state.dependencies_allow(plan, step) {
        return None;
    }
    let list = for_each.elements.evaluate(&state.scope(plan, id)?).ok()?;
    u32::try_from(list.len()).ok()
}

/// Each of them.
pub(super) fn list(steps: &Steps<'_>, step: StepIndex, total: u32) -> Vec<ElementStatus> {
    let status = |element| {
        let unit = Unit::element(step, element);
        let attempts = steps.attempts(unit);
        let recorded = steps.state.unit_blocked_by(unit);
        let last = attempts.and_then(Attempts::last_failure).or(recorded);
        ElementStatus {
            element,
            state: steps.state_of(unit, None).into(),
            attempts: attempts.map(Attempts::made).unwrap_or_default(),
            last_failure: last.cloned(),
            next_attempt_time: attempts.and_then(Attempts::next_attempt).map(Into::into),
            settlement: steps.settlement(unit),
        }
    };
    (0..total).map(status).collect()
}
