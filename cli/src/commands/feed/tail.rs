//! `pavane feed tail`: events as they come, from any place on, across lost connections.

use std::collections::HashSet;

use jiff::Timestamp;
use pavane::cloudevents;
use pavane::feed::v1::{Event, Filter};
use pavane_client::{Start, Subscriber, Update};

use super::super::Context;
use crate::connection::Connection;
use crate::descriptors::reflection;
use crate::error::Error;
use crate::input::parse_time;
use crate::output::Output;
use crate::render::{Json, duration, event_line};

const EXAMPLES: &str = "\
Examples:
  pavane feed tail inventory --server :7401
  pavane feed tail inventory --server :7401 --type 'shop.inventory.v1.*' --since 10m
  pavane feed tail inventory --server :7401 --subject order-1-0042 --no-follow --output json
  pavane feed tail inventory --server :7401 --latest --cloudevents | other-program

Begins at the oldest event unless told otherwise. A lost connection is made again, and nothing is
missed or shown twice. With --output json each event is an object on a line of its own.";

/// Follow a feed: history, then live
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Name of the feed
    feed: String,
    /// Begin after this cursor
    #[arg(long, value_name = "CURSOR", group = "start")]
    after: Option<String>,
    /// Begin with what comes from now on
    #[arg(long, group = "start")]
    latest: bool,
    /// Begin at this time, such as 2026-11-23T01:12:00Z, or so long ago, such as 10m
    #[arg(long, value_name = "TIME", group = "start", value_parser = parse_time)]
    since: Option<Timestamp>,
    /// Only events of this type; a trailing * matches any ending; may be given several times
    #[arg(long = "type", value_name = "TYPE")]
    types: Vec<String>,
    /// Only events about this subject; as --type
    #[arg(long = "subject", value_name = "SUBJECT")]
    subjects: Vec<String>,
    /// Stop after so many events
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// Stop when history is done
    #[arg(long)]
    no_follow: bool,
    /// Print each event as CloudEvents JSON, on a line of its own
    #[arg(long)]
    cloudevents: bool,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<(), Error> {
    let connection = context.connect().await?;
    let filter = Filter {
        types: args.types.clone(),
        subjects: args.subjects.clone(),
        ..Filter::default()
    };
    let mut tail = Tail {
        subscriber: Subscriber::new(connection.channel(), &args.feed)
            .with_start(start(&args))
            .with_filter(filter),
        printer: Printer {
            json: Json::new(),
            asked: HashSet::new(),
            connection: &connection,
            output: context.output,
            cloudevents: args.cloudevents,
        },
        left: args.limit.unwrap_or(u64::MAX),
        follow: !args.no_follow,
        head: 0,
        cursor: None,
    };
    tokio::select! {
        outcome = tail.follow() => outcome?,
        interrupted = tokio::signal::ctrl_c() => interrupted
            .map_err(|error| Error::failed("NO_SIGNALS", error.to_string()))?,
    }
    if let Some(cursor) = tail.cursor() {
        context
            .output
            .note(&format!("resume with --after {cursor}"));
    }
    Ok(())
}

/// Where to begin.
fn start(args: &Args) -> Start {
    match (&args.after, &args.since) {
        (Some(cursor), _) => Start::After(cursor.clone()),
        (None, Some(time)) => Start::At(prost_types::Timestamp {
            seconds: time.as_second(),
            nanos: time.subsec_nanosecond(),
        }),
        (None, None) if args.latest => Start::Latest,
        (None, None) => Start::Earliest,
    }
}

/// A feed that is being followed.
struct Tail<'a> {
    subscriber: Subscriber,
    printer: Printer<'a>,
    /// Events that may still be printed.
    left: u64,
    follow: bool,
    head: u64,
    /// After the last event that was printed, if the limit cut its batch.
    cursor: Option<String>,
}

impl Tail<'_> {
    /// Prints until the limit, the end of history, or for ever. Errors: what waiting cannot cure.
    async fn follow(&mut self) -> Result<(), Error> {
        while self.left > 0 {
            let Some(update) = self.subscriber.next().await else {
                return Ok(());
            };
            match update.map_err(|status| self.printer.connection.error(status))? {
                Update::Connected { head_sequence } | Update::Progress { head_sequence } => {
                    self.head = head_sequence;
                }
                Update::Events(events) => self.print(events).await?,
                Update::CaughtUp if self.follow => self.note_caught_up(),
                Update::CaughtUp => return Ok(()),
                Update::FellBehind => self
                    .printer
                    .output
                    .note("fell behind; reading history again"),
                Update::Disconnected {
                    status,
                    retry_after,
                } => {
                    let retry = duration(retry_after);
                    let message = status.message();
                    self.printer.output.note(&format!(
                        "lost the connection ({message}); again in {retry}"
                    ));
                }
            }
        }
        Ok(())
    }

    async fn print(&mut self, events: Vec<Event>) -> Result<(), Error> {
        for event in events {
            if self.left == 0 {
                break;
            }
            self.printer.print(&event).await?;
            self.left -= 1;
            self.head = self.head.max(event.sequence);
            if self.left == 0 {
                self.cursor = Some(event.cursor);
            }
        }
        Ok(())
    }

    fn note_caught_up(&self) {
        let head = self.head;
        let resume = match self.cursor() {
            Some(cursor) => format!(", resume with --after {cursor}"),
            None => String::new(),
        };
        self.printer
            .output
            .note(&format!("caught up (head #{head}); Ctrl-C to stop{resume}"));
    }

    fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref().or_else(|| self.subscriber.cursor())
    }
}

/// Prints events, and learns the types of their data from the server.
struct Printer<'a> {
    json: Json,
    /// Types that the server was asked for.
    asked: HashSet<String>,
    connection: &'a Connection,
    output: &'a Output,
    cloudevents: bool,
}

impl Printer<'_> {
    async fn print(&mut self, event: &Event) -> Result<(), Error> {
        if let Some(data) = &event.data {
            let name = data.type_url.rsplit('/').next().unwrap_or_default();
            self.learn(name).await;
        }
        if self.cloudevents {
            let event = cloudevents::from_event(event);
            let known = std::slice::from_ref(self.json.pool());
            self.output
                .json_line(&cloudevents::json::write(&event, known))
        } else if self.output.is_json() {
            self.output
                .json_line(&self.json.message("pavane.feed.v1.Event", event))
        } else {
            self.output
                .text(&event_line(event, &self.json, self.output.paint()))
        }
    }

    async fn learn(&mut self, name: &str) {
        if !self.json.knows(name)
            && self.asked.insert(name.to_owned())
            && let Some(set) = reflection::file_of(self.connection, name).await
        {
            self.json.learn(set.pool());
        }
    }
}
