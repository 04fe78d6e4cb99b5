//! What a reader is still to be told. Order is promised among events of one subject, so each subject
//! has a queue of its own; nothing is assumed of how subjects mix.

use std::collections::{HashMap, VecDeque};

use pavane::feed::v1::Event;

use super::stop::{Stop, Verdict};

/// For each subject, the sequences to come, in order.
#[derive(Debug)]
pub(crate) struct Expected {
    queues: HashMap<String, VecDeque<u64>>,
    left: usize,
}

impl Expected {
    pub(crate) fn new<'a>(events: impl IntoIterator<Item = &'a Event>) -> Self {
        let mut queues: HashMap<String, VecDeque<u64>> = HashMap::new();
        let mut left = 0;
        for event in events {
            let queue = queues.entry(event.subject.clone()).or_default();
            queue.push_back(event.sequence);
            left += 1;
        }
        Self { queues, left }
    }

    /// One has come. Errors: it was not its turn, it came before, or it was never to come.
    pub(crate) fn take(&mut self, event: &Event) -> Verdict {
        let queue = self.queues.get_mut(&event.subject);
        let next = queue.as_ref().and_then(|queue| queue.front().copied());
        if next == Some(event.sequence) {
            queue.and_then(VecDeque::pop_front);
            self.left -= 1;
            return Ok(());
        }
        let to_come = queue.is_some_and(|queue| queue.contains(&event.sequence));
        let found = match to_come {
            true => label(event),
            false => format!("{}, which was not to come (again)", label(event)),
        };
        Err(Stop::failed(
            found,
            match next {
                Some(next) => format!("event #{next} of that subject"),
                None => "no further event of that subject".to_owned(),
            },
        ))
    }

    /// All of them have come.
    pub(crate) fn take_all<'a>(&mut self, events: impl IntoIterator<Item = &'a Event>) -> Verdict {
        events.into_iter().try_for_each(|event| self.take(event))
    }

    /// Nothing is left. Errors: something is.
    pub(crate) fn none_left(&self) -> Verdict {
        let next = self.queues.iter().find_map(|(subject, queue)| {
            let next = queue.front()?;
            Some(format!("event #{next} about `{subject}`"))
        });
        match next {
            None => Ok(()),
            Some(next) => Err(Stop::failed(
                format!("{} events did not come", self.left),
                format!("{next}, among others"),
            )),
        }
    }

    /// Exactly these have come.
    pub(crate) fn exactly<'a>(mut self, events: impl IntoIterator<Item = &'a Event>) -> Verdict {
        self.take_all(events)?;
        self.none_left()
    }
}

/// An event, for people.
pub(crate) fn label(event: &Event) -> String {
    format!("event #{} about `{}`", event.sequence, event.subject)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    fn event(sequence: u64, subject: &str) -> Event {
        Event {
            sequence,
            subject: subject.to_owned(),
            ..Event::default()
        }
    }

    #[test]
    fn subjects_may_mix_and_each_has_its_order() {
        let (a1, b2, a3) = (event(1, "a"), event(2, "b"), event(3, "a"));
        let all = [&a1, &b2, &a3];
        Expected::new(all).exactly([&b2, &a1, &a3]).unwrap();
        for wrong in [
            &[&a3, &a1, &b2][..],
            &[&a1, &a3],
            &[&a1, &a1, &a3, &b2],
            &[&a1, &b2, &a3, &a3],
        ] {
            let problem = Expected::new(all).exactly(wrong.iter().copied());
            assert!(matches!(problem, Err(Stop::Failed { .. })), "{wrong:?}");
        }
    }
}
