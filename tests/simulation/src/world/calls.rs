//! Calls on their way: slow, lost, answered by nobody, performed long after the caller has given up or
//! died.

use bytes::Bytes;
use pavane_flow::driver::{CallFailure, Direction};
use pavane_flow::event::Failure;
use pavane_flow::plan::Unit;

use super::core::{Call, Told, decoded};
use super::node::Commit;
use super::queue::{Answer, Happening};
use super::{Problem, World};
use crate::history::response;
use crate::scenario::{self, FOR_EVER, Script, is_retryable, slot};

const CANCELLED: i32 = 1;
const UNKNOWN: i32 = 2;
const DEADLINE_EXCEEDED: i32 = 4;
const RESOURCE_EXHAUSTED: i32 = 8;
const INTERNAL: i32 = 13;
const UNAVAILABLE: i32 = 14;

/// A call that has left.
pub(super) struct Flight {
    node: usize,
    process: u32,
    call: Call,
    fate: Fate,
    /// Whether its caller still wants an answer.
    is_waiting: bool,
    /// Whether it was performed in a commit of the caller's, who will hear of it.
    is_recorded: bool,
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Arrives,
    /// No connection could be made.
    NotSent,
    /// The request is lost; the caller notices, or waits in vain.
    Lost,
    /// The connection breaks, and the request arrives all the same, after a while.
    Broken,
    /// It is performed, and the answer is lost.
    AnswerLost,
    /// It arrives after the caller has given up.
    Late,
    /// Something before the service says no.
    Refused(i32),
}

/// How the calls of one step have been answered, and what may still go wrong with them.
#[derive(Debug)]
pub(super) struct Weather {
    max_attempts: u32,
    /// Whether it may be made once: then somebody is asked of what nobody knows.
    is_once: bool,
    /// How many retryable failures are still allowed; `None`: any number, of any kind.
    budget: Option<u32>,
    /// Forward calls that were answered with a failure that is tried again, and with one that is not.
    retryable: u32,
    definite: u32,
}

impl Weather {
    pub(super) fn new(step: &scenario::Step, script: &Script, is_calm: bool) -> Self {
        let refusals = match script.refusals {
            refusals if script.is_refusal_retryable && refusals != FOR_EVER => refusals,
            _ => 0,
        };
        let spare = (step.max_attempts - 1).saturating_sub(refusals);
        Self {
            max_attempts: step.max_attempts,
            is_once: step.is_once,
            budget: is_calm.then_some(if step.is_once { 0 } else { spare }),
            retryable: 0,
            definite: 0,
        }
    }

    /// A forward call failed.
    fn note(&mut self, code: i32, sent: bool) {
        let is_unknown = matches!(code, CANCELLED | UNKNOWN | DEADLINE_EXCEEDED);
        if self.is_once && (is_unknown || code == UNAVAILABLE && sent) {
            return;
        }
        if is_retryable(code) && !(self.is_once && sent) {
            self.retryable += 1;
        } else {
            self.definite += 1;
        }
    }

    /// Whether the step may have failed by what its calls were answered.
    pub(super) fn may_fail(&self) -> bool {
        self.definite > 0 || self.retryable >= self.max_attempts
    }
}

impl World<'_> {
    /// A call leaves.
    pub(super) fn leave(&mut self, node: usize, call: Call) -> Result<(), Problem> {
        let execution = self.scenario.number(&call.execution);
        self.calls += 1;
        let (unit, direction) = (call.unit, call.direction);
        let fate = self.fate(node, execution, unit, direction);
        let name = name(&call);
        self.say(node, || format!("calls {direction:?} of {name}: {fate:?}"));
        self.histories[execution].leave(unit, direction == Direction::Compensation)?;
        self.flown += 1;
        let flight = self.flown;
        let timeout = call.timeout;
        self.flights.insert(
            flight,
            Flight {
                node,
                process: self.nodes[node].process,
                call,
                fate,
                is_waiting: true,
                is_recorded: false,
            },
        );
        let soon = self.random.micros(100, 20_000);
        let failed = |code, sent| Answer::Came(Err(failure(code, sent)));
        match fate {
            Fate::Arrives | Fate::AnswerLost => self.plan(soon, Happening::Arrive { flight }),
            Fate::NotSent => {
                let answer = failed(UNAVAILABLE, false);
                self.plan(soon, Happening::Answer { flight, answer });
            }
            Fate::Lost if self.random.chance(50) => {
                let answer = failed(UNAVAILABLE, true);
                self.plan(soon, Happening::Answer { flight, answer });
            }
            Fate::Lost => {}
            Fate::Broken => {
                let answer = failed(UNAVAILABLE, true);
                self.plan(soon, Happening::Answer { flight, answer });
                let late = self.random.millis(1, 4_000);
                self.plan(late, Happening::Arrive { flight });
            }
            Fate::Late => {
                let late = timeout + self.random.millis(1, 3_000);
                self.plan(late, Happening::Arrive { flight });
            }
            Fate::Refused(code) => {
                let answer = failed(code, true);
                self.plan(soon, Happening::Answer { flight, answer });
            }
        }
        self.plan(timeout, Happening::GiveUp { flight });
        Ok(())
    }

    fn fate(&mut self, node: usize, execution: usize, unit: Unit, direction: Direction) -> Fate {
        if !self.is_faulty() || !self.random.chance(30) {
            return Fate::Arrives;
        }
        let weather = &mut self.weather[execution][unit.step.at()][slot(unit)];
        let is_forward = direction == Direction::Forward;
        match &mut weather.budget {
            Some(0) if is_forward => return Fate::Arrives,
            Some(budget) if is_forward => *budget -= 1,
            _ => {}
        }
        let is_calm = is_forward && weather.budget.is_some();
        // In the process of a participant nothing is lost on the way.
        let is_inside = self.nodes[node].is_kit;
        let codes = [CANCELLED, UNKNOWN, RESOURCE_EXHAUSTED, INTERNAL];
        match self.random.below(7) {
            0 | 1 => Fate::Late,
            2 if !is_calm => Fate::Refused(*self.random.pick(&codes)),
            _ if is_inside => Fate::Refused(RESOURCE_EXHAUSTED),
            2 | 3 => Fate::Lost,
            4 => Fate::AnswerLost,
            5 => Fate::Broken,
            _ => Fate::NotSent,
        }
    }

    /// A request arrives.
    pub(super) fn arrive(&mut self, number: u64) -> Result<(), Problem> {
        let Some(flight) = self.flights.get(&number) else {
            return Ok(());
        };
        let node = flight.node;
        if self.nodes[node].is_kit {
            // One that its caller no longer waits for is withdrawn, unless it is being performed.
            if self.lives(node, flight.process) && flight.is_waiting {
                self.put_in_line(node, Commit::Transaction { flight: number });
            }
            return Ok(());
        }
        let (is_waiting, fate) = (flight.is_waiting, flight.fate);
        let result = self.perform(number)?;
        if is_waiting && fate != Fate::AnswerLost {
            let after = self.random.micros(100, 20_000);
            let answer = Answer::Came(result);
            self.plan(
                after,
                Happening::Answer {
                    flight: number,
                    answer,
                },
            );
        }
        Ok(())
    }

    /// A call is performed in a commit of its caller's own store, with the event that says so.
    pub(super) fn transact(&mut self, node: usize, number: u64) -> Result<(), Problem> {
        let Some(flight) = self.flights.get(&number).filter(|flight| flight.is_waiting) else {
            return Ok(());
        };
        let call = flight.call.of_member.clone();
        let call = call.ok_or("a participant's call is not one")?;
        let after = self.random.micros(10, 5_000);
        let result = self.perform(number)?;
        let answer = match result {
            Err(failure) => Answer::Came(Err(failure)),
            Ok(output) => {
                let (event, stored) = call.completed(self.nodes[node].clock(self.now), output);
                self.append(node, vec![decoded(stored)])?;
                if let Some(flight) = self.flights.get_mut(&number) {
                    flight.is_recorded = true;
                }
                Answer::Recorded(event)
            }
        };
        self.plan(
            after,
            Happening::Answer {
                flight: number,
                answer,
            },
        );
        Ok(())
    }

    /// A service takes a call, or does not.
    fn perform(&mut self, number: u64) -> Result<Result<Bytes, CallFailure>, Problem> {
        let call = &self.flights[&number].call;
        let execution = self.scenario.number(&call.execution);
        let (step, slot) = (call.unit.step.at(), slot(call.unit));
        let graph = &self.scenario.workflow(execution).graph;
        let service = &mut self.services[execution][step][slot];
        let (id, direction) = (call.execution.clone(), call.direction);
        let result = match direction {
            Direction::Forward => service.perform(self.sabotage),
            Direction::Compensation => service.undo(),
        };
        let speaker = format!("Service{}", graph.steps[step].service);
        let line = || format!("is asked for {direction:?} of {}: {result:?}", name(call));
        self.timeline.say(self.now, &speaker, line);
        self.check_effects(execution, step)?;
        Ok(match result {
            Ok(()) => Ok(response(&id, step, slot)),
            Err(code) => Err(failure(code, true)),
        })
    }

    /// A caller learns what became of its call, if it still waits for that.
    pub(super) fn answer(&mut self, number: u64, answer: Answer) -> Result<(), Problem> {
        let Some(flight) = self
            .flights
            .get_mut(&number)
            .filter(|flight| flight.is_waiting)
        else {
            return Ok(());
        };
        flight.is_waiting = false;
        let (node, process, call) = (flight.node, flight.process, flight.call.clone());
        if !self.lives(node, process) {
            return Ok(());
        }
        let told = match answer {
            Answer::Recorded(event) => Told::Recorded(event),
            Answer::Came(result) => {
                if let Err(failed) = &result {
                    let code = failed.failure.code;
                    self.say(node, || format!("is answered {code} for {}", name(&call)));
                    self.note_failure(&call, failed);
                }
                Told::Answered {
                    unit: call.unit,
                    direction: call.direction,
                    result,
                    jitter: self.random.fraction(),
                }
            }
        };
        self.tell(node, &call.execution, told)
    }

    fn note_failure(&mut self, call: &Call, failed: &CallFailure) {
        let execution = self.scenario.number(&call.execution);
        if call.direction == Direction::Forward {
            let weather = &mut self.weather[execution][call.unit.step.at()][slot(call.unit)];
            weather.note(failed.failure.code, failed.sent);
            if !failed.sent {
                self.histories[execution].stay(call.unit);
            }
        }
    }

    /// A caller's patience ends. One whose call was performed in its own commit waits for that.
    pub(super) fn give_up(&mut self, number: u64) -> Result<(), Problem> {
        match self.flights.get(&number) {
            Some(flight) if !flight.is_recorded => {}
            _ => return Ok(()),
        }
        let answer = Answer::Came(Err(failure(DEADLINE_EXCEEDED, true)));
        self.answer(number, answer)
    }

    /// A process has died: nobody waits for the answers, and what ran inside of it runs no more.
    pub(super) fn lose_calls(&mut self, node: usize) {
        let is_kit = self.nodes[node].is_kit;
        for flight in self
            .flights
            .values_mut()
            .filter(|flight| flight.node == node)
        {
            flight.is_waiting = false;
        }
        if is_kit {
            self.flights.retain(|_, flight| flight.node != node);
        }
    }
}

/// As the timeline says it.
fn name(call: &Call) -> String {
    let step = call.unit.step.at();
    match call.unit.element {
        None => format!("{}/s{step}", call.execution),
        Some(element) => format!("{}/s{step}/{element}", call.execution),
    }
}

fn failure(code: i32, sent: bool) -> CallFailure {
    CallFailure {
        failure: Failure {
            code,
            message: String::new(),
            details: Vec::new(),
        },
        retry_after: None,
        sent,
        settled: false,
        held_back: false,
    }
}
