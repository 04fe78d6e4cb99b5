//! People who look at executions that wait for them: they have them go on, or settle with their own hands
//! what nobody knows, and see to it that it is so.

use bytes::Bytes;
use pavane_flow::event::Resolution;
use pavane_flow::fold::Progress;
use pavane_flow::plan::Unit;

use super::core::Told;
use super::queue::Happening;
use super::{Problem, World};
use crate::history::ANSWER_BY_HAND;
use crate::model::ByHand;
use crate::scenario::slot;

impl World<'_> {
    /// An operator sees that an execution is suspended, and does something about it after a while.
    pub(super) fn look_for_suspended(&mut self) {
        if !self.nodes[0].is_up {
            return;
        }
        let process = self.nodes[0].process;
        for (number, execution) in self.scenario.executions.iter().enumerate() {
            let memory = &mut self.nodes[0].memory;
            let driver = memory.core.driver(&execution.id);
            let is_suspended = driver.is_some_and(|driver| driver.state().is_suspended());
            if is_suspended && !memory.operated.contains(&number) {
                memory.operated.push(number);
                let after = self.random.millis(1, 1_000);
                let execution = number;
                self.plan(after, Happening::Operate { process, execution });
            }
        }
    }

    /// What is to be settled is settled first; then the execution goes on, if it has not by itself.
    pub(super) fn operate(&mut self, process: u32, number: usize) -> Result<(), Problem> {
        if !self.lives(0, process) {
            return Ok(());
        }
        let operated = &mut self.nodes[0].memory.operated;
        operated.retain(|operated| *operated != number);
        for unit in self.blocked(number) {
            if !self.lives(0, process) {
                return Ok(());
            }
            if let Some(resolution) = self.resolution(number, unit) {
                self.settle(number, unit, resolution)?;
            }
        }
        if !self.lives(0, process) {
            return Ok(());
        }
        if self.is_half_settled(number) {
            self.look_for_suspended();
            return Ok(());
        }
        let execution = &self.scenario.executions[number].id;
        self.tell(0, execution, Told::Resume)
    }

    /// Whether the home died when it was told how something was settled, and has not heard again yet of
    /// what was to be settled. The hands have done their part already, so nothing goes on before that.
    fn is_half_settled(&self, number: usize) -> bool {
        let execution = &self.scenario.executions[number].id;
        let Some(driver) = self.nodes[0].memory.core.driver(execution) else {
            return false;
        };
        let (graph, state) = (&self.scenario.workflow(number).graph, driver.state());
        let by_hand = self.histories[number].by_hand();
        let is_open = |step: usize, call: usize| {
            let unit = graph.unit(step, call);
            by_hand[step][call].is_some()
                && state.progress_of(unit) == Progress::Pending
                && state.resolution(unit).is_none()
        };
        let mut steps = graph.all();
        !state.is_failing()
            && steps.any(|step| (0..graph.steps[step].calls()).any(|call| is_open(step, call)))
    }

    /// What waits for an operator, as the home shows it.
    fn blocked(&self, number: usize) -> Vec<Unit> {
        let execution = &self.scenario.executions[number].id;
        let Some(driver) = self.nodes[0].memory.core.driver(execution) else {
            return Vec::new();
        };
        let graph = &self.scenario.workflow(number).graph;
        let units = graph.all().flat_map(|step| {
            let calls = 0..graph.steps[step].calls();
            calls.map(move |call| graph.unit(step, call))
        });
        let is_blocked = |unit: &Unit| driver.state().unit_blocked_by(*unit).is_some();
        units.filter(is_blocked).collect()
    }

    /// How something is settled by hand, if it is. Who has decided once stays with it.
    fn resolution(&mut self, number: usize, unit: Unit) -> Option<Resolution> {
        let execution = &self.scenario.executions[number];
        let driver = self.nodes[0].memory.core.driver(&execution.id)?;
        let is_failing = driver.state().is_failing();
        let (at, slot) = (unit.step.at(), slot(unit));
        if is_failing {
            // One whose call is not decided yet will be, by its performer.
            if !driver.state().progress_of(unit).owes() {
                return None;
            }
            return self.random.chance(40).then_some(Resolution::Compensated);
        }
        if driver.state().progress_of(unit) != Progress::Pending {
            return None; // it could not be undone, and the home has not heard yet why it is to be
        }
        match self.histories[number].by_hand()[at][slot] {
            Some(ByHand::Completed) => return Some(Resolution::Completed),
            Some(ByHand::Skipped) => return Some(Resolution::Skipped),
            None => {}
        }
        // In a calm execution only what the services say decides how it ends.
        if execution.is_calm || self.random.chance(40) {
            return None;
        }
        let can_be_skipped = unit.element.is_none();
        Some(if can_be_skipped && self.random.chance(50) {
            Resolution::Skipped
        } else {
            Resolution::Completed
        })
    }

    fn settle(&mut self, number: usize, unit: Unit, resolution: Resolution) -> Result<(), Problem> {
        let (at, slot) = (unit.step.at(), slot(unit));
        let service = &mut self.services[number][at][slot];
        let output = match resolution {
            Resolution::Completed if service.is_undone => {
                return Ok(()); // undone in the meantime: whoever looks sees that
            }
            Resolution::Completed => {
                service.do_by_hand();
                Bytes::from_static(ANSWER_BY_HAND)
            }
            Resolution::Compensated => {
                service.undo_by_hand();
                Bytes::new()
            }
            Resolution::Skipped | Resolution::Unspecified => {
                service.withdraw_by_hand();
                Bytes::new()
            }
        };
        self.histories[number].settle_by_hand(unit, resolution);
        self.say(0, || {
            format!("is told that s{at}/{slot} of e{number} is {resolution:?}")
        });
        self.check_effects(number, at)?;
        let execution = &self.scenario.executions[number].id;
        let told = Told::Resolve {
            unit,
            resolution,
            output,
        };
        self.tell(0, execution, told)
    }
}
