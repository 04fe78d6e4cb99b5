//! A subscription as the text of server-sent events.
//!
//! The `id` is the cursor: a browser sends the last one that it has seen when it connects again. What
//! moves the cursor without an event is a block of an `id` alone, which sets the last id and, having
//! no data, makes no event.

use std::fmt::Write;
use std::time::Duration;

use pavane::cloudevents;
use pavane::feed::v1::subscribe_request::Start;
use pavane::feed::v1::subscribe_response::{Draining, Message, Started};
use pavane::feed::v1::{Event, StartPosition, SubscribeRequest, SubscribeResponse};
use prost_reflect::DescriptorPool;
use tonic::Status;

/// Writes one subscription.
pub(super) struct Writer {
    feed: String,
    start: Option<Start>,
}

impl Writer {
    pub(super) fn of(request: &SubscribeRequest) -> Self {
        Self {
            feed: request.feed.clone(),
            start: request.start.clone(),
        }
    }

    /// One message; the types of `known` are written out in JSON.
    pub(super) fn write(&self, response: SubscribeResponse, known: &[DescriptorPool]) -> String {
        let mut out = String::new();
        match response.message {
            None => {}
            Some(Message::Started(started)) => self.start(&mut out, &started),
            Some(Message::Batch(batch)) => {
                for event in &batch.events {
                    write_event(&mut out, event, known);
                }
            }
            Some(Message::Progress(progress)) => {
                comment(&mut out, &format!("head {}", progress.head_sequence));
                block(&mut out, &[("id", &progress.cursor)]);
            }
            Some(Message::CaughtUp(caught_up)) => {
                comment(&mut out, "caught up");
                block(&mut out, &[("id", &caught_up.cursor)]);
            }
            Some(Message::FellBehind(fell_behind)) => {
                comment(&mut out, "fell behind, reading history again");
                block(&mut out, &[("id", &fell_behind.cursor)]);
            }
            Some(Message::Draining(draining)) => drain(&mut out, &draining),
        }
        out
    }

    /// Says where a subscription begins that names no cursor: who is cut off before the first event
    /// goes on there, and not where the feed has come to meanwhile.
    fn start(&self, out: &mut String, started: &Started) {
        comment(
            out,
            &format!("{}, head {}", self.feed, started.head_sequence),
        );
        let latest = Start::Position(StartPosition::Latest.into());
        match &self.start {
            Some(start) if *start == latest => block(out, &[("id", &started.head_cursor)]),
            None | Some(Start::Position(_)) => block(out, &[("id", &started.earliest_cursor)]),
            Some(Start::After(_) | Start::AtTime(_)) => block(out, &[]),
        }
    }
}

fn write_event(out: &mut String, event: &Event, known: &[DescriptorPool]) {
    let json = cloudevents::json::write(&cloudevents::from_event(event), known).to_string();
    let fields = [
        ("id", &event.cursor),
        ("event", &event.r#type),
        ("data", &json),
    ];
    block(out, &fields);
}

fn drain(out: &mut String, draining: &Draining) {
    comment(out, "the server is going away");
    let retry_after = draining.retry_after.unwrap_or_default();
    let retry_after = Duration::try_from(retry_after).unwrap_or_default();
    let retry = retry_after.as_millis().to_string();
    block(out, &[("id", &draining.cursor), ("retry", &retry)]);
}

/// Why a subscription has broken off. A comment, as an event of this protocol could not be told from
/// those of the feed; who connects again learns it from the status.
pub(super) fn failure(status: &Status) -> String {
    let mut out = String::new();
    comment(
        &mut out,
        &format!("{:?}: {}", status.code(), status.message()),
    );
    block(&mut out, &[]);
    out
}

fn comment(out: &mut String, text: &str) {
    line(out, "", text);
}

/// Lines that belong together.
fn block(out: &mut String, fields: &[(&str, &String)]) {
    for (name, value) in fields {
        line(out, name, value);
    }
    out.push('\n');
}

fn line(out: &mut String, name: &str, value: &str) {
    // A line ends the field, whoever wrote the value.
    let value = value.replace(['\r', '\n', '\0'], " ");
    writeln!(out, "{name}: {value}").expect("a string can be written to");
}
