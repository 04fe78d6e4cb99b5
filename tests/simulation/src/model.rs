//! How an execution may end, said by the graph and by what surrounds it alone: how the services
//! behave, which calls were answered with failures, what people did. It knows nothing of events, of
//! the fold or of drivers, and must not learn of them: it is what they are held against.
//!
//! What it says of effects it says of single calls: a step has one, a step over a list has one for each
//! element, a wait has none.

use crate::scenario::{FOR_EVER, Graph, Script};

/// Most effects that a failure may leave behind, if it is asked whether there is but one ending.
const MOST_LASTING: usize = 10;

/// How an execution ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ending {
    pub(crate) outcome: Outcome,
    /// By step and call, whether its effect stands.
    pub(crate) standing: Vec<Vec<bool>>,
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
    /// By step and call, whether it was answered such that the step may have failed.
    pub(crate) may_fail: Vec<Vec<bool>>,
    /// By step and call, what an operator has done in its place.
    pub(crate) by_hand: Vec<Vec<Option<ByHand>>>,
}

/// What an operator does in the place of a call of which nobody knows what came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ByHand {
    /// Sees to it that the effect stands.
    Completed,
    /// Sees to it that there is none, and has the execution go on without.
    Skipped,
}

pub(crate) struct Model<'a> {
    graph: &'a Graph,
    /// By step, whether it is to run at all.
    runs: Vec<bool>,
    /// By step and call, whether it can take effect.
    is_able: Vec<Vec<bool>>,
    facts: Facts,
}

/// The steps that run if all goes well: conditions are known, operators skip some, and a skip spreads
/// along references.
pub(crate) fn runs(graph: &Graph, by_hand: &[Vec<Option<ByHand>>]) -> Vec<bool> {
    let mut runs: Vec<bool> = Vec::new();
    for (step, by_hand) in graph.steps.iter().zip(by_hand) {
        let is_skipped = by_hand.contains(&Some(ByHand::Skipped));
        let is_wanted = step.when != Some(false) && !is_skipped;
        runs.push(is_wanted && step.references.iter().all(|&on| runs[on]));
    }
    runs
}

impl<'a> Model<'a> {
    pub(crate) fn new(graph: &'a Graph, scripts: &[Vec<Script>], facts: Facts) -> Self {
        let runs = runs(graph, &facts.by_hand);
        let steps = runs.iter().zip(scripts).zip(&facts.by_hand);
        let able = steps.map(|((&runs, scripts), by_hand)| {
            let able = scripts.iter().zip(by_hand).map(|(script, by_hand)| {
                script.refusals != FOR_EVER || *by_hand == Some(ByHand::Completed)
            });
            able.map(|is_able| runs && is_able).collect()
        });
        Self {
            graph,
            is_able: able.collect(),
            runs,
            facts,
        }
    }

    pub(crate) fn allows(&self, ending: &Ending) -> bool {
        let standing = &ending.standing;
        if !self.is_possible(ending.outcome) {
            return false;
        }
        match ending.outcome {
            Outcome::Succeeded => *standing == self.all_effects(),
            Outcome::Failed(Some(step)) => {
                let may_fail = self.facts.may_fail[step].iter().enumerate();
                let mut failed = may_fail.filter(|(_, may_fail)| **may_fail);
                failed.any(|(call, _)| self.can_have_begun(step, call, standing))
                    && self.can_stand(standing)
                    && standing_calls(standing).all(|(on, _)| !self.graph.is_before(step, on))
            }
            Outcome::Failed(None) | Outcome::Canceled => self.can_stand(standing),
        }
    }

    /// Whether it may have ended so, whatever is left standing.
    fn is_possible(&self, outcome: Outcome) -> bool {
        match outcome {
            Outcome::Succeeded => {
                let is_undisturbed = !self.facts.is_canceled && !self.facts.is_late;
                let mut steps = self.graph.all().filter(|&step| self.runs[step]);
                is_undisturbed && steps.all(|step| self.is_able[step].iter().all(|&able| able))
            }
            Outcome::Failed(Some(step)) => {
                self.runs[step] && self.facts.may_fail[step].contains(&true)
            }
            Outcome::Failed(None) => self.facts.is_late,
            Outcome::Canceled => self.facts.is_canceled,
        }
    }

    /// The effects of a success: those of all calls of all steps that run.
    fn all_effects(&self) -> Vec<Vec<bool>> {
        let steps = self.graph.steps.iter().zip(&self.runs);
        steps
            .map(|(step, &runs)| vec![runs; step.calls()])
            .collect()
    }

    /// The only way in which it may end, if there is but one, as far as that can be said with little
    /// effort.
    pub(crate) fn only(&self) -> Option<Ending> {
        let outcomes = self.graph.all().map(|step| Outcome::Failed(Some(step)));
        let outcomes = outcomes.chain([Outcome::Failed(None), Outcome::Canceled]);
        let outcomes = outcomes.filter(|&outcome| self.is_possible(outcome));
        let calls = self.graph.all().flat_map(|step| {
            let calls = 0..self.graph.steps[step].calls();
            calls.map(move |call| (step, call))
        });
        let lasting = calls.filter(|&(step, call)| self.may_last(step, call));
        let lasting: Vec<_> = lasting.collect();
        let success = Ending {
            outcome: Outcome::Succeeded,
            standing: self.all_effects(),
        };
        let none = success
            .standing
            .iter()
            .map(|calls| vec![false; calls.len()]);
        let none: Vec<_> = none.collect();
        let mut only = self.allows(&success).then_some(success);
        for outcome in outcomes {
            if lasting.len() > MOST_LASTING {
                return None;
            }
            for chosen in 0_u32..1 << lasting.len() {
                let mut standing = none.clone();
                for (bit, &(step, call)) in lasting.iter().enumerate() {
                    standing[step][call] = chosen & (1 << bit) != 0;
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
    fn can_stand(&self, standing: &[Vec<bool>]) -> bool {
        standing_calls(standing).all(|(step, call)| {
            self.may_last(step, call) && self.can_have_begun(step, call, standing)
        })
    }

    /// Whether an effect can be left behind by a failure: nothing undoes it.
    fn may_last(&self, step: usize, call: usize) -> bool {
        self.is_able[step][call] && self.graph.steps[step].compensation.is_none()
    }

    /// Whether a call can have been made, if these effects are left: all that comes before its step
    /// was done, and what cannot be undone of that is still there. Of the elements before it in its
    /// list, all were done but those that may be under way beside it.
    fn can_have_begun(&self, step: usize, call: usize, standing: &[Vec<bool>]) -> bool {
        let was_done = |step: usize, call: usize| {
            let has_compensation = self.graph.steps[step].compensation.is_some();
            self.is_able[step][call] && (has_compensation || standing[step][call])
        };
        let beside = (0..call)
            .filter(|&earlier| !was_done(step, earlier))
            .count();
        let mut before = self
            .graph
            .ancestors(step)
            .filter(|&earlier| self.runs[earlier]);
        beside < self.graph.steps[step].at_once()
            && before.all(|earlier| {
                let mut calls = 0..self.graph.steps[earlier].calls();
                calls.all(|call| was_done(earlier, call))
            })
    }
}

fn standing_calls(standing: &[Vec<bool>]) -> impl Iterator<Item = (usize, usize)> {
    standing.iter().enumerate().flat_map(|(step, calls)| {
        let calls = calls.iter().enumerate();
        let calls = calls.filter(|(_, stands)| **stands);
        calls.map(move |(call, _)| (step, call))
    })
}

#[cfg(test)]
mod tests {
    //! The model on graphs that a person can follow.

    use super::*;
    use crate::scenario::{Kind, Step};

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

    /// Of a list of three.
    fn list(dependencies: &[usize], at_once: usize) -> Step {
        let elements = 3;
        Step {
            kind: Kind::List { elements, at_once },
            ..step(dependencies, None)
        }
    }

    /// Of steps that have one call each.
    fn check(steps: Vec<Step>, scripts: &[Script], expected: Option<(Outcome, &[bool])>) {
        let scripts: Vec<_> = scripts.iter().map(|script| vec![*script]).collect();
        let expected = expected.map(|(outcome, standing)| {
            let standing = standing.iter().map(|stands| vec![*stands]).collect();
            (outcome, standing)
        });
        check_calls(steps, &scripts, expected);
    }

    fn check_calls(
        steps: Vec<Step>,
        scripts: &[Vec<Script>],
        expected: Option<(Outcome, Vec<Vec<bool>>)>,
    ) {
        let graph = Graph::new(steps, None);
        let facts = Facts {
            is_canceled: false,
            is_late: false,
            may_fail: scripts
                .iter()
                .map(|calls| calls.iter().map(|script| script.refusals > 0).collect())
                .collect(),
            by_hand: graph.by_nobody(),
        };
        let only = Model::new(&graph, scripts, facts).only();
        let expected = expected.map(|(outcome, standing)| Ending { outcome, standing });
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

    #[test]
    fn elements_one_at_a_time_are_done_up_to_the_one_that_fails() {
        let failed = Outcome::Failed(Some(0));
        check_calls(
            vec![list(&[], 1), step(&[0], None)],
            &[vec![ABLE, UNABLE, ABLE], vec![ABLE]],
            Some((failed, vec![vec![true, false, false], vec![false]])),
        );
    }

    #[test]
    fn elements_two_at_a_time_leave_it_open_which_of_them_were_done() {
        check_calls(vec![list(&[], 2)], &[vec![ABLE, UNABLE, ABLE]], None);
    }

    #[test]
    fn what_is_waited_for_leaves_nothing() {
        let wait = Step {
            kind: Kind::Wait(std::time::Duration::from_secs(1)),
            ..step(&[0], None)
        };
        check_calls(
            vec![step(&[], None), wait, step(&[1], None)],
            &[vec![ABLE], vec![], vec![UNABLE]],
            Some((
                Outcome::Failed(Some(2)),
                vec![vec![true], vec![], vec![false]],
            )),
        );
    }
}
