//! A world of members that choreograph one execution, with services that refuse, requests that are
//! lost and processes that die.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::super::{EventType, Owners, Projection};
use super::Related;
use super::member::Member;
use super::service::{Service, response};
use crate::Timestamp;
use crate::driver::{Action, CallFailure, CallRequest, Direction, Driver, Input, Performers, Role};
use crate::event::{Event, EventKind, Failure, Origin, Resolution};
use crate::fold::{Outcome, Progress, State};
use crate::plan::{Plan, Step, Unit, Work};
use crate::testing::{Random, call, step_index, varied_plan};

const DEADLINE_EXCEEDED: i32 = 4;
const UNAVAILABLE: i32 = 14;
const HOME: &str = "home";
/// Most rounds with faults; a run ends soon after.
const FAULTY_ROUNDS: usize = 500;
const MAX_ROUNDS: usize = 40_000;
/// As many as the lists of `varied_plan` have.
const MOST_ELEMENTS: u32 = 5;

struct OnTheWire {
    member: usize,
    /// Of the member; a request outlives the process that sent it.
    process: u32,
    unit: Unit,
    direction: Direction,
    waiting: bool,
}

pub(super) struct World {
    seed: u64,
    random: Random,
    plan: Arc<Plan>,
    /// The home is the first.
    members: Vec<Member>,
    services: HashMap<Unit, Service>,
    wire: Vec<OnTheWire>,
    now: Timestamp,
    faults: bool,
    /// What one driver did that the other did not.
    difference: Option<String>,
}

/// A random plan with a random owner for each step, and compensations that refer to earlier steps.
fn shared_plan(random: &mut Random) -> (Arc<Plan>, Owners) {
    let mut plan = varied_plan(random);
    let count = 1 + random.below(4);
    let services: Vec<Arc<str>> = (0..count).map(|n| format!("test.S{n}").into()).collect();
    let whole = Arc::get_mut(&mut plan).expect("nobody else has it");
    for position in 0..whole.steps.len() {
        if stands_alone(whole, position) {
            whole.steps[position].work = Work::Call(call("Do", 1));
        }
        let ancestors = (0..position).map(step_index).filter(|earlier| {
            let later = &whole.steps[earlier.at()].descendants;
            later.contains(&step_index(position)) && random.chance(40)
        });
        let references = ancestors.collect();
        let service = &services[random.below(count)];
        let step = &mut whole.steps[position];
        if let Work::Call(call) = &mut step.work {
            call.method.service = Arc::clone(service);
        }
        if let Some(compensation) = &mut step.compensation {
            compensation.method.service = Arc::clone(service);
            step.compensation_references = references;
        }
    }
    let members = services.iter().enumerate();
    let owners = Owners::new(members.map(|(n, service)| (format!("p{n}"), [service])));
    (plan, owners)
}

/// Whether a step is a wait with no call around it: nobody would perform that.
fn stands_alone(plan: &Plan, position: usize) -> bool {
    let index = step_index(position);
    let is_call = |step: &Step| step.call().is_some();
    let mut after = plan.steps[position].descendants.iter();
    let mut before = plan.steps.iter();
    !is_call(&plan.steps[position])
        && !after.any(|later| is_call(plan.step(*later)))
        && !before.any(|step| is_call(step) && step.descendants.contains(&index))
}

impl World {
    /// `is_deaf` takes from participants some of what the projection says.
    pub(super) fn new(seed: u64, is_deaf: impl Fn(&Related<'_>, EventType) -> bool) -> Self {
        let mut random = Random::new(seed);
        let (plan, owners) = shared_plan(&mut random);
        let mut projection = Projection::new(&plan, &owners, HOME).expect("all is owned");
        for part in &mut projection.parts {
            for hears in &mut part.hears {
                hears.events.retain(|&(event, step)| {
                    let (plan, own) = (&plan, &part.steps);
                    !is_deaf(&Related { plan, own, step }, event)
                });
            }
        }
        let now = Timestamp::from_nanos(1);
        let mut out = Vec::new();
        let home = Driver::start(
            Arc::clone(&plan),
            Performers::Participants,
            "e".into(),
            Bytes::new(),
            Origin::default(),
            now,
            &mut out,
        );
        let mut members = vec![Member::new(projection.home(), home, None)];
        for part in projection.participants() {
            let join = || {
                let role = Role::Participant(Arc::clone(&part.steps));
                Driver::join(Arc::clone(&plan), role, "e".into())
            };
            members.push(Member::new(part, join(), Some(join())));
        }
        let mut services = HashMap::new();
        for step in plan.step_indices() {
            // One for the step, and one for each element that it may have.
            let elements = (0..MOST_ELEMENTS).map(|element| Unit::element(step, element));
            for unit in elements.chain([step.into()]) {
                let service = Service {
                    refuses: random.chance(15),
                    undo_refusals: random.below(12).saturating_sub(9) as u32,
                    ..Service::default()
                };
                services.insert(unit, service);
            }
        }
        let mut world = Self {
            seed,
            members,
            services,
            random,
            plan,
            wire: Vec::new(),
            now,
            faults: true,
            difference: None,
        };
        world.act(0, out);
        world
    }

    /// Errors: where the two drivers of a participant differ.
    pub(super) fn run(mut self) -> Result<(), String> {
        for round in 0.. {
            if round >= MAX_ROUNDS {
                self.difference = Some("there is no end".to_owned());
            }
            if let Some(difference) = self.difference {
                return Err(format!("seed {}: {difference}", self.seed));
            }
            self.faults = round < FAULTY_ROUNDS;
            if self.is_over() {
                break;
            }
            let member = self.random.below(self.members.len());
            match self.random.below(14) {
                0 if self.faults && self.random.chance(25) => self.crash(member),
                1 if self.faults && self.random.chance(4) => {
                    let reason = "test".to_owned();
                    self.input(0, Input::Cancel { reason });
                }
                2 => self.pass_time(),
                3 if self.faults => self.lose_patience(),
                4 if self.members[0].driver.state().is_suspended() => {
                    if self.random.chance(50) {
                        self.input(0, Input::Resume);
                    } else {
                        self.resolve();
                    }
                }
                5..=8 if !self.wire.is_empty() => self.deliver(),
                _ => self.hear(member),
            }
        }
        self.check_effects();
        Ok(())
    }

    /// Everybody knows how it ended, and no request is left.
    fn is_over(&self) -> bool {
        let ended = |member: &Member| member.driver.state().outcome().is_some();
        self.wire.is_empty() && self.members.iter().all(ended)
    }

    /// A member reads the next event of one of its peers.
    fn hear(&mut self, member: usize) {
        let peers = self.members.len();
        let first = self.random.below(peers);
        let unread = (0..peers).map(|n| (first + n) % peers).find(|&peer| {
            let read = self.members[member].read.get(&peer).copied().unwrap_or(0);
            peer != member && read < self.members[peer].feed.len()
        });
        let Some(peer) = unread else {
            return;
        };
        let read = self.members[member].read.entry(peer).or_default();
        let next = *read;
        *read += 1;
        let event = self.members[peer].feed[next].clone();
        let peer = Arc::clone(&self.members[peer].name);
        let hears = self.members[member].part.hears_from(&peer);
        if hears.is_some_and(|hears| hears.includes(&event.kind)) {
            self.input(member, Input::Heard { event });
        } else if let Err(difference) = self.members[member].pass_over(self.now, event) {
            self.difference = Some(difference);
        }
    }

    fn input(&mut self, member: usize, input: Input) {
        let out = match self.members[member].step(self.now, input) {
            Ok(out) => out,
            Err(difference) => {
                self.difference = Some(difference);
                return;
            }
        };
        if self.faults && self.random.chance(3) {
            return self.crash(member); // nothing of it was durable
        }
        self.act(member, out);
    }

    fn act(&mut self, member: usize, out: Vec<Action>) {
        for action in out {
            match action {
                Action::Append { event, .. } => self.members[member].feed.push(event),
                Action::Wake(at) => self.members[member].wakes.push(at),
                Action::Await { .. } => unreachable!("these plans await nothing"),
                Action::Call(call) => {
                    self.check_references(member, &call);
                    self.wire.push(OnTheWire {
                        member,
                        process: self.members[member].process,
                        unit: call.unit,
                        direction: call.direction,
                        waiting: true,
                    });
                }
            }
        }
    }

    /// A request is made from responses that are known to its maker.
    fn check_references(&self, member: usize, call: &CallRequest) {
        let (whole, step) = (self.whole(), self.plan.step(call.unit.step));
        let references = match call.direction {
            Direction::Forward => &step.data_dependencies,
            Direction::Compensation => &step.compensation_references,
        };
        for &reference in references {
            assert_eq!(
                self.members[member].driver.state().output_of(reference),
                whole.output_of(reference),
                "seed {}: {} calls {:?} of {:?} without the response of {reference:?}",
                self.seed,
                self.members[member].name,
                call.direction,
                call.unit
            );
        }
    }

    /// A service performs a request.
    fn deliver(&mut self) {
        let at = self.random.below(self.wire.len());
        let request = self.wire.swap_remove(at);
        let (unit, direction) = (request.unit, request.direction);
        let lost = self.faults && self.random.chance(6);
        let result = if lost {
            Err(UNAVAILABLE)
        } else {
            self.service(unit).call(direction)
        };
        if !request.waiting || request.process != self.members[request.member].process {
            return;
        }
        if result.is_ok() && self.random.chance(40) {
            return self.record(request.member, unit, direction);
        }
        let lost_after = self.faults && self.random.chance(6);
        let result = if lost_after { Err(UNAVAILABLE) } else { result };
        self.answer(request.member, unit, direction, result);
    }

    /// The service has appended the step's event itself, in the commit of the effect.
    fn record(&mut self, member: usize, unit: Unit, direction: Direction) {
        let attempts = 1;
        let kind = match direction {
            Direction::Forward => EventKind::StepCompleted {
                unit,
                output: response(unit.step),
                attempts,
            },
            Direction::Compensation => EventKind::StepCompensated { unit, attempts },
        };
        let time = self.now.max(self.members[member].driver.last_event());
        let event = Event {
            time: time + Duration::from_nanos(1),
            kind,
        };
        self.members[member].feed.push(event.clone());
        self.input(member, Input::Recorded { event });
    }

    fn answer(&mut self, member: usize, unit: Unit, direction: Direction, result: Result<(), i32>) {
        let result = result
            .map(|()| response(unit.step))
            .map_err(|code| CallFailure {
                failure: Failure {
                    code,
                    message: String::new(),
                    details: Vec::new(),
                },
                retry_after: None,
                sent: true,
                settled: false,
                held_back: false,
            });
        let input = Input::Answered {
            unit,
            direction,
            result,
            jitter: 0.5,
        };
        self.input(member, input);
    }

    fn service(&mut self, unit: Unit) -> &mut Service {
        self.services.get_mut(&unit).expect("there is one for each")
    }

    /// An operator settles something that waits for one, and sees to it that it is so.
    fn resolve(&mut self) {
        let home = &self.members[0].driver;
        let blocked = self.services.keys().copied();
        let blocked = blocked.filter(|unit| home.state().unit_blocked_by(*unit).is_some());
        let Some(unit) = blocked.min() else {
            return;
        };
        let resolution = if home.state().is_failing() {
            Resolution::Compensated
        } else if unit.element.is_some() {
            Resolution::Completed
        } else {
            Resolution::Skipped
        };
        if home.refusal(unit, resolution).is_some() {
            return;
        }
        let service = self.service(unit);
        if service.tombstone && resolution == Resolution::Completed {
            return; // undone in the meantime: whoever looks sees that
        }
        service.effect = resolution == Resolution::Completed;
        service.tombstone = !service.effect;
        let (output, reason) = (Bytes::new(), "test".to_owned());
        self.input(
            0,
            Input::Resolve {
                unit,
                resolution,
                output,
                reason,
            },
        );
    }

    /// Somebody waits no longer for an answer; the request stays on the wire.
    fn lose_patience(&mut self) {
        let members = &self.members;
        let waiting = self.wire.iter().position(|request| {
            request.waiting && request.process == members[request.member].process
        });
        if let Some(at) = waiting {
            self.wire[at].waiting = false;
            let OnTheWire {
                member,
                unit,
                direction,
                ..
            } = self.wire[at];
            self.answer(member, unit, direction, Err(DEADLINE_EXCEEDED));
        }
    }

    /// Time passes up to the next wake. All that are due are given at once, as both drivers of a
    /// member look at the clock whenever they look at anything.
    fn pass_time(&mut self) {
        let wakes = self.members.iter().flat_map(|member| &member.wakes);
        let Some(&next) = wakes.min() else {
            return;
        };
        self.now = self.now.max(next);
        for member in 0..self.members.len() {
            let now = self.now;
            let wakes = &mut self.members[member].wakes;
            let before = wakes.len();
            wakes.retain(|at| *at > now);
            if wakes.len() < before {
                self.input(member, Input::Wake);
            }
        }
    }

    /// A member's process dies, and another takes its place, which hears everything anew.
    fn crash(&mut self, member: usize) {
        let mut out = Vec::new();
        let crashed = &mut self.members[member];
        crashed.process += 1;
        crashed.wakes.clear();
        crashed.read.clear();
        let (plan, execution) = (|| Arc::clone(&self.plan), || Arc::from("e"));
        let own = crashed.feed.iter().cloned();
        if crashed.all_hearing.is_none() {
            crashed.driver = Driver::restore(plan(), execution(), own, self.now, &mut out);
        } else {
            let role = || Role::Participant(Arc::clone(&crashed.part.steps));
            crashed.driver = Driver::rejoin(plan(), role(), execution(), own.clone());
            crashed.all_hearing = Some(Driver::rejoin(plan(), role(), execution(), own));
        }
        self.act(member, out);
    }

    /// What all feeds together say.
    fn whole(&self) -> State {
        let mut state = State::new(&self.plan);
        for event in self.members.iter().flat_map(|member| &member.feed) {
            state.apply(event);
        }
        state
    }

    fn check_effects(&self) {
        let state = self.whole();
        let succeeded = matches!(state.outcome(), Some(Outcome::Succeeded { .. }));
        for (unit, service) in &self.services {
            let (step, effect) = (self.plan.step(unit.step), service.effect);
            // A step over a list has no call of its own, and a wait has none at all.
            let calls = step.call().is_some() && step.for_each.is_some() == unit.element.is_some();
            if calls && succeeded {
                let completed = state.progress_of(*unit) == Progress::Completed;
                assert_eq!(effect, completed, "seed {}: {unit:?}", self.seed);
            } else if calls && step.compensation.is_some() {
                assert!(!effect, "seed {}: {unit:?} stands", self.seed);
            }
        }
    }
}
