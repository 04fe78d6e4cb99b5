//! Executions that wait for a day: what each costs a server in memory, and how long a server takes to
//! start with them after it was killed.

mod server;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use pavane::testing::v1::RunRequest;
use pavane::workflow::v1::deploy_workflow_request::Definition;
use pavane::workflow::v1::execution_service_client::ExecutionServiceClient;
use pavane::workflow::v1::start_execution_request::Input;
use pavane::workflow::v1::workflow_service_client::WorkflowServiceClient;
use pavane::workflow::v1::{
    DeployWorkflowRequest, Descriptors, Source, StartExecutionRequest, descriptors,
};
use prost::Message;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tonic::transport::Channel;

use super::{WaitingArgs, links};
use crate::error::Error;
use crate::render::{Cell, Paint, Table};
use server::Server;

/// A wait, and then nothing.
fn workflow(name: &str, method: &str, duration: &str) -> String {
    format!(
        "name: {name}\n\
         implements: pavane.testing.v1.{method}\n\
         steps: [ {{ id: pause, wait: {{ duration: {duration} }} }} ]\n\
         output: {{ payload: input.payload }}\n"
    )
}

/// Starts that are on their way at the same time.
const IN_FLIGHT: usize = 256;

/// How long the server is left alone before its memory is looked at: what was in hand is put to rest.
const SETTLING: Duration = Duration::from_secs(3);

/// What was measured.
#[derive(Clone, Copy, Debug)]
pub(super) struct Figures {
    executions: u64,
    starts_per_second: f64,
    /// Resident, with nothing to do.
    idle_bytes: u64,
    /// Resident, when as many have been started that are over at once: with the buffers of the store,
    /// and what the allocator keeps.
    ended_bytes: u64,
    /// Resident, when all have been started and wait.
    waiting_bytes: u64,
    /// Resident, when they were found again after a restart.
    restarted_bytes: u64,
    /// From the process to the first call that is served, with nothing to take up.
    first_start: Duration,
    /// The same, with all that wait.
    restart: Duration,
}

impl Figures {
    /// Besides a server that has had as many, of which none waits any more.
    fn each_waiting(&self) -> u64 {
        self.waiting_bytes.saturating_sub(self.ended_bytes) / self.executions.max(1)
    }

    /// Besides a server that has just begun.
    fn each_restarted(&self) -> u64 {
        self.restarted_bytes.saturating_sub(self.idle_bytes) / self.executions.max(1)
    }
}

/// Starts a server, has executions wait there, kills it, and starts it again.
pub(super) async fn measure(
    args: &WaitingArgs,
    mut note: impl FnMut(&str),
) -> Result<Figures, Error> {
    let temporary = match &args.data_dir {
        Some(_) => None,
        None => Some(tempfile::tempdir().map_err(failed)?),
    };
    let folder = args.data_dir.as_deref();
    let folder = folder.or(temporary.as_ref().map(|folder| folder.path()));
    let folder = folder.expect("one of the two").join("orchestrator");

    let (server, first_start) = start(&folder, args).await?;
    let channel = links::connect(server.address())?;
    deploy(
        channel.clone(),
        workflow("pass", "FirstLinkService/First", "1ms"),
    )
    .await?;
    deploy(channel.clone(), workflow("wait", "ChainService/Run", "24h")).await?;
    let idle_bytes = server.resident()?;
    note(&format!("starting {} that do not wait", args.executions));
    start_executions(&channel, "pass", args.executions).await?;
    tokio::time::sleep(SETTLING).await;
    let ended_bytes = server.resident()?;
    note(&format!("starting {} that wait", args.executions));
    let begin = Instant::now();
    start_executions(&channel, "wait", args.executions).await?;
    let starts_per_second = args.executions as f64 / begin.elapsed().as_secs_f64();
    tokio::time::sleep(SETTLING).await;
    let waiting_bytes = server.resident()?;
    server.kill()?;

    note("starting again with them");
    let (server, restart) = start(&folder, args).await?;
    let restarted_bytes = server.resident()?;
    server.kill()?;
    Ok(Figures {
        executions: args.executions,
        starts_per_second,
        idle_bytes,
        ended_bytes,
        waiting_bytes,
        restarted_bytes,
        first_start,
        restart,
    })
}

async fn start(folder: &Path, args: &WaitingArgs) -> Result<(Server, Duration), Error> {
    let begin = Instant::now();
    let server = Server::start(folder, args.executions).await?;
    Ok((server, begin.elapsed()))
}

async fn deploy(channel: Channel, text: String) -> Result<(), Error> {
    let files = prost_types::FileDescriptorSet::decode(pavane::FILE_DESCRIPTOR_SET)
        .expect("the contract's own descriptors");
    let request = DeployWorkflowRequest {
        definition: Some(Definition::Source(Source {
            file_name: "wait.yaml".to_owned(),
            text,
        })),
        descriptors: Some(Descriptors {
            from: Some(descriptors::From::FileDescriptorSet(files)),
        }),
        ..DeployWorkflowRequest::default()
    };
    let mut client = WorkflowServiceClient::new(channel).max_encoding_message_size(usize::MAX);
    let deployed = client.deploy_workflow(request).await;
    deployed
        .map(drop)
        .map_err(|status| Error::Refused(Box::new(status)))
}

async fn start_executions(
    channel: &Channel,
    workflow: &'static str,
    executions: u64,
) -> Result<(), Error> {
    let input = RunRequest {
        payload: "2 x sku-17".to_owned(),
    };
    let input = prost::bytes::Bytes::from(input.encode_to_vec());
    let next = Arc::new(AtomicU64::new(0));
    let mut callers = JoinSet::new();
    for _ in 0..IN_FLIGHT {
        let (next, input) = (Arc::clone(&next), input.clone());
        let mut client = ExecutionServiceClient::new(channel.clone());
        callers.spawn(async move {
            while next.fetch_add(1, Ordering::Relaxed) < executions {
                let request = StartExecutionRequest {
                    workflow: workflow.to_owned(),
                    input: Some(Input::InputBytes(input.clone())),
                    ..StartExecutionRequest::default()
                };
                client.start_execution(request).await?;
            }
            Ok(())
        });
    }
    while let Some(ended) = callers.join_next().await {
        let ended: Result<(), tonic::Status> = ended.map_err(failed)?;
        ended.map_err(|status| Error::Refused(Box::new(status)))?;
    }
    Ok(())
}

pub(super) fn text(figures: &Figures, paint: Paint) -> String {
    let megabytes = |bytes: u64| format!("{:.1} MB", bytes as f64 / 1e6);
    let ms = |time: Duration| format!("{:.0} ms", time.as_secs_f64() * 1e3);
    let header = ["", "start", "resident", "each"];
    let mut table = Table::with_header(header);
    let rows = [
        ("idle", ms(figures.first_start), figures.idle_bytes, None),
        ("as many, ended", String::new(), figures.ended_bytes, None),
        (
            "all waiting",
            String::new(),
            figures.waiting_bytes,
            Some(figures.each_waiting()),
        ),
        (
            "killed and restarted",
            ms(figures.restart),
            figures.restarted_bytes,
            Some(figures.each_restarted()),
        ),
    ];
    for (name, start, resident, each) in rows {
        table.row([
            Cell::new(name).style(Paint::strong),
            Cell::right(start),
            Cell::right(megabytes(resident)),
            Cell::right(each.map_or_else(String::new, |each| format!("{each} B"))),
        ]);
    }
    format!(
        "{} executions that wait for a day, started at {:.0}/s\n\n{}",
        figures.executions,
        figures.starts_per_second,
        table.render(paint)
    )
}

pub(super) fn json(figures: &Figures) -> Value {
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    json!({
        "waiting": {
            "executions": figures.executions,
            "starts_per_second": figures.starts_per_second,
            "idle_resident_bytes": figures.idle_bytes,
            "first_start_ms": ms(figures.first_start),
            "ended_resident_bytes": figures.ended_bytes,
            "waiting_resident_bytes": figures.waiting_bytes,
            "bytes_per_execution": figures.each_waiting(),
            "restart_ms": ms(figures.restart),
            "restarted_resident_bytes": figures.restarted_bytes,
            "bytes_per_execution_after_restart": figures.each_restarted(),
        }
    })
}

pub(super) fn failed(error: impl std::fmt::Display) -> Error {
    Error::failed("CANNOT_MEASURE", error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_costs_is_what_all_cost_besides_a_server_without_them() {
        let figures = Figures {
            executions: 100_000,
            starts_per_second: 5_000.4,
            idle_bytes: 20_000_000,
            ended_bytes: 60_000_000,
            waiting_bytes: 130_000_000,
            restarted_bytes: 50_000_000,
            first_start: Duration::from_millis(40),
            restart: Duration::from_millis(700),
        };
        insta::assert_snapshot!(text(&figures, Paint::PLAIN), @r"
        100000 executions that wait for a day, started at 5000/s

                                start   resident    each
        idle                    40 ms    20.0 MB
        as many, ended                   60.0 MB
        all waiting                     130.0 MB   700 B
        killed and restarted   700 ms    50.0 MB   300 B
        ");
    }
}
