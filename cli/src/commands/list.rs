//! `pavane list`: executions as a table, the newest first.

use pavane::workflow::v1::Execution;
use serde_json::{Value, json};

use super::filter::Filter;
use super::{Context, execution};
use crate::error::Error;
use crate::render::timeline::{incident, mode, state};
use crate::render::{Cell, Json, Paint, Table, duration, failure, since, timestamp};

const EXAMPLES: &str = "\
Examples:
  pavane list                                  the newest 20 executions
  pavane list --state failed --state canceled  what did not go well
  pavane list --state suspended --limit 1000   what needs an operator
  pavane list --failed-step charge --since 2h  what a step has failed lately
  pavane list --stalled                        what does not go on, and why";

/// List executions, the newest first
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Most executions to list
    #[arg(long, value_name = "N", default_value = "20")]
    limit: usize,
    #[command(flatten)]
    filter: Filter,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<(), Error> {
    let connection = context.connect().await?;
    let (executions, more) = args.filter.fetch(&connection, args.limit).await?;
    context
        .output
        .show(|paint| table(&executions, paint), || to_json(&executions))?;
    if args.limit == 0 {
        context
            .output
            .note("none were asked for; show some with --limit 20");
    } else if more {
        context.output.note(&format!(
            "there are more; show them with --limit {}",
            args.limit.saturating_mul(10)
        ));
    } else if executions.is_empty() {
        context.output.note("there are none");
    }
    Ok(())
}

fn table(executions: &[Execution], paint: Paint) -> String {
    if executions.is_empty() {
        return String::new();
    }
    let now = execution::now();
    let mut table = Table::with_header(["id", "workflow", "state", "mode", "started", "took", ""]);
    for execution in executions {
        let (word, style) = state(execution);
        let end = execution.end_time.as_ref().unwrap_or(&now);
        table.row([
            Cell::new(&execution.id),
            Cell::new(&execution.workflow),
            Cell::new(word).style(style),
            Cell::new(mode(execution.mode())),
            Cell::new(timestamp(execution.create_time.as_ref())),
            Cell::right(duration(since(execution.create_time.as_ref(), Some(end)))),
            Cell::new(why(execution)).style(Paint::faint),
        ]);
    }
    table.render(paint)
}

fn why(execution: &Execution) -> String {
    if let Some(found) = execution.incidents.first() {
        return format!("STALLED {}", incident(found));
    }
    match &execution.failure {
        Some(cause) if execution.failed_step.is_empty() => failure(cause),
        Some(cause) => format!("{}: {}", execution.failed_step, failure(cause)),
        None => execution.cancel_reason.clone(),
    }
}

fn to_json(executions: &[Execution]) -> Value {
    let json = Json::new();
    let list = executions.iter();
    let list = list.map(|execution| json.message("pavane.workflow.v1.Execution", execution));
    json!({ "executions": list.collect::<Value>() })
}

#[cfg(test)]
mod tests {
    use pavane::workflow::v1::{ExecutionState, Failure};
    use prost_types::Timestamp;

    use super::*;

    #[test]
    fn executions_are_listed_in_columns() {
        let at = |nanos| {
            Some(Timestamp {
                seconds: 1_795_396_329,
                nanos,
            })
        };
        let done = Execution {
            id: "order-1-0042".to_owned(),
            workflow: "place-order".to_owned(),
            state: ExecutionState::Succeeded as i32,
            create_time: at(0),
            end_time: at(12_400_000),
            ..Execution::default()
        };
        let failed = Execution {
            id: "order-7".to_owned(),
            state: ExecutionState::Failed as i32,
            end_time: at(200_000_000),
            failed_step: "charge".to_owned(),
            failure: Some(Failure {
                code: 9,
                message: "card is declined".to_owned(),
                details: Vec::new(),
            }),
            ..done.clone()
        };
        insta::assert_snapshot!(table(&[done, failed], Paint::PLAIN), @r"
        id             workflow      state       mode           started                       took
        order-1-0042   place-order   succeeded   orchestrated   2026-11-23T01:12:09.000Z   12.4 ms
        order-7        place-order   failed      orchestrated   2026-11-23T01:12:09.000Z    200 ms   charge: FAILED_PRECONDITION: card is declined
        ");
        assert_eq!(table(&[], Paint::PLAIN), "");
    }
}
