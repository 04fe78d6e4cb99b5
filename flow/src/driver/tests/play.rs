//! One driver, played by hand: what it is told, and what it wants, in words.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::Timestamp;
use crate::driver::{Action, CallFailure, Direction, Driver, Input, Performers};
use crate::event::{Event, Failure, Origin, Resolution};
use crate::plan::{Plan, Step, StepIndex, Unit, Work};
use crate::testing;

const SECOND: i64 = 1_000_000_000;

/// A plan of these steps, one after the other.
pub(super) fn row(works: Vec<Step>) -> Arc<Plan> {
    let mut steps = works;
    let count = steps.len();
    for (position, step) in steps.iter_mut().enumerate() {
        step.id = ["a", "b", "c", "d"][position].into();
        let before = position.checked_sub(1).map(testing::step_index);
        step.dependencies = before.into_iter().collect();
        step.descendants = (position + 1..count).map(testing::step_index).collect();
    }
    Arc::new(testing::plan(steps, None))
}

/// A step of this kind, with a compensation if it calls something.
pub(super) fn step(work: Work) -> Step {
    let compensation = matches!(work, Work::Call(_)).then(|| testing::call("Undo", 1));
    Step {
        id: "".into(),
        position: 0,
        work,
        for_each: None,
        data_dependencies: Vec::new(),
        dependencies: Vec::new(),
        descendants: Vec::new(),
        when: None,
        compensation,
        compensation_references: Vec::new(),
    }
}

pub(super) struct Play {
    driver: Driver,
    log: Vec<Event>,
    now: Timestamp,
}

impl Play {
    /// Starts an execution; what follows from that.
    pub(super) fn start(plan: &Arc<Plan>) -> (Self, String) {
        let mut out = Vec::new();
        let now = Timestamp::from_nanos(0);
        let driver = Driver::start(
            Arc::clone(plan),
            Performers::Conductor,
            "e".into(),
            Bytes::new(),
            Origin::default(),
            now,
            &mut out,
        );
        let mut play = Self {
            driver,
            log: Vec::new(),
            now,
        };
        let said = play.told(&out);
        (play, said)
    }

    pub(super) fn driver(&self) -> &Driver {
        &self.driver
    }

    pub(super) fn pass(&mut self, duration: Duration) {
        self.now = self.now + duration;
    }

    pub(super) fn input(&mut self, input: Input) -> String {
        let mut out = Vec::new();
        self.driver.step(self.now, input, &mut out);
        self.told(&out)
    }

    /// A call is answered with these bytes.
    pub(super) fn answer(&mut self, unit: impl Into<Unit>, response: &'static [u8]) -> String {
        self.input(Input::Answered {
            unit: unit.into(),
            direction: Direction::Forward,
            result: Ok(Bytes::from_static(response)),
            jitter: 0.5,
        })
    }

    /// A call is refused with this code, or, if it is one that leaves that open, it is not known
    /// what came of it.
    pub(super) fn refuse(&mut self, unit: impl Into<Unit>, code: i32) -> String {
        self.input(Input::Answered {
            unit: unit.into(),
            direction: Direction::Forward,
            result: Err(CallFailure {
                failure: Failure {
                    code,
                    message: String::new(),
                    details: Vec::new(),
                },
                retry_after: None,
                sent: true,
                settled: false,
                held_back: false,
            }),
            jitter: 0.5,
        })
    }

    pub(super) fn undone(&mut self, unit: impl Into<Unit>) -> String {
        self.input(Input::Answered {
            unit: unit.into(),
            direction: Direction::Compensation,
            result: Ok(Bytes::new()),
            jitter: 0.5,
        })
    }

    pub(super) fn resolve(&mut self, unit: impl Into<Unit>, resolution: Resolution) -> String {
        self.input(Input::Resolve {
            unit: unit.into(),
            resolution,
            output: Bytes::from_static(b"by hand"),
            reason: "test".to_owned(),
        })
    }

    /// The last event was not durable yet.
    pub(super) fn lose_last(&mut self) {
        self.log.pop();
    }

    /// The process dies, and another goes on from what was recorded.
    pub(super) fn restart(&mut self) -> String {
        let mut out = Vec::new();
        self.driver = Driver::restore(
            Arc::clone(self.driver.plan()),
            "e".into(),
            self.log.iter().cloned(),
            self.now,
            &mut out,
        );
        self.told(&out)
    }

    /// What it wants, a line each.
    fn told(&mut self, out: &[Action]) -> String {
        let plan = Arc::clone(self.driver.plan());
        let key = |unit| plan.idempotency_key("e", unit).to_string();
        let lines = out.iter().map(|action| match action {
            Action::Append { event, .. } => {
                self.log.push(event.clone());
                event.kind.key().event_id("e", &plan)
            }
            Action::Call(call) => {
                let way = match call.direction {
                    Direction::Forward => "call",
                    Direction::Compensation => "undo",
                };
                format!("{way} {} (attempt {})", key(call.unit), call.attempt)
            }
            Action::Wake(at) => format!("wake at {} s", at.as_nanos() / SECOND),
            Action::Await { step, subject } => {
                format!("await for {} of {subject:?}", key((*step).into()))
            }
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    /// What is known of a step's response.
    pub(super) fn output(&self, step: u16) -> Option<&[u8]> {
        let output = self.driver.state().output_of(StepIndex(step));
        output.map(|output| &**output)
    }
}
