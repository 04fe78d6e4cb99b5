//! Random appends, trims and subscribers: each subscriber sees exactly what its filter passes, in
//! order, from where it began, or is told that retention has overtaken it.

use pavane::feed::v1 as pb;
use pavane_feed::{Delivery, Error, Filter, Sequence, Start, Subscription};
use proptest::prelude::*;

use crate::support::{append, event, fixture_with};

const SUBJECTS: [&str; 3] = ["a", "b", "c"];

#[derive(Debug, Clone)]
enum Step {
    /// A commit: the subjects of its events.
    Append(Vec<usize>),
    /// Trim so many thousandths of what is retained.
    Trim(u64),
    /// From so many thousandths of the feed, with a filter for these subjects.
    Subscribe(u64, Vec<usize>),
    /// Let a subscriber take so many deliveries.
    Read(usize, usize),
}

fn step() -> impl Strategy<Value = Step> {
    let subjects = |size| prop::collection::vec(0..SUBJECTS.len(), size);
    prop_oneof![
        6 => subjects(1..30).prop_map(Step::Append),
        1 => (0..500_u64).prop_map(Step::Trim),
        2 => (0..=1_000_u64, subjects(0..3)).prop_map(|(at, only)| Step::Subscribe(at, only)),
        4 => (any::<usize>(), 1..6_usize).prop_map(|(who, n)| Step::Read(who, n)),
    ]
}

struct Reader {
    subscription: Subscription,
    only: Vec<usize>,
    next: usize,
    expired: bool,
}

impl Reader {
    /// Takes one delivery; whether history is done.
    async fn take(&mut self, history: &[usize]) -> bool {
        let delivery = self.subscription.next().await;
        let mut done = false;
        match delivery {
            Some(Ok(Delivery::Batch(events))) => {
                for event in events {
                    let expected = self.next_wanted(history, history.len());
                    let expected = expected.expect("an event came that was never appended");
                    assert_eq!(event.sequence, expected as u64 + 1);
                    assert_eq!(event.subject, SUBJECTS[history[expected]]);
                    self.next = expected + 1;
                }
            }
            Some(Ok(Delivery::CaughtUp { position } | Delivery::Progress { position, .. })) => {
                assert_eq!(position, self.subscription.position());
                done = position.get() as usize == history.len();
            }
            Some(Ok(Delivery::Started { .. } | Delivery::FellBehind { .. })) => {}
            Some(Err(Error::Expired {
                position, earliest, ..
            })) => {
                assert!(position.next() < earliest);
                self.expired = true;
            }
            other => panic!("unexpected {other:?}"),
        }
        // Whoever resumes here, after whatever delivery, must miss nothing.
        let position = self.subscription.position().get() as usize;
        assert_eq!(
            self.next_wanted(history, position),
            None,
            "{position} is ahead"
        );
        done
    }

    /// The next event to come, of those before `end`.
    fn next_wanted(&self, history: &[usize], end: usize) -> Option<usize> {
        (self.next..end).find(|index| self.wants(history[*index]))
    }

    fn wants(&self, subject: usize) -> bool {
        self.only.is_empty() || self.only.contains(&subject)
    }
}

async fn check(steps: Vec<Step>, live_bytes: usize) {
    let fixture = fixture_with(|options| {
        options.limits.live_bytes = live_bytes;
        options.heartbeat_interval = std::time::Duration::from_millis(1);
    });
    let (store, feed) = (&fixture.store, &fixture.feed);
    let mut history: Vec<usize> = Vec::new();
    let mut readers: Vec<Reader> = Vec::new();
    for step in steps {
        match step {
            Step::Append(subjects) => {
                let events = subjects
                    .iter()
                    .map(|subject| event(SUBJECTS[*subject], "id"));
                append(store, feed, events.collect()).await;
                history.extend(subjects);
            }
            Step::Trim(share) => {
                let (earliest, head) = (feed.earliest().get(), feed.head().get());
                let through = earliest + (head + 1 - earliest) * share / 1_000;
                feed.trim(Sequence::new(through)).await.unwrap();
                for (place, subject) in SUBJECTS.iter().enumerate() {
                    let found = feed.subject(subject).unwrap().len();
                    let retained = &history[feed.earliest().previous().get() as usize..];
                    assert_eq!(found, retained.iter().filter(|of| **of == place).count());
                }
            }
            Step::Subscribe(share, only) => {
                let (earliest, head) = (feed.earliest().previous(), feed.head());
                let at = earliest.get() + (head.get() - earliest.get()) * share / 1_000;
                let subjects = only
                    .iter()
                    .map(|subject| SUBJECTS[*subject].to_owned())
                    .collect();
                let filter = pb::Filter {
                    subjects,
                    ..pb::Filter::default()
                };
                let filter = Filter::parse(filter).unwrap();
                let subscription = feed
                    .subscribe(Start::After(Sequence::new(at)), filter)
                    .unwrap();
                let subscription = subscription.with_max_batch_bytes(500);
                readers.push(Reader {
                    subscription,
                    only,
                    next: at as usize,
                    expired: false,
                });
            }
            Step::Read(who, deliveries) => {
                if let Some(who) = who.checked_rem(readers.len()) {
                    for _ in 0..deliveries {
                        if !readers[who].expired {
                            readers[who].take(&history).await;
                        }
                    }
                }
            }
        }
    }
    for reader in &mut readers {
        while !reader.expired && !reader.take(&history).await {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_subscriber_sees_exactly_what_passes_its_filter(
        steps in prop::collection::vec(step(), 1..60),
        live_bytes in prop_oneof![Just(0_usize), Just(2_000), Just(1 << 20)],
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(check(steps, live_bytes));
    }
}
