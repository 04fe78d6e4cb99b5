//! `pavane conformance feed`: the promises of FeedService, one line each.

use pavane_conformance::feed::{Options, check_names, run as check};
use pavane_conformance::{CheckResult, Outcome, Report};
use serde_json::{Map, Value, json};

use super::super::Context;
use crate::connection::endpoint;
use crate::error::Error;
use crate::render::{Paint, duration};

const EXAMPLES: &str = "\
Examples:
  pavane conformance feed --target :7401
  pavane conformance feed --target :7401 --feed inventory
  pavane conformance feed --target :7401 --only commit --seed 42

The checks make feeds of their own, conformance-<random>, and leave them behind: do not run them
where that is not wanted. With --feed they only read. What takes the operator's hands (trim a feed,
restart the server, wipe its data) is skipped here; tests in Rust can lend them to the suite.";

/// Check what a feed promises: order, no gap, whole commits, resuming, filters, slow readers
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Server to check: HOST:PORT or a URL [default: that of --server]
    #[arg(long, value_name = "ADDRESS")]
    target: Option<String>,
    /// Only read this feed, which exists and has events
    #[arg(long, value_name = "NAME")]
    feed: Option<String>,
    /// Only checks whose name contains this
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Subscribers at a time, where there are to be many
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    subscribers: u32,
    /// Events of a history
    #[arg(long, value_name = "N", default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    events: u32,
    /// Repeats the events, filters and cuts of an earlier run [default: random]
    #[arg(long, value_name = "SEED")]
    seed: Option<u64>,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<(), Error> {
    let output = context.output;
    check_only(args.only.as_deref())?;
    let target = args.target.as_deref().unwrap_or(&context.settings.server);
    let (address, _) = endpoint(target)?;
    let mut options = Options::new(&address);
    options.feed = args.feed;
    options.only = args.only;
    options.subscribers = args.subscribers as usize;
    options.events = args.events as usize;
    options.seed = args.seed.unwrap_or(options.seed);
    let mut printed = Ok(());
    let report = check(options, |result| {
        if !output.is_json() && printed.is_ok() {
            printed = output.text(&line(result, output.paint()));
        }
    });
    let report = tokio::select! {
        report = report => report.map_err(|error| failed(error, &address))?,
        interrupted = tokio::signal::ctrl_c() => {
            interrupted.map_err(|error| Error::failed("NO_SIGNALS", error.to_string()))?;
            return Err(Error::failed("INTERRUPTED", "stopped before the last check"));
        }
    };
    printed?;
    output.show(
        |paint| summary(&report, paint),
        || to_json(&report, &address),
    )?;
    if report.failed() > 0 {
        return Err(Error::Outcome);
    }
    Ok(())
}

/// A text that no check has in its name is a slip.
fn check_only(only: Option<&str>) -> Result<(), Error> {
    let Some(only) = only else { return Ok(()) };
    if check_names().any(|name| name.contains(only)) {
        return Ok(());
    }
    let names = check_names().collect::<Vec<_>>().join("\n  ");
    let error = Error::usage(format!("--only {only}: no check has that in its name"));
    Err(error.with_hint(format!("the checks are\n  {names}")))
}

fn failed(error: pavane_conformance::Error, address: &str) -> Error {
    match error {
        pavane_conformance::Error::Unreachable { reason, .. } => Error::Unreachable {
            address: address.to_owned(),
            cause: reason,
        },
        error => Error::usage(error.to_string()),
    }
}

fn line(result: &CheckResult, paint: Paint) -> String {
    let name = result.name;
    let took = paint.faint(&duration(result.duration));
    match &result.outcome {
        Outcome::Passed => format!("{}   {name}  {took}\n", paint.good("passed")),
        Outcome::Failed { found, expected } => format!(
            "{}   {name}  {took}\n           found     {found}\n           expected  {expected}\n",
            paint.bad("failed")
        ),
        Outcome::Skipped { reason } => {
            format!(
                "{}  {name}: {}\n",
                paint.caution("skipped"),
                paint.faint(reason)
            )
        }
    }
}

fn summary(report: &Report, paint: Paint) -> String {
    let (passed, failed, skipped) = (report.passed(), report.failed(), report.skipped());
    let verdict = format!("{passed} passed, {failed} failed, {skipped} skipped");
    let verdict = if failed > 0 {
        paint.bad(&verdict)
    } else {
        paint.good(&verdict)
    };
    let repeat = paint.faint(&format!("repeat with --seed {}", report.seed));
    format!("\n{verdict}   {repeat}\n")
}

fn to_json(report: &Report, address: &str) -> Value {
    let checks: Vec<Value> = report.results.iter().map(check_to_json).collect();
    json!({
        "target": address,
        "seed": report.seed,
        "passed": report.passed(),
        "failed": report.failed(),
        "skipped": report.skipped(),
        "checks": checks,
    })
}

fn check_to_json(result: &CheckResult) -> Value {
    let mut object = Map::new();
    let mut put = |name: &str, value: Value| object.insert(name.to_owned(), value);
    put("name", result.name.into());
    let outcome = match &result.outcome {
        Outcome::Passed => "passed",
        Outcome::Failed { found, expected } => {
            put("found", found.clone().into());
            put("expected", expected.clone().into());
            "failed"
        }
        Outcome::Skipped { reason } => {
            put("reason", reason.clone().into());
            "skipped"
        }
    };
    put("outcome", outcome.into());
    put("duration_ms", (result.duration.as_secs_f64() * 1e3).into());
    Value::Object(object)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn result(name: &'static str, outcome: Outcome) -> CheckResult {
        CheckResult {
            name,
            outcome,
            duration: Duration::from_millis(125),
        }
    }

    fn report() -> Report {
        let failed = Outcome::Failed {
            found: "event #18 in a later batch than others of its commit".to_owned(),
            expected: "the events of a commit in one batch".to_owned(),
        };
        let skipped = Outcome::Skipped {
            reason: "it appends events, and the feed is only read".to_owned(),
        };
        Report {
            seed: 42,
            results: vec![
                result("no_event_is_missing", Outcome::Passed),
                result("a_commit_is_never_split", failed),
                result("history_and_live_meet_without_a_seam", skipped),
            ],
        }
    }

    #[test]
    fn a_report_says_what_was_found_and_what_was_expected() {
        let report = report();
        let mut text: String = report
            .results
            .iter()
            .map(|result| line(result, Paint::PLAIN))
            .collect();
        text.push_str(&summary(&report, Paint::PLAIN));
        insta::assert_snapshot!(text, @r"
        passed   no_event_is_missing  125 ms
        failed   a_commit_is_never_split  125 ms
                   found     event #18 in a later batch than others of its commit
                   expected  the events of a commit in one batch
        skipped  history_and_live_meet_without_a_seam: it appends events, and the feed is only read

        1 passed, 1 failed, 1 skipped   repeat with --seed 42
        ");
    }

    #[test]
    fn a_program_is_told_the_same() {
        let json = to_json(&report(), "127.0.0.1:7401");
        let expected = json!({
            "target": "127.0.0.1:7401",
            "seed": 42,
            "passed": 1,
            "failed": 1,
            "skipped": 1,
            "checks": [
                { "name": "no_event_is_missing", "outcome": "passed", "duration_ms": 125.0 },
                {
                    "name": "a_commit_is_never_split",
                    "outcome": "failed",
                    "found": "event #18 in a later batch than others of its commit",
                    "expected": "the events of a commit in one batch",
                    "duration_ms": 125.0,
                },
                {
                    "name": "history_and_live_meet_without_a_seam",
                    "outcome": "skipped",
                    "reason": "it appends events, and the feed is only read",
                    "duration_ms": 125.0,
                },
            ],
        });
        assert_eq!(json, expected);
    }

    #[test]
    fn a_slip_in_the_name_of_a_check_is_told() {
        assert!(check_only(Some("commit")).is_ok());
        let error = check_only(Some("comit")).expect_err("there is none");
        assert_eq!(
            error.to_string(),
            "--only comit: no check has that in its name"
        );
    }
}
