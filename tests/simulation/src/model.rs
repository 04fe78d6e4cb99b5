//! How an execution may end, said by the graph and by what surrounds it alone: how the services
//! behave, which calls were answered with failures, whether somebody canceled. It knows nothing of events, of
//! the fold or of drivers, and must not learn of them: it is what they are held against.

use crate::scenario::{FOR_EVER, Graph, Script};

/// How an execution ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ending {
    pub(crate) outcome: Outcome,
    /// By step, whether its effect stands.
    pub(crate) standing: Vec<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Succeeded,
    /// With the step that failed first; without one, by its deadline.
    Failed(Option<usize>),
    Canceled,
}

/// What happened to an execution from outside.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub(crate) is_canceled: bool,
    pub(crate) is_late: bool,
    /// By step, whether its calls were answered such that it may have failed.
    pub(crate) may_fail: Vec<bool>,
}

pub(crate) struct Model<'a> {
    graph: &'a Graph,
    /// By step, whether it is to run at all.
    runs: Vec<bool>,
    /// By step, whether it can take effect.
    is_able: Vec<bool>,
    facts: Facts,
}

/// The steps that run if all goes well: conditions are known, and a skip spreads along references.
pub(crate) fn runs(graph: &Graph) -> Vec<bool> {
    let mut runs: Vec<bool> = Vec::new();
    for step in &graph.steps {
        let is_wanted = step.when != Some(false);
        runs.push(is_wanted && step.references.iter().all(|&on| runs[on]));
    }
    runs
}

impl<'a> Model<'a> {
    pub(crate) fn new(graph: &'a Graph, scripts: &[Script], facts: Facts) -> Self {
        let runs = runs(graph);
        let able = runs.iter().zip(scripts);
        let is_able = able.map(|(&runs, script)| runs && script.refusals != FOR_EVER);
        Self {
            graph,
            is_able: is_able.collect(),
            runs,
            facts,
        }
    }

    pub(crate) fn allows(&self, ending: &Ending) -> bool {
        let standing = &ending.standing;
        match ending.outcome {
            Outcome::Succeeded => {
                let is_undisturbed = !self.facts.is_canceled && !self.facts.is_late;
                is_undisturbed && self.runs == self.is_able && *standing == self.runs
            }
            Outcome::Failed(Some(step)) => {
                self.facts.may_fail[step]
                    && self.runs[step]
                    && self.can_have_begun(step, standing)
                    && self.can_stand(standing)
                    && self
                        .standing(standing)
                        .all(|on| !self.graph.is_before(step, on))
            }
            Outcome::Failed(None) => self.facts.is_late && self.can_stand(standing),
            Outcome::Canceled => self.facts.is_canceled && self.can_stand(standing),
        }
    }

    /// The only way in which it may end, if there is but one.
    pub(crate) fn only(&self) -> Option<Ending> {
        let outcomes = self.graph.all().map(|step| Outcome::Failed(Some(step)));
        let outcomes = outcomes.chain([Outcome::Failed(None), Outcome::Canceled]);
        let lasting: Vec<_> = self
            .graph
            .all()
            .filter(|&step| self.may_last(step))
            .collect();
        let success = Ending {
            outcome: Outcome::Succeeded,
            standing: self.runs.clone(),
        };
        let mut only = self.allows(&success).then_some(success);
        for outcome in outcomes {
            for chosen in 0_u32..1 << lasting.len() {
                let mut standing = vec![false; self.graph.steps.len()];
                for (bit, &step) in lasting.iter().enumerate() {
                    standing[step] = chosen & (1 << bit) != 0;
                }
                let ending = Ending { outcome, standing };
                if self.allows(&ending) && only.replace(ending).is_some() {
                    return None;
                }
            }
        }
        only
    }

    /// Whether these effects may be left of an execution that did not succeed.
    fn can_stand(&self, standing: &[bool]) -> bool {
        self.standing(standing)
            .all(|step| self.may_last(step) && self.can_have_begun(step, standing))
    }

    /// Whether an effect can be left behind by a failure: nothing undoes it.
    fn may_last(&self, step: usize) -> bool {
        self.is_able[step] && self.graph.steps[step].compensation.is_none()
    }

    /// Whether a step can have been called, if these effects are left: all that comes before it was
    /// done, and what cannot be undone of that is still there.
    fn can_have_begun(&self, step: usize, standing: &[bool]) -> bool {
        let before = self
            .graph
            .ancestors(step)
            .filter(|&earlier| self.runs[earlier]);
        before.into_iter().all(|earlier| {
            let has_compensation = self.graph.steps[earlier].compensation.is_some();
            self.is_able[earlier] && (has_compensation || standing[earlier])
        })
    }

    fn standing<'s>(&self, standing: &'s [bool]) -> impl Iterator<Item = usize> + use<'s> {
        (0..standing.len()).filter(|&step| standing[step])
    }
}

#[cfg(test)]
mod tests {
    //! The model on graphs that a person can follow.

    use super::*;
    use crate::scenario::Step;

    const ABLE: Script = Script {
        refusals: 0,
        is_refusal_retryable: false,
        undo_refusals: 0,
    };
    const UNABLE: Script = Script {
        refusals: FOR_EVER,
        ..ABLE
    };

    fn step(dependencies: &[usize], compensation: Option<u32>) -> Step {
        Step {
            dependencies: dependencies.to_vec(),
            compensation,
            ..Step::default()
        }
    }

    fn check(steps: Vec<Step>, scripts: &[Script], expected: Option<(Outcome, &[bool])>) {
        let graph = Graph::new(steps, None);
        let facts = Facts {
            is_canceled: false,
            is_late: false,
            may_fail: scripts.iter().map(|script| script.refusals > 0).collect(),
        };
        let only = Model::new(&graph, scripts, facts).only();
        let expected = expected.map(|(outcome, standing)| Ending {
            outcome,
            standing: standing.to_vec(),
        });
        assert_eq!(only, expected);
    }

    #[test]
    fn what_nothing_hinders_succeeds() {
        let steps = vec![step(&[], Some(1)), step(&[0], None)];
        check(
            steps,
            &[ABLE, ABLE],
            Some((Outcome::Succeeded, &[true, true])),
        );
    }

    #[test]
    fn a_failure_leaves_what_came_before_it_and_cannot_be_undone() {
        let steps = || vec![step(&[], None), step(&[0], Some(1)), step(&[1], Some(1))];
        let failed = Outcome::Failed(Some(2));
        check(
            steps(),
            &[ABLE, ABLE, UNABLE],
            Some((failed, &[true, false, false])),
        );
    }

    #[test]
    fn what_runs_beside_a_failure_may_or_may_not_have_run() {
        let steps = vec![step(&[], None), step(&[], Some(1))];
        check(steps, &[ABLE, UNABLE], None);
    }

    #[test]
    fn of_two_failures_beside_each_other_either_is_the_first() {
        let steps = vec![step(&[], Some(1)), step(&[], Some(1))];
        check(steps, &[UNABLE, UNABLE], None);
    }
}
