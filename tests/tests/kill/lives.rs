//! The lives of executions, as the feeds tell them: what may happen only once has, where it must,
//! and in an order that the graph allows. Pure.

use std::collections::{BTreeMap, BTreeSet};

use pavane::feed::v1::Event;
use pavane::workflow::v1::{
    CompensationFailed, DeadlineExceeded, ExecutionCanceled, ExecutionFailed, ExecutionStarted,
    ExecutionSucceeded, Mode, StepAbandoned, StepCompensated, StepCompleted, StepFailed,
    StepSkipped,
};
use pavane_tests::load::Told;
use prost::{Message, Name};

/// Whole feeds, by name.
pub(crate) type Feeds = BTreeMap<&'static str, Vec<Event>>;

/// The feed with starts and outcomes.
pub(crate) const HOME: &str = "orchestrator";
/// Who performs which step, each after the one before it.
const STEPS: [(&str, &str); 3] = [
    ("reserve", "inventory"),
    ("charge", "payment"),
    ("ship", "shipping"),
];
const EVENTS_OF_EXECUTIONS: &str = "pavane.workflow.v1.";

/// What an execution may have only once, whoever was killed.
#[derive(Debug, Default)]
struct Life<'a> {
    begins: usize,
    outcomes: Vec<&'a Event>,
    after_outcome: Vec<&'a str>,
    /// By what happened and the step.
    steps: BTreeMap<(&'a str, String), Vec<&'a Event>>,
    /// Those that are in a feed where they do not belong.
    astray: Vec<String>,
    ids: BTreeSet<&'a str>,
    causes: BTreeSet<&'a str>,
}

/// Whatever is wrong with whole feeds, or does not agree with what clients were told.
pub(crate) fn contradictions(feeds: &Feeds, told: &Told, mode: Mode) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, events) in feeds {
        sequences(name, events, &mut wrong);
        effects(name, events, &mut wrong);
    }
    let lives = lives(feeds, mode);
    for (id, life) in &lives {
        let mut say = |what: String| wrong.push(format!("{id} {what}"));
        if life.begins != 1 {
            say(format!("began {} times", life.begins));
        }
        match &life.outcomes[..] {
            [outcome] if told.get(*id).map(Result::is_ok) == Some(is_success(outcome)) => {}
            [outcome] => say(format!(
                "is {}; its client was told {:?}",
                outcome.r#type,
                told.get(*id)
            )),
            outcomes => say(format!("has the outcomes {:?}", kinds(outcomes))),
        }
        if !life.after_outcome.is_empty() {
            say(format!(
                "went on after its outcome: {:?}",
                life.after_outcome
            ));
        }
        for ((what, step), events) in life.steps.iter().filter(|(_, all)| all.len() > 1) {
            say(format!("has {what} {step} x {}", events.len()));
        }
        life.astray.iter().for_each(|what| say(what.clone()));
        for cause in life.causes.difference(&life.ids) {
            say(format!("is caused by {cause}, which is in no feed"));
        }
        undone_in_order(life, &mut say);
    }
    let lost = told.keys().filter(|id| !lives.contains_key(id.as_str()));
    wrong.extend(lost.map(|id| format!("{id} was answered, and is in no feed")));
    wrong
}

/// How many executions ran out of time.
pub(crate) fn late(feeds: &Feeds) -> usize {
    let late = |event: &&Event| event.r#type == DeadlineExceeded::full_name();
    feeds.values().flatten().filter(late).count()
}

/// How many executions were canceled.
pub(crate) fn canceled(feeds: &Feeds) -> usize {
    let canceled = |event: &&Event| event.r#type == ExecutionCanceled::full_name();
    feeds.values().flatten().filter(canceled).count()
}

/// Without a gap, and without an event twice.
fn sequences(feed: &str, events: &[Event], wrong: &mut Vec<String>) {
    let mut ids = BTreeSet::new();
    for (event, place) in events.iter().zip(1..) {
        if event.sequence != place {
            wrong.push(format!(
                "{feed}: sequence {} is at place {place}",
                event.sequence
            ));
        }
        if !ids.insert(&event.id) {
            wrong.push(format!("{feed}: {} is there twice", event.id));
        }
    }
}

/// A service says of each order once at most that it did something.
fn effects(feed: &str, events: &[Event], wrong: &mut Vec<String>) {
    let mut seen = BTreeSet::new();
    let of_service = |event: &&Event| !event.r#type.starts_with(EVENTS_OF_EXECUTIONS);
    for event in events
        .iter()
        .filter(of_service)
        .filter(|event| feed != HOME && !event.subject.is_empty())
    {
        if !seen.insert((&event.r#type, &event.subject)) {
            wrong.push(format!(
                "{feed}: {} of {} again",
                event.r#type, event.subject
            ));
        }
    }
}

/// What was built on others is undone before them.
fn undone_in_order(life: &Life<'_>, say: &mut impl FnMut(String)) {
    let undone = |step: &str| {
        let key = (StepCompensated::NAME, step.to_owned());
        let events = life.steps.get(&key)?;
        events.first().map(|event| time(event))
    };
    for pair in STEPS.windows(2) {
        let [(earlier, _), (later, _)] = pair else {
            continue;
        };
        if let (Some(first), Some(second)) = (undone(later), undone(earlier))
            && first > second
        {
            say(format!("had {earlier} undone before {later}"));
        }
    }
}

fn lives(feeds: &Feeds, mode: Mode) -> BTreeMap<&str, Life<'_>> {
    let mut lives: BTreeMap<&str, Life<'_>> = BTreeMap::new();
    // The home first: its outcomes are the measure of what comes after them.
    let home = feeds.iter().filter(|(name, _)| **name == HOME);
    let others = feeds.iter().filter(|(name, _)| **name != HOME);
    for (feed, events) in home.chain(others) {
        for event in events {
            if let Some(kind) = event.r#type.strip_prefix(EVENTS_OF_EXECUTIONS) {
                lives
                    .entry(&event.subject)
                    .or_default()
                    .add(feed, kind, event, mode);
            }
        }
    }
    lives
}

impl<'a> Life<'a> {
    fn add(&mut self, feed: &str, kind: &'a str, event: &'a Event, mode: Mode) {
        let is_late = |outcome: &&Event| feed == HOME || time(event) > time(outcome);
        if self.outcomes.iter().any(is_late) {
            self.after_outcome.push(kind);
        }
        self.ids.insert(&event.id);
        if mode == Mode::Choreographed && !event.causation_id.is_empty() {
            self.causes.insert(&event.causation_id);
        }
        let step = step_of(event);
        let performer = STEPS.iter().find(|(name, _)| step.as_deref() == Some(name));
        let belongs = match (mode, performer) {
            (Mode::Choreographed, Some((_, performer))) => performer,
            _ => HOME,
        };
        if feed != belongs {
            self.astray.push(format!("has {kind} in the feed {feed}"));
        }
        if let Some(step) = step {
            self.steps.entry((kind, step)).or_default().push(event);
        } else if kind == ExecutionStarted::NAME {
            self.begins += 1;
        } else if [
            ExecutionSucceeded::NAME,
            ExecutionFailed::NAME,
            ExecutionCanceled::NAME,
        ]
        .contains(&kind)
        {
            self.outcomes.push(event);
        }
    }
}

fn is_success(outcome: &Event) -> bool {
    outcome.r#type == ExecutionSucceeded::full_name()
}

fn kinds<'a>(events: &[&'a Event]) -> Vec<&'a str> {
    events.iter().map(|event| event.r#type.as_str()).collect()
}

fn time(event: &Event) -> (i64, i32) {
    let time = event.time.unwrap_or_default();
    (time.seconds, time.nanos)
}

/// The step that an event is about, if it may happen to a step only once.
fn step_of(event: &Event) -> Option<String> {
    let data = event.data.as_ref().map(|data| &data.value[..]);
    let data = data.unwrap_or_default();
    macro_rules! step {
        ($($message:ty),*) => {
            $(if event.r#type == <$message>::full_name() {
                return Some(<$message>::decode(data).expect("an event holds its message").step);
            })*
        };
    }
    step!(
        StepCompleted,
        StepFailed,
        StepSkipped,
        StepAbandoned,
        StepCompensated
    );
    assert_ne!(
        event.r#type,
        CompensationFailed::full_name(),
        "no compensation fails for good here"
    );
    None
}

/// What cannot fail is no check.
mod tests {
    use prost_types::{Any, Timestamp};
    use tonic::Status;

    use super::*;

    /// Feeds, written event by event; a second passes with each.
    #[derive(Default)]
    struct Books {
        feeds: Feeds,
        seconds: i64,
    }

    impl Books {
        fn say(mut self, feed: &'static str, message: &impl Name) -> Self {
            let data = Any::from_msg(message).expect("a message can be encoded");
            let kind = data.type_url.rsplit('/').next().unwrap_or_default();
            self.seconds += 1;
            let events = self.feeds.entry(feed).or_default();
            events.push(Event {
                id: format!("{feed}-{}", self.seconds),
                sequence: events.len() as u64 + 1,
                subject: "order".to_owned(),
                r#type: kind.to_owned(),
                time: Some(Timestamp {
                    seconds: self.seconds,
                    nanos: 0,
                }),
                data: Some(data),
                ..Event::default()
            });
            self
        }

        fn begun() -> Self {
            Self::default().say(HOME, &ExecutionStarted::default())
        }

        fn completed(self, feed: &'static str, step: &str) -> Self {
            let step = step.to_owned();
            self.say(
                feed,
                &StepCompleted {
                    step,
                    ..StepCompleted::default()
                },
            )
        }

        fn compensated(self, feed: &'static str, step: &str) -> Self {
            let step = step.to_owned();
            self.say(
                feed,
                &StepCompensated {
                    step,
                    ..StepCompensated::default()
                },
            )
        }

        fn succeeded(self) -> Self {
            self.say(HOME, &ExecutionSucceeded::default())
        }

        fn failed(self) -> Self {
            self.say(HOME, &ExecutionFailed::default())
        }

        fn change(mut self, feed: &str, change: impl FnOnce(&mut Event)) -> Self {
            let events = self.feeds.get_mut(feed).expect("the feed has events");
            change(events.last_mut().expect("the feed has events"));
            self
        }

        fn check(&self, mode: Mode, told: Option<bool>, expected: &str) {
            let told = told.map(|success| success.then_some(()).ok_or(Status::aborted("undone")));
            let told = told.map(|told| ("order".to_owned(), told)).into_iter();
            let wrong = contradictions(&self.feeds, &told.collect(), mode).join("\n");
            if expected.is_empty() {
                assert_eq!(wrong, "");
            } else {
                assert!(wrong.contains(expected), "{expected:?} is not in {wrong:?}");
            }
        }
    }

    #[test]
    fn each_contradiction_is_found_in_a_journal() {
        let check = |books: Books, told: Option<bool>, expected: &str| {
            books.check(Mode::Orchestrated, told, expected);
        };
        let done = || Books::begun().completed(HOME, "charge");
        check(done().succeeded(), Some(true), "");
        check(
            done().succeeded(),
            Some(false),
            "its client was told Some(Err(",
        );
        check(done().succeeded(), None, "its client was told None");
        check(Books::default(), Some(true), "is in no feed");
        check(done(), Some(true), "has the outcomes []");
        check(Books::default().succeeded(), Some(true), "began 0 times");
        check(
            done().succeeded().succeeded(),
            Some(true),
            "has the outcomes [",
        );
        check(
            done().succeeded().failed(),
            Some(true),
            "went on after its outcome",
        );
        let later = done().succeeded().completed(HOME, "ship");
        check(later, Some(true), "went on after its outcome");
        let again = done().completed(HOME, "charge").succeeded();
        check(again, Some(true), "StepCompleted charge x 2");
        let astray = Books::begun().completed("payment", "charge").succeeded();
        check(astray, Some(true), "has StepCompleted in the feed payment");
        let gap = done().succeeded().change(HOME, |event| event.sequence = 4);
        check(gap, Some(true), "sequence 4 is at place 3");
        let twice = done().change(HOME, |event| event.id = "orchestrator-1".to_owned());
        check(
            twice.succeeded(),
            Some(true),
            "orchestrator-1 is there twice",
        );
    }

    #[test]
    fn each_contradiction_is_found_across_feeds() {
        let check = |books: Books, told: bool, expected: &str| {
            books.check(Mode::Choreographed, Some(told), expected);
        };
        let done = || {
            Books::begun()
                .completed("inventory", "reserve")
                .completed("payment", "charge")
        };
        check(done().succeeded(), true, "");
        let astray = done().completed(HOME, "ship").succeeded();
        check(astray, true, "has StepCompleted in the feed orchestrator");
        let later = done().succeeded().completed("shipping", "ship");
        check(later, true, "went on after its outcome");
        let undone = done()
            .compensated("payment", "charge")
            .compensated("inventory", "reserve");
        check(undone.failed(), false, "");
        let upside_down = done()
            .compensated("inventory", "reserve")
            .compensated("payment", "charge");
        check(
            upside_down.failed(),
            false,
            "had reserve undone before charge",
        );
        let caused = |by: &str| {
            let by = by.to_owned();
            done()
                .change("payment", |event| event.causation_id = by)
                .succeeded()
        };
        check(caused("inventory-2"), true, "");
        check(
            caused("inventory-9"),
            true,
            "is caused by inventory-9, which is in no feed",
        );
        let effect = |books: Books| {
            books.say(
                "payment",
                &pavane::shop::payment::v1::CardCharged::default(),
            )
        };
        check(effect(done()).succeeded(), true, "");
        check(effect(effect(done())).succeeded(), true, "of order again");
    }
}
