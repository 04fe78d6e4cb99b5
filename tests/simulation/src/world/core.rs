//! What a process has at its heart: the drivers of a conductor, or a member of choreographies. Both are
//! told and asked in one way here, so that the same shell surrounds both.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use pavane::feed::v1 as feed;
use pavane_flow::Timestamp;
use pavane_flow::choreography::member::{self, Member, StepCall};
use pavane_flow::driver::{self, CallFailure, Direction, Driver, Input, Performers, Refusal};
use pavane_flow::event::{Context, Event, Origin, Resolution};
use pavane_flow::plan::{Plan, Unit};
use prost::Message;

/// What is at the heart.
pub(crate) enum Core {
    /// Drivers by execution.
    Conductor(BTreeMap<Arc<str>, Driver>),
    Member(Box<Member>),
}

/// What the shell is to do.
pub(crate) enum Act {
    Append {
        execution: Arc<str>,
        event: Box<feed::Event>,
    },
    Call(Call),
    Wake {
        execution: Arc<str>,
        at: Timestamp,
    },
    Recall {
        execution: Arc<str>,
    },
    Problem(String),
}

/// A call to make.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) execution: Arc<str>,
    pub(crate) unit: Unit,
    pub(crate) direction: Direction,
    pub(crate) timeout: Duration,
    /// Of a member: what it takes to record it in the commit of its effect.
    pub(crate) of_member: Option<Box<StepCall>>,
}

/// What the shell tells of one execution.
pub(crate) enum Told {
    Answered {
        unit: Unit,
        direction: Direction,
        result: Result<Bytes, CallFailure>,
        jitter: f64,
    },
    Recorded(Event),
    Cancel,
    Resume,
    Resolve {
        unit: Unit,
        resolution: Resolution,
        output: Bytes,
    },
    Wake,
}

impl Core {
    /// Tells something of one execution.
    pub(crate) fn tell(&mut self, now: Timestamp, execution: &Arc<str>, told: Told) -> Vec<Act> {
        match self {
            Self::Conductor(drivers) => {
                let Some(driver) = drivers.get_mut(execution) else {
                    return Vec::new();
                };
                if let Told::Resolve {
                    unit, resolution, ..
                } = told
                    && let Some(refusal) = driver.refusal(unit, resolution)
                {
                    return vec![refused(unit, refusal)];
                }
                let mut out = Vec::new();
                driver.step(now, input(told), &mut out);
                let acts = acts_of_driver(driver, out);
                if driver.state().outcome().is_some() {
                    drivers.remove(execution);
                }
                acts
            }
            Self::Member(member) => {
                let mut out = Vec::new();
                match told {
                    Told::Answered {
                        unit,
                        direction,
                        result,
                        jitter,
                    } => {
                        member.answered(now, execution, unit, direction, result, jitter, &mut out);
                    }
                    Told::Recorded(event) => member.recorded(now, execution, event, &mut out),
                    Told::Cancel => member.cancel(now, execution, "test".to_owned(), &mut out),
                    Told::Resume => member.resume(now, execution, &mut out),
                    Told::Resolve {
                        unit,
                        resolution,
                        output,
                    } => {
                        let reason = "test".to_owned();
                        let resolved = member
                            .resolve(now, execution, unit, resolution, output, reason, &mut out);
                        if let Err(refusal) = resolved {
                            return vec![refused(unit, refusal)];
                        }
                    }
                    Told::Wake => member.wake(now, execution, &mut out),
                }
                acts_of_member(out)
            }
        }
    }

    /// Starts an execution.
    pub(crate) fn start(
        &mut self,
        now: Timestamp,
        execution: &Arc<str>,
        plan: &Arc<Plan>,
    ) -> Result<Vec<Act>, String> {
        match self {
            Self::Conductor(drivers) => {
                let mut out = Vec::new();
                let driver = Driver::start(
                    Arc::clone(plan),
                    Performers::Conductor,
                    Arc::clone(execution),
                    Bytes::new(),
                    Origin::default(),
                    now,
                    &mut out,
                );
                let acts = acts_of_driver(&driver, out);
                if driver.state().outcome().is_none() {
                    drivers.insert(Arc::clone(execution), driver);
                }
                Ok(acts)
            }
            Self::Member(member) => {
                let mut out = Vec::new();
                let (revision, trace) = (plan.revision.to_string(), String::new());
                let (input, origin) = (Bytes::new(), Origin::default());
                member
                    .start(
                        now,
                        execution,
                        &revision,
                        input,
                        origin,
                        trace.into(),
                        &mut out,
                    )
                    .map_err(|error| error.to_string())?;
                Ok(acts_of_member(out))
            }
        }
    }

    pub(crate) fn member(&mut self) -> Option<&mut Member> {
        match self {
            Self::Conductor(_) => None,
            Self::Member(member) => Some(member),
        }
    }

    pub(crate) fn driver(&self, execution: &str) -> Option<&Driver> {
        match self {
            Self::Conductor(drivers) => drivers.get(execution),
            Self::Member(member) => member.driver(execution),
        }
    }

    /// The executions that have not ended, as far as it knows.
    pub(crate) fn executions(&self) -> Vec<Arc<str>> {
        let mut executions: Vec<_> = match self {
            Self::Conductor(drivers) => drivers.keys().cloned().collect(),
            Self::Member(member) => member.executions().cloned().collect(),
        };
        executions.sort();
        executions
    }
}

/// What waits for an operator can be settled by one.
fn refused(unit: Unit, refusal: Refusal) -> Act {
    Act::Problem(format!("{unit:?} was not settled by hand: {refusal}"))
}

fn input(told: Told) -> Input {
    match told {
        Told::Answered {
            unit,
            direction,
            result,
            jitter,
        } => Input::Answered {
            unit,
            direction,
            result,
            jitter,
        },
        Told::Recorded(event) => Input::Recorded { event },
        Told::Cancel => Input::Cancel {
            reason: "test".to_owned(),
        },
        Told::Resume => Input::Resume,
        Told::Resolve {
            unit,
            resolution,
            output,
        } => Input::Resolve {
            unit,
            resolution,
            output,
            reason: "test".to_owned(),
        },
        Told::Wake => Input::Wake,
    }
}

/// What a driver of a conductor wants.
pub(crate) fn acts_of_driver(driver: &Driver, actions: Vec<driver::Action>) -> Vec<Act> {
    let execution = || Arc::clone(driver.execution());
    let act = |action| match action {
        driver::Action::Append { event, cause } => Act::Append {
            execution: execution(),
            event: Box::new(decoded(event.encode(
                driver.execution(),
                driver.plan(),
                Context {
                    cause,
                    ..Context::default()
                },
            ))),
        },
        driver::Action::Call(call) => Act::Call(Call {
            execution: execution(),
            unit: call.unit,
            direction: call.direction,
            timeout: call.timeout,
            of_member: None,
        }),
        driver::Action::Wake(at) => Act::Wake {
            execution: execution(),
            at,
        },
        driver::Action::Await { .. } => unreachable!("these plans await nothing"),
    };
    actions.into_iter().map(act).collect()
}

/// What a member wants. Sorted by execution: a member keeps them in no order, and a seed must give the same
/// run every time.
pub(crate) fn acts_of_member(actions: Vec<member::Action>) -> Vec<Act> {
    let act = |action| {
        Some(match action {
            member::Action::Append {
                execution, event, ..
            } => {
                let subject = Arc::clone(&execution);
                let event = Box::new(decoded(event));
                (subject, Act::Append { execution, event })
            }
            member::Action::Call(call) => {
                let execution = Arc::clone(call.execution());
                let call = Call {
                    execution: Arc::clone(&execution),
                    unit: call.unit(),
                    direction: call.direction(),
                    timeout: call.timeout(),
                    of_member: Some(Box::new(call)),
                };
                (execution, Act::Call(call))
            }
            member::Action::Wake { execution, at } => {
                (Arc::clone(&execution), Act::Wake { execution, at })
            }
            member::Action::Recall { execution } => {
                (Arc::clone(&execution), Act::Recall { execution })
            }
            member::Action::Ended { .. } => return None,
            member::Action::LeftOut { event_id, problem } => {
                let problem = format!("{event_id} was left out: {problem}");
                (event_id.into(), Act::Problem(problem))
            }
        })
    };
    let mut acts: Vec<(Arc<str>, Act)> = actions.into_iter().filter_map(act).collect();
    acts.sort_by(|one, other| one.0.cmp(&other.0));
    acts.into_iter().map(|(_, act)| act).collect()
}

/// As this world's feeds keep it.
pub(crate) fn decoded(event: Bytes) -> feed::Event {
    feed::Event::decode(event).expect("just encoded")
}
