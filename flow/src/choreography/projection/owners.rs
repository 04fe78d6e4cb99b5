//! Who performs what: the owner of each service, and so of each step.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{MAX_PARTICIPANTS, Problem};
use crate::plan::{Call, Plan, StepIndex, Work};

/// Which participant owns each service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owners {
    /// By full name of the service. More than one is a problem, once a plan calls the service.
    claims: BTreeMap<Arc<str>, BTreeSet<Arc<str>>>,
}

impl Owners {
    /// From the names of members and the full names of the services that each of them owns.
    pub fn new<N, S>(members: impl IntoIterator<Item = (N, S)>) -> Self
    where
        N: AsRef<str>,
        S: IntoIterator<Item: AsRef<str>>,
    {
        let mut owners = Self::default();
        for (name, services) in members {
            let name: Arc<str> = name.as_ref().into();
            for service in services {
                let claims = owners.claims.entry(service.as_ref().into()).or_default();
                claims.insert(Arc::clone(&name));
            }
        }
        owners
    }

    /// The owner of a service. `None`: nobody owns it, or more than one claims it.
    pub fn of(&self, service: &str) -> Option<&Arc<str>> {
        let claims = self.claims.get(service)?;
        claims.first().filter(|_| claims.len() == 1)
    }

    /// All services that have an owner.
    pub fn services(&self) -> impl Iterator<Item = &Arc<str>> {
        self.claims.keys()
    }
}

/// The performer of each step of a plan. Errors: all that stands in the way.
pub(super) fn performers(
    plan: &Plan,
    owners: &Owners,
    home: &str,
) -> Result<Vec<Arc<str>>, Vec<Problem>> {
    let mut check = Check {
        owners,
        home,
        problems: Vec::new(),
        reported: BTreeSet::new(),
    };
    let mut performers = Vec::new();
    for (index, step) in plan.steps.iter().enumerate() {
        let position = step.position;
        if let Work::Await(wait) = &step.work {
            check.problems.push(Problem::Awaits {
                step: Arc::clone(&step.id),
                feed: Arc::clone(&wait.events.feed),
                path: format!("steps[{position}].await"),
            });
        }
        let path = format!("steps[{position}].call");
        let around = || neighbour(plan, index)?.call();
        let performer = match (step.call(), step.call().or_else(around)) {
            (Some(call), _) => check.owner(&step.id, call, &path),
            // If nobody owns that service, it is said of the step that calls it.
            (None, Some(call)) => owners.of(&call.method.service),
            (None, None) => {
                check.problems.push(Problem::NobodyWaits {
                    step: Arc::clone(&step.id),
                    path: format!("steps[{position}]"),
                });
                None
            }
        };
        if let Some(compensation) = &step.compensation {
            let path = format!("steps[{position}].compensate.call");
            let undoes = check.owner(&step.id, compensation, &path);
            if let (Some(performer), Some(undoes)) = (performer, undoes)
                && performer != undoes
            {
                check.problems.push(Problem::CompensationElsewhere {
                    step: Arc::clone(&step.id),
                    performer: Arc::clone(performer),
                    service: Arc::clone(&compensation.method.service),
                    owner: Arc::clone(undoes),
                    path,
                });
            }
        }
        performers.extend(performer.cloned());
    }
    let found = performers.iter().collect::<BTreeSet<_>>().len();
    if found > MAX_PARTICIPANTS {
        let allowed = MAX_PARTICIPANTS;
        check
            .problems
            .push(Problem::TooManyParticipants { found, allowed });
    }
    if check.problems.is_empty() {
        Ok(performers)
    } else {
        Err(check.problems)
    }
}

/// The step whose performer also performs this one, which calls nothing: the first one that comes after
/// it, or else the first before it.
fn neighbour(plan: &Plan, position: usize) -> Option<&crate::plan::Step> {
    let step = &plan.steps[position];
    let is_before = |earlier: &StepIndex| {
        let later = &plan.step(*earlier).descendants;
        later.iter().any(|later| later.at() == position)
    };
    let before = plan.step_indices().filter(is_before);
    let around = step.descendants.iter().copied().chain(before);
    around
        .map(|index| plan.step(index))
        .find(|step| step.call().is_some())
}

struct Check<'a> {
    owners: &'a Owners,
    home: &'a str,
    problems: Vec<Problem>,
    /// Services whose owner is a problem wherever they are called: that is said once.
    reported: BTreeSet<&'a str>,
}

impl<'a> Check<'a> {
    /// Who performs a call, if exactly one can.
    fn owner(&mut self, step: &Arc<str>, call: &'a Call, path: &str) -> Option<&'a Arc<str>> {
        let service = &call.method.service;
        let path = path.to_owned();
        let claims = self.owners.claims.get(service);
        let owner = claims.and_then(|claims| claims.first());
        let (Some(claims), Some(owner)) = (claims, owner) else {
            let known = self.owners.services().map(|known| &**known);
            let nearest = pavane::nearest(service, known).map(str::to_owned);
            self.report(service, |service| Problem::NoParticipant {
                step: Arc::clone(step),
                service,
                nearest,
                path,
            });
            return None;
        };
        if claims.len() > 1 {
            let participants = claims.iter().cloned().collect();
            self.report(service, |service| Problem::ServiceClaimedTwice {
                service,
                participants,
                path,
            });
            return None;
        }
        if **owner == *self.home {
            self.report(service, |service| Problem::NamedLikeHome {
                name: Arc::clone(owner),
                service,
                path,
            });
        }
        Some(owner)
    }

    fn report(&mut self, service: &'a Arc<str>, problem: impl FnOnce(Arc<str>) -> Problem) {
        if self.reported.insert(service) {
            self.problems.push(problem(Arc::clone(service)));
        }
    }
}
