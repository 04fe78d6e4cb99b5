//! A member of a choreography, driven twice.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::Part;
use crate::Timestamp;
use crate::driver::{Action, Direction, Driver, Input};
use crate::event::Event;
use crate::plan::StepIndex;

/// The home or a participant: its feed, how far it has read the others', and who drives it.
pub(super) struct Member {
    pub(super) name: Arc<str>,
    pub(super) part: Part,
    pub(super) feed: Vec<Event>,
    pub(super) read: BTreeMap<usize, usize>,
    pub(super) driver: Driver,
    /// Hears everything. `None`: it is the home, which does anyway.
    pub(super) all_hearing: Option<Driver>,
    pub(super) wakes: Vec<Timestamp>,
    pub(super) process: u32,
}

impl Member {
    pub(super) fn new(part: &Part, driver: Driver, all_hearing: Option<Driver>) -> Self {
        Self {
            name: Arc::clone(&part.name),
            part: part.clone(),
            feed: Vec::new(),
            read: BTreeMap::new(),
            driver,
            all_hearing,
            wakes: Vec::new(),
            process: 0,
        }
    }

    /// Gives an input to both drivers. Errors: they do not decide the same.
    pub(super) fn step(&mut self, now: Timestamp, input: Input) -> Result<Vec<Action>, String> {
        let mut out = Vec::new();
        let Some(all_hearing) = &mut self.all_hearing else {
            self.driver.step(now, input, &mut out);
            return Ok(out);
        };
        let said = format!("{input:?}");
        let mut expected = Vec::new();
        all_hearing.step(now, again(&input), &mut expected);
        self.driver.step(now, input, &mut out);
        let found = decisions(&out, &self.driver);
        let expected = decisions(&expected, all_hearing);
        if found == expected {
            return Ok(out);
        }
        let name = &self.name;
        Err(format!(
            "upon {said}, {name} decides {found:?}; who hears everything, {expected:?}"
        ))
    }

    /// What the projection does not say is heard by one driver only. Errors: it decides something.
    pub(super) fn pass_over(&mut self, now: Timestamp, event: Event) -> Result<(), String> {
        let Some(all_hearing) = &mut self.all_hearing else {
            return Ok(());
        };
        let said = format!("{event:?}");
        let mut out = Vec::new();
        all_hearing.step(now, Input::Heard { event }, &mut out);
        if out.is_empty() {
            return Ok(());
        }
        let name = &self.name;
        Err(format!(
            "{name} does not hear {said}, upon which it would do {out:?}"
        ))
    }
}

/// What is decided, and upon what knowledge, without the times: who hears less knows of fewer.
fn decisions(out: &[Action], driver: &Driver) -> Vec<String> {
    let plan = driver.plan();
    let known = |steps: &[StepIndex]| -> Vec<_> {
        let outputs = steps.iter().map(|step| driver.state().output_of(*step));
        outputs.collect()
    };
    let decision = |action: &Action| match action {
        Action::Append { event, cause } => format!("append {:?} after {cause:?}", event.kind),
        Action::Wake(at) => format!("wake at {at:?}"),
        Action::Await { .. } => unreachable!("these plans await nothing"),
        Action::Call(call) => {
            let step = plan.step(call.unit.step);
            let references = match call.direction {
                Direction::Forward => &step.data_dependencies,
                Direction::Compensation => &step.compensation_references,
            };
            format!("{call:?} with {:?}", known(references))
        }
    };
    out.iter().map(decision).collect()
}

/// The same input, for the other driver.
fn again(input: &Input) -> Input {
    match input {
        Input::Answered {
            unit,
            direction,
            result,
            jitter,
        } => Input::Answered {
            unit: *unit,
            direction: *direction,
            result: result.clone(),
            jitter: *jitter,
        },
        Input::Recorded { event } => Input::Recorded {
            event: event.clone(),
        },
        Input::Heard { event } => Input::Heard {
            event: event.clone(),
        },
        Input::Cancel { reason } => Input::Cancel {
            reason: reason.clone(),
        },
        Input::Resume => Input::Resume,
        Input::Resolve {
            unit,
            resolution,
            output,
            reason,
        } => Input::Resolve {
            unit: *unit,
            resolution: *resolution,
            output: output.clone(),
            reason: reason.clone(),
        },
        Input::Arrived { .. } => unreachable!("these plans await nothing"),
        Input::Wake => Input::Wake,
    }
}
