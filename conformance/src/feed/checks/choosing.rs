//! Filters: what the server lets through is what filtering by hand would, by stream and by page.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use pavane::feed::v1::{Event, Filter, SubscribeRequest};
use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

use crate::feed::expected::Expected;
use crate::feed::filter::passes;
use crate::feed::history::check_whole;
use crate::feed::stop::{Stop, Verdict};
use crate::feed::suite::Suite;

/// Filters of a kind to try.
const TRIES: usize = 8;
/// A text that no event has anywhere.
const ABSENT: &str = "conformance-absent";

pub(super) async fn types_are_chosen(suite: &mut Suite) -> Verdict {
    let types = |filter: &mut Filter, random: &mut StdRng, events: &[Event]| {
        let some = events
            .choose_multiple(random, 2)
            .map(|it| it.r#type.clone());
        filter.types = some.chain([ABSENT.to_owned()]).collect();
    };
    try_filters(suite, types).await
}

pub(super) async fn a_trailing_star_matches_any_ending(suite: &mut Suite) -> Verdict {
    let beginning = |filter: &mut Filter, random: &mut StdRng, events: &[Event]| {
        let event = any(random, events);
        if random.random_bool(0.5) {
            filter.types = vec![star(random, &event.r#type)];
        } else {
            filter.subjects = vec![star(random, &event.subject)];
        }
    };
    try_filters(suite, beginning).await
}

pub(super) async fn subjects_are_chosen(suite: &mut Suite) -> Verdict {
    let subjects = |filter: &mut Filter, random: &mut StdRng, events: &[Event]| {
        let count = random.random_range(1..=3);
        filter.subjects = some_subjects(random, events, count);
    };
    try_filters(suite, subjects).await
}

pub(super) async fn attributes_are_chosen(suite: &mut Suite) -> Verdict {
    let attributes = |filter: &mut Filter, random: &mut StdRng, events: &[Event]| {
        let event = any(random, events);
        let count = random.random_range(1..=3);
        filter.attributes = some_attributes(random, event, count);
        if random.random_bool(0.1) {
            let absent = (ABSENT.replace('-', ""), ABSENT.to_owned());
            filter.attributes.extend([absent]);
        }
    };
    try_filters(suite, attributes).await
}

pub(super) async fn alternatives_are_chosen(suite: &mut Suite) -> Verdict {
    let alternatives = |filter: &mut Filter, random: &mut StdRng, events: &[Event]| {
        filter.any_of = (0..random.random_range(1..=4))
            .map(|_| {
                let event = any(random, events);
                let attributes = random.random_range(0..=1);
                Filter {
                    types: vec![event.r#type.clone()],
                    attributes: some_attributes(random, event, attributes),
                    ..Filter::default()
                }
            })
            .collect();
        if random.random_bool(0.3) {
            filter.subjects = some_subjects(random, events, 2);
        }
    };
    try_filters(suite, alternatives).await
}

pub(super) async fn parts_of_a_filter_combine(suite: &mut Suite) -> Verdict {
    try_filters(suite, |filter, random, events| {
        *filter = random_filter(random, events);
    })
    .await
}

/// A filter that passes some of these events, mostly.
pub(super) fn random_filter(random: &mut StdRng, events: &[Event]) -> Filter {
    let mut filter = random_parts(random, events);
    if random.random_bool(0.3) {
        let alternatives = 0..random.random_range(1..=3);
        filter.any_of = alternatives.map(|_| random_parts(random, events)).collect();
    }
    filter
}

fn random_parts(random: &mut StdRng, events: &[Event]) -> Filter {
    let event = any(random, events);
    let mut filter = Filter::default();
    if random.random_bool(0.4) {
        let more = any(random, events).r#type.clone();
        filter.types = vec![star(random, &event.r#type), more];
    }
    if random.random_bool(0.4) {
        let count = random.random_range(1..=3);
        filter.subjects = some_subjects(random, events, count);
    }
    if random.random_bool(0.4) {
        filter.attributes = some_attributes(random, event, 1);
    }
    filter
}

fn any<'e>(random: &mut StdRng, events: &'e [Event]) -> &'e Event {
    &events[random.random_range(0..events.len())]
}

/// The text cut anywhere, with a star after it.
fn star(random: &mut StdRng, text: &str) -> String {
    let cuts: Vec<usize> = text.char_indices().map(|(index, _)| index).collect();
    let cut = cuts.choose(random).copied().unwrap_or_default();
    format!("{}*", &text[..cut])
}

fn some_subjects(random: &mut StdRng, events: &[Event], count: usize) -> Vec<String> {
    let known: BTreeSet<&str> = events.iter().map(|event| &*event.subject).collect();
    let known: Vec<&str> = known.into_iter().filter(|it| !it.is_empty()).collect();
    let some = known.choose_multiple(random, count);
    let some: Vec<String> = some.map(|subject| (*subject).to_owned()).collect();
    if some.is_empty() {
        vec![ABSENT.to_owned()]
    } else {
        some
    }
}

fn some_attributes(random: &mut StdRng, event: &Event, count: usize) -> HashMap<String, String> {
    let mut known: BTreeMap<String, String> = event.attributes.clone().into_iter().collect();
    for (name, value) in [
        ("id", &event.id),
        ("source", &event.source),
        ("correlation_id", &event.correlation_id),
        ("causation_id", &event.causation_id),
    ] {
        known.insert(name.to_owned(), value.clone());
    }
    let known: Vec<_> = known.into_iter().collect();
    known.choose_multiple(random, count).cloned().collect()
}

/// Makes filters, and compares what passes with what should.
async fn try_filters(
    suite: &mut Suite,
    make: impl Fn(&mut Filter, &mut StdRng, &[Event]),
) -> Verdict {
    let history = suite.history().await?;
    let last = history.last();
    for _ in 0..TRIES {
        let mut filter = Filter::default();
        make(&mut filter, &mut suite.random, &history.events);
        let max_batch_bytes = suite.random.random_range(0..=8 << 10);
        let request = SubscribeRequest {
            filter: Some(filter.clone()),
            max_batch_bytes,
            ..history.request()
        };
        let mut reader = suite.peer.subscribe(request).await?;
        let read = reader.history(last).await?;
        let wanted = || history.events.iter().filter(|event| passes(&filter, event));
        let with = |stop: Stop, how: &str| stop.when(format!("{how} with {filter:?}"));
        Expected::new(wanted())
            .exactly(read.events())
            .map_err(|stop| with(stop, "Subscribe"))?;
        if let Some(commits) = &history.commits {
            check_whole(&read.batches, commits).map_err(|stop| with(stop, "Subscribe"))?;
        }
        let count = wanted().count();
        let filter = Some(filter.clone());
        let (listed, _) = suite.peer.events(&history.feed, filter, count + 1).await?;
        let listed = listed.iter().filter(|event| event.sequence <= last);
        Expected::new(wanted())
            .exactly(listed)
            .map_err(|stop| with(stop, "ListEvents"))?;
    }
    Ok(())
}
