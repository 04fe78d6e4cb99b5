//! Random commits to publish: few subjects and types, so that filters have something to choose, and
//! sizes that make some commits larger than a batch.

use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

use pavane::feed::v1::Event;
use prost_types::{Any, Timestamp};
use rand::Rng;
use rand::rngs::StdRng;

const TYPES: [&str; 4] = [
    "conformance.v1.Opened",
    "conformance.v1.OpenedAgain",
    "conformance.v1.Closed",
    "conformance.v2.Opened",
];
const REGIONS: [&str; 3] = ["eu", "us", "eu-north"];
const SUBJECTS: usize = 12;
/// The commit that is larger than a batch of the default size.
const LARGE_EVENT_BYTES: usize = 100 << 10;
const LARGE_EVENTS: usize = 3;

/// Commits of `count` events altogether, to be published to one feed.
pub(crate) fn commits(random: &mut StdRng, count: usize) -> Vec<Vec<Event>> {
    let mut commits = Vec::new();
    let mut made = 0;
    let begin_ms = now_ms() - i64::try_from(count).unwrap_or_default();
    while made < count {
        let size = match random.random_range(0..100) {
            0..50 => 1,
            50..95 => random.random_range(2..=8),
            _ => random.random_range(32..=64),
        };
        let numbers = made..count.min(made + size);
        made = numbers.end;
        let commit = numbers.map(|number| event(random, number, begin_ms));
        commits.push(commit.collect::<Vec<_>>());
    }
    if let Some(middle) = commits.get_mut(count / 16) {
        for event in middle.iter_mut().take(LARGE_EVENTS) {
            set_data(event, vec![0; LARGE_EVENT_BYTES]);
        }
    }
    commits
}

/// One event, whose id is its number and whose time is as many milliseconds later.
fn event(random: &mut StdRng, number: usize, begin_ms: i64) -> Event {
    let time_ms = begin_ms + i64::try_from(number).unwrap_or_default();
    let mut event = Event {
        id: number.to_string(),
        source: format!("/conformance/{}", random.random_range(0..2)),
        r#type: TYPES[random.random_range(0..TYPES.len())].to_owned(),
        subject: subject(random),
        time: Some(time(time_ms)),
        correlation_id: format!("c-{}", random.random_range(0..5)),
        ..Event::default()
    };
    if random.random_bool(0.5) {
        event.causation_id = format!("{}", number / 2);
    }
    if random.random_bool(0.5) {
        let region = REGIONS[random.random_range(0..REGIONS.len())];
        event.attributes = HashMap::from([("region".to_owned(), region.to_owned())]);
    }
    if random.random_bool(0.7) {
        let mut bytes = vec![0; random.random_range(0..200)];
        random.fill(&mut *bytes);
        set_data(&mut event, bytes);
    }
    event
}

/// Subjects of which some are the beginning of others; now and then none.
fn subject(random: &mut StdRng) -> String {
    match random.random_range(0..=SUBJECTS) {
        0 => String::new(),
        number => format!("order-{number}"),
    }
}

/// An event that says nothing but that it is about this subject.
pub(crate) fn plain(subject: &str, number: usize) -> Event {
    Event {
        id: format!("{subject}/{number}"),
        r#type: TYPES[0].to_owned(),
        subject: subject.to_owned(),
        ..Event::default()
    }
}

/// As [`plain`], with so many bytes of data.
pub(crate) fn bulky(subject: &str, number: usize, bytes: usize) -> Event {
    let mut event = plain(subject, number);
    set_data(&mut event, vec![0; bytes]);
    event
}

fn set_data(event: &mut Event, value: Vec<u8>) {
    let type_url = format!("type.googleapis.com/{}", event.r#type);
    event.data = Some(Any { type_url, value });
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    })
}

fn time(ms: i64) -> Timestamp {
    Timestamp {
        seconds: ms.div_euclid(1_000),
        nanos: i32::try_from(ms.rem_euclid(1_000)).unwrap_or_default() * 1_000_000,
    }
}
