//! `pavane targets`: where services are called, and how that goes.

use pavane::workflow::v1::target::State;
use pavane::workflow::v1::target_service_client::TargetServiceClient;
use pavane::workflow::v1::{ListTargetsRequest, Target};
use prost_types::Timestamp;
use serde_json::{Value, json};

use super::{Context, execution};
use crate::connection::{Connection, unary};
use crate::error::Error;
use crate::render::{Cell, Json, Paint, Table, duration, one_line, since};

const EXAMPLES: &str = "\
Examples:
  pavane targets                 how all targets stand
  pavane targets --output json   the same with all counts, for alarms

States:
  unused      nobody has called it yet
  connected   there is a connection; connecting: one is being made; idle: the next call makes one
  down        the last call found it unreachable or unavailable
  open        it failed too often in a row: nothing is sent for a while, and calls wait
  trying      it was left alone; a few calls try whether it is back";

/// Show where services are called, and how that goes
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {}

pub(crate) async fn run(context: &Context<'_>) -> Result<(), Error> {
    let connection = context.connect().await?;
    let targets = fetch(&connection).await?;
    let now = execution::now();
    context
        .output
        .show(|paint| text(&targets, &now, paint), || to_json(&targets))?;
    if targets.is_empty() {
        let note =
            "no target is configured; name one by --target of `pavane serve`, or in pavane.toml";
        context.output.note(note);
    }
    Ok(())
}

/// All of them, page by page.
async fn fetch(connection: &Connection) -> Result<Vec<Target>, Error> {
    let mut client = TargetServiceClient::new(connection.channel());
    let mut request = ListTargetsRequest::default();
    let mut targets = Vec::new();
    loop {
        let answer = client.list_targets(unary(request.clone())).await;
        let answer = answer
            .map_err(|status| connection.error(status))?
            .into_inner();
        targets.extend(answer.targets);
        request.page_token = answer.next_page_token;
        if request.page_token.is_empty() {
            return Ok(targets);
        }
    }
}

/// A row for each target, and below it a line for each further service and for its trouble.
fn text(targets: &[Target], now: &Timestamp, paint: Paint) -> String {
    if targets.is_empty() {
        return String::new();
    }
    let mut table = Table::with_header([
        "service",
        "address",
        "state",
        "answered",
        "in flight",
        "waiting",
        "calls",
        "failed",
        "held back",
    ]);
    for target in targets {
        let mut services = target.services.iter();
        let (state, style) = state(target, now);
        let answered = target.last_answer_time.as_ref();
        let answered = answered.map_or_else(
            || "never".to_owned(),
            |time| format!("{} ago", duration(since(Some(time), Some(now)))),
        );
        table.row([
            Cell::new(services.next().map_or("", String::as_str)),
            Cell::new(&target.address),
            Cell::new(state).style(style),
            Cell::new(answered),
            Cell::right(of(target.calls_in_flight, target.max_calls_in_flight)),
            Cell::right(of(target.calls_waiting, target.max_calls_waiting)),
            Cell::right(target.calls.to_string()),
            Cell::right(target.failed_calls.to_string()),
            Cell::right(target.held_back_calls.to_string()),
        ]);
        for service in services {
            table.row([Cell::new(service)]);
        }
    }
    let mut text = table.render(paint);
    for target in targets.iter().filter(|one| !one.last_error.is_empty()) {
        let name = target.services.first().map_or("", String::as_str);
        let line = format!("{name}: {}", one_line(&target.last_error));
        text.push_str(&format!("\n{}\n", paint.bad(&line)));
    }
    text
}

/// Colours of a word.
type Style = fn(Paint, &str) -> String;

/// In words, and how it is painted.
fn state(target: &Target, now: &Timestamp) -> (String, Style) {
    let for_how_long = || {
        let begin = target.trouble_since_time.as_ref();
        duration(since(begin, Some(now)))
    };
    match target.state() {
        State::Unspecified => ("-".to_owned(), Paint::faint),
        State::Unused => ("unused".to_owned(), Paint::faint),
        State::Connecting => ("connecting".to_owned(), Paint::faint),
        State::Connected => ("connected".to_owned(), Paint::good),
        State::Idle => ("idle".to_owned(), Paint::faint),
        State::Down => (format!("down for {}", for_how_long()), Paint::bad),
        State::Open => {
            let until = target.open_until_time.as_ref();
            let left = duration(since(Some(now), until));
            let text = format!("open for {left} more, down for {}", for_how_long());
            (text, Paint::bad)
        }
        State::Trying => ("trying".to_owned(), Paint::faint),
    }
}

/// `3 of 1000`.
fn of(some: u64, most: u64) -> String {
    format!("{some} of {most}")
}

fn to_json(targets: &[Target]) -> Value {
    let json = Json::new();
    let list = targets.iter();
    let list = list.map(|target| json.message("pavane.workflow.v1.Target", target));
    json!({ "targets": list.collect::<Value>() })
}

#[cfg(test)]
mod tests {
    use pavane::workflow::v1::target::Tls;

    use super::*;

    #[test]
    fn targets_are_listed_with_what_is_wrong_with_them() {
        let at = |seconds: i64| {
            Some(Timestamp {
                seconds: 1_795_396_329 + seconds,
                nanos: 0,
            })
        };
        let well = Target {
            services: vec!["shop.a.v1.A".to_owned(), "shop.b.v1.B".to_owned()],
            address: "127.0.0.1:7401".to_owned(),
            state: State::Connected as i32,
            calls_in_flight: 3,
            max_calls_in_flight: 1_000,
            max_calls_waiting: 10_000,
            calls: 12_345,
            last_answer_time: at(-1),
            ..Target::default()
        };
        let ill = Target {
            services: vec!["shop.c.v1.C".to_owned()],
            address: "https://c.example:443".to_owned(),
            tls: Some(Tls::default()),
            state: State::Open as i32,
            trouble_since_time: at(-75),
            open_until_time: at(2),
            last_error: "cannot connect to https://c.example:443: connection refused".to_owned(),
            last_answer_time: None,
            calls: 7,
            failed_calls: 7,
            held_back_calls: 200,
            ..well.clone()
        };
        let now = at(0).expect("it is one");
        insta::assert_snapshot!(text(&[well, ill], &now, Paint::PLAIN), @r"
        service       address                 state                                 answered     in flight      waiting   calls   failed   held back
        shop.a.v1.A   127.0.0.1:7401          connected                             1.00 s ago   3 of 1000   0 of 10000   12345        0           0
        shop.b.v1.B
        shop.c.v1.C   https://c.example:443   open for 2.00 s more, down for 75 s   never        3 of 1000   0 of 10000       7        7         200

        shop.c.v1.C: cannot connect to https://c.example:443: connection refused
        ");
        assert_eq!(text(&[], &now, Paint::PLAIN), "");
    }
}
