//! Who waits for which events of one feed. An entry is small: hundreds of thousands may wait.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use pavane_flow::plan::StepIndex;

/// A step that waits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Waiter {
    pub(super) execution: Arc<str>,
    pub(super) step: StepIndex,
}

/// What it waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) event_type: Arc<str>,
    /// `None`: events of any subject.
    pub(super) subject: Option<Arc<str>>,
}

/// Finds those who wait for an event, and what somebody waits for.
#[derive(Debug, Default)]
pub(super) struct Index {
    by_type: HashMap<Arc<str>, OfType>,
    by_waiter: BTreeMap<Waiter, Wanted>,
}

#[derive(Debug, Default)]
struct OfType {
    any_subject: BTreeSet<Waiter>,
    by_subject: HashMap<Arc<str>, Vec<Waiter>>,
}

impl Index {
    pub(super) fn is_empty(&self) -> bool {
        self.by_waiter.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.by_waiter.len()
    }

    pub(super) fn wants(&self, waiter: &Waiter) -> Option<&Wanted> {
        self.by_waiter.get(waiter)
    }

    /// What it waited for before is forgotten.
    pub(super) fn insert(&mut self, waiter: Waiter, wanted: Wanted) {
        self.remove(&waiter);
        let of_type = self
            .by_type
            .entry(Arc::clone(&wanted.event_type))
            .or_default();
        match &wanted.subject {
            None => {
                of_type.any_subject.insert(waiter.clone());
            }
            Some(subject) => match of_type.by_subject.get_mut(subject) {
                Some(waiters) => waiters.push(waiter.clone()),
                // Room for one: others seldom come.
                None => {
                    let waiters = vec![waiter.clone()];
                    of_type.by_subject.insert(Arc::clone(subject), waiters);
                }
            },
        }
        self.by_waiter.insert(waiter, wanted);
    }

    pub(super) fn remove(&mut self, waiter: &Waiter) -> Option<Wanted> {
        let wanted = self.by_waiter.remove(waiter)?;
        let of_type = self.by_type.get_mut(&wanted.event_type)?;
        match &wanted.subject {
            None => {
                of_type.any_subject.remove(waiter);
            }
            Some(subject) => {
                let waiters = of_type.by_subject.get_mut(subject)?;
                waiters.retain(|other| other != waiter);
                if waiters.is_empty() {
                    of_type.by_subject.remove(subject);
                }
            }
        }
        if of_type.any_subject.is_empty() && of_type.by_subject.is_empty() {
            self.by_type.remove(&wanted.event_type);
        }
        Some(wanted)
    }

    /// Removes all steps of an execution.
    pub(super) fn forget(&mut self, execution: &Arc<str>) {
        let step = |step| Waiter {
            execution: Arc::clone(execution),
            step: StepIndex(step),
        };
        let waiters = self.by_waiter.range(step(0)..=step(u16::MAX));
        let waiters: Vec<Waiter> = waiters.map(|(waiter, _)| waiter.clone()).collect();
        for waiter in waiters {
            self.remove(&waiter);
        }
    }

    /// Those for whom an event may be the one.
    pub(super) fn candidates(&self, event_type: &str, subject: &str) -> Vec<Waiter> {
        let Some(of_type) = self.by_type.get(event_type) else {
            return Vec::new();
        };
        let of_subject = of_type.by_subject.get(subject);
        let of_subject = of_subject.into_iter().flatten();
        of_type
            .any_subject
            .iter()
            .chain(of_subject)
            .cloned()
            .collect()
    }

    pub(super) fn types(&self) -> impl Iterator<Item = &Arc<str>> {
        self.by_type.keys()
    }

    /// The subjects that all wait for, if there are at most so many; `None`: there are more, or
    /// somebody takes any.
    pub(super) fn subjects(&self, most: usize) -> Option<BTreeSet<Arc<str>>> {
        let mut subjects = BTreeSet::new();
        for of_type in self.by_type.values() {
            if !of_type.any_subject.is_empty() || of_type.by_subject.len() > most {
                return None;
            }
            subjects.extend(of_type.by_subject.keys().cloned());
        }
        (subjects.len() <= most).then_some(subjects)
    }

    pub(super) fn drain(&mut self) -> impl Iterator<Item = (Waiter, Wanted)> + use<> {
        self.by_type.clear();
        std::mem::take(&mut self.by_waiter).into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiter(execution: &str, step: u16) -> Waiter {
        Waiter {
            execution: execution.into(),
            step: StepIndex(step),
        }
    }

    fn wanted(event_type: &str, subject: &str) -> Wanted {
        Wanted {
            event_type: event_type.into(),
            subject: (!subject.is_empty()).then(|| subject.into()),
        }
    }

    fn check(index: &Index, event: (&str, &str), expected: &[(&str, u16)]) {
        let mut found = index.candidates(event.0, event.1);
        found.sort();
        let expected: Vec<_> = expected
            .iter()
            .map(|&(id, step)| waiter(id, step))
            .collect();
        assert_eq!(found, expected, "{event:?}");
    }

    #[test]
    fn an_event_finds_those_of_its_type_and_subject_and_those_of_any_subject() {
        let mut index = Index::default();
        index.insert(waiter("a", 0), wanted("Paid", "o-1"));
        index.insert(waiter("b", 0), wanted("Paid", "o-1"));
        index.insert(waiter("b", 1), wanted("Paid", ""));
        index.insert(waiter("c", 0), wanted("Sent", "o-1"));
        check(&index, ("Paid", "o-1"), &[("a", 0), ("b", 0), ("b", 1)]);
        check(&index, ("Paid", "o-2"), &[("b", 1)]);
        check(&index, ("Sent", "o-1"), &[("c", 0)]);
        check(&index, ("Lost", "o-1"), &[]);
        assert_eq!(index.subjects(9), None, "one takes any");
        index.forget(&"b".into());
        check(&index, ("Paid", "o-1"), &[("a", 0)]);
        check(&index, ("Paid", "o-2"), &[]);
        assert_eq!(index.subjects(9).map(|subjects| subjects.len()), Some(1));
        assert_eq!(index.subjects(0), None);
        index.remove(&waiter("c", 0));
        assert_eq!(index.types().count(), 1);
    }

    #[test]
    fn whoever_comes_again_waits_for_what_it_says_now() {
        let mut index = Index::default();
        index.insert(waiter("a", 0), wanted("Paid", "o-1"));
        index.insert(waiter("a", 0), wanted("Paid", "o-2"));
        check(&index, ("Paid", "o-1"), &[]);
        check(&index, ("Paid", "o-2"), &[("a", 0)]);
        assert_eq!(index.drain().count(), 1);
        check(&index, ("Paid", "o-2"), &[]);
        assert!(index.is_empty());
    }
}
