//! The graph of a workflow: which step waits for which, and that none waits for itself.

use std::collections::BTreeMap;

use super::template::Reference;
use crate::plan::StepIndex;

/// Why a step waits for another: its first reference to it, or its `after`.
pub(super) type Edges = Vec<BTreeMap<StepIndex, Reference>>;

/// Which steps come before and after each, directly or through others.
#[derive(Debug)]
pub(super) struct Order {
    ancestors: Vec<Vec<bool>>,
}

impl Order {
    /// Follows all edges. Errors: a circle, as the steps on it in the order in which each waits for the
    /// next.
    pub(super) fn new(edges: &Edges) -> Result<Self, Vec<StepIndex>> {
        let count = edges.len();
        let mut order = Self {
            ancestors: vec![vec![false; count]; count],
        };
        let mut states = vec![State::New; count];
        for start in 0..count {
            order.visit(start, edges, &mut states)?;
        }
        Ok(order)
    }

    /// Visits a step after all that it waits for. Not recursive, though 256 steps would allow it.
    fn visit(
        &mut self,
        start: usize,
        edges: &Edges,
        states: &mut [State],
    ) -> Result<(), Vec<StepIndex>> {
        if states[start] != State::New {
            return Ok(());
        }
        let mut way = vec![(start, edges[start].keys())];
        states[start] = State::Open;
        while let Some((step, waits_for)) = way.last_mut() {
            let step = *step;
            let Some(next) = waits_for.next() else {
                states[step] = State::Done;
                way.pop();
                if let Some((waiting, _)) = way.last() {
                    self.inherit(*waiting, step);
                }
                continue;
            };
            match states[next.at()] {
                State::Done => self.inherit(step, next.at()),
                State::New => {
                    states[next.at()] = State::Open;
                    way.push((next.at(), edges[next.at()].keys()));
                }
                State::Open => {
                    let steps = way.iter().map(|(step, _)| *step);
                    let circle = steps.skip_while(|step| *step != next.at()).map(index);
                    return Err(circle.collect());
                }
            }
        }
        Ok(())
    }

    /// Notes that a step waits for another, and so for all that the other waits for.
    fn inherit(&mut self, step: usize, other: usize) {
        let inherited = self.ancestors[other].clone();
        let own = &mut self.ancestors[step];
        own[other] = true;
        for (own, inherited) in own.iter_mut().zip(inherited) {
            *own |= inherited;
        }
    }

    /// Whether a step comes before another.
    pub(super) fn is_before(&self, earlier: StepIndex, later: StepIndex) -> bool {
        self.ancestors[later.at()][earlier.at()]
    }

    /// All steps that come after one, ascending.
    pub(super) fn descendants(&self, step: StepIndex) -> Vec<StepIndex> {
        let all = (0..self.ancestors.len()).map(index);
        all.filter(|later| self.is_before(step, *later)).collect()
    }

    /// All steps that come before one, ascending.
    pub(super) fn ancestors(&self, step: StepIndex) -> Vec<StepIndex> {
        let all = (0..self.ancestors.len()).map(index);
        all.filter(|earlier| self.is_before(*earlier, step))
            .collect()
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    Open,
    Done,
}

/// A position as an index; there are at most 256.
pub(super) fn index(position: usize) -> StepIndex {
    StepIndex(u16::try_from(position).expect("at most 256 steps"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Edges from a text such as `1<-0 2<-1`: step 1 waits for step 0.
    fn edges(count: usize, text: &str) -> Edges {
        let mut edges = vec![BTreeMap::new(); count];
        for edge in text.split_whitespace() {
            let (later, earlier) = edge.split_once("<-").expect("an edge has two ends");
            let later: usize = later.parse().expect("it is a number");
            let step = index(earlier.parse().expect("it is a number"));
            let reference = Reference {
                step,
                path: String::new(),
                span: None,
            };
            edges[later].insert(step, reference);
        }
        edges
    }

    #[test]
    fn descendants_are_found_through_others() {
        let order = Order::new(&edges(5, "1<-0 2<-1 3<-0")).expect("no circle");
        assert_eq!(order.descendants(index(0)), [index(1), index(2), index(3)]);
        assert_eq!(order.descendants(index(2)), []);
        assert_eq!(order.ancestors(index(2)), [index(0), index(1)]);
        assert_eq!(order.ancestors(index(4)), []);
    }

    #[test]
    fn a_circle_is_named_by_its_steps() {
        let circle = Order::new(&edges(4, "0<-1 1<-2 2<-3 3<-1")).err();
        assert_eq!(circle, Some(vec![index(1), index(2), index(3)]));
    }
}
