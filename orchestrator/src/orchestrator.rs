//! The orchestrator from its start to its end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use pavane::feed::v1::feed_service_server::FeedServiceServer;
use pavane::workflow::v1::execution_service_server::ExecutionServiceServer;
use pavane::workflow::v1::workflow_service_server::WorkflowServiceServer;
use pavane_feed::Store;
use pavane_flow::event::decode_started;
use pavane_server::{Routes, Server};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use crate::calls::Calls;
use crate::engine::{Engine, origin};
use crate::executions::{Beginning, Executions};
use crate::front_door::FrontDoor;
use crate::journal::Journal;
use crate::trace::Trace;
use crate::workflows::{Given, Workflows};
use crate::{Error, Options, services};

/// The conductor, the observer and the front door of one data directory.
#[derive(Debug)]
pub struct Orchestrator;

/// A running orchestrator.
#[derive(Debug)]
pub struct Handle {
    local_addr: SocketAddr,
    task: JoinHandle<Result<(), Error>>,
}

impl Handle {
    /// Where it serves.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Waits until it has stopped. Errors: why it stopped, if nobody asked for it.
    pub async fn wait(self) -> Result<(), Error> {
        match self.task.await {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        }
    }
}

impl Orchestrator {
    /// Listens, opens the data directory, takes up what was going on, and serves until `shutdown`.
    ///
    /// Answers once calls are served. Errors: the address is taken, the data directory is in use or
    /// of a newer format, a workflow to deploy is wrong.
    pub async fn start(options: Options, shutdown: CancellationToken) -> Result<Handle, Error> {
        let server = Server::bind(pavane_server::Options {
            listen: options.listen,
            limits: options.server.clone(),
        })
        .await?;
        let store = Store::open(pavane_feed::Options::new(&options.data_dir))?;
        let journal = Journal::open(&store)?;
        let calls = Arc::new(Calls::new(options.targets.clone(), &options.limits));
        let workflows = Workflows::open(
            &store,
            server.descriptors(),
            server.health(),
            Arc::clone(&calls),
            options.limits.workflows,
        )?;
        let executions = Executions::new(journal, calls, options.limits.executions);
        let engine = Engine::new(executions, workflows);
        restore(&engine).await?;
        for definition in options.workflows.clone() {
            let source = pavane::workflow::v1::Source {
                file_name: definition.file_name,
                text: definition.text,
            };
            let given = Some(Given::Text(source));
            engine
                .workflows
                .deploy(given, Some(definition.descriptors))
                .await?;
        }
        let local_addr = server.local_addr();
        let task = tokio::spawn(run(server, store, engine, options, shutdown));
        Ok(Handle { local_addr, task })
    }
}

/// Takes up every execution that has not ended.
async fn restore(engine: &Engine) -> Result<(), Error> {
    let live = engine.executions.journal().live()?;
    let count = live.len();
    for (id, sequence) in live {
        let events = engine.executions.journal().events_of(&id)?;
        let Some(first) = events.first() else {
            return Err(Error::CorruptJournal(format!(
                "execution `{id}` has no events"
            )));
        };
        let started =
            decode_started(first).map_err(|error| Error::CorruptJournal(error.to_string()))?;
        let plan = engine
            .workflows
            .plan(&started.workflow, &started.revision)?;
        let trace = origin(first)
            .0
            .unwrap_or_else(|| Trace::of_call(&Default::default()));
        let events = events
            .iter()
            .map(|event| pavane_flow::event::Event::decode(event, &plan))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| Error::CorruptJournal(error.to_string()))?;
        let beginning = Beginning {
            id: id.into(),
            plan,
            input: started.input,
            trace,
        };
        let start = Arc::new(AtomicU64::new(sequence.get()));
        engine.executions.restore(beginning, start, events).await?;
    }
    if count > 0 {
        info!(executions = count, "took up executions that had not ended");
    }
    Ok(())
}

async fn run(
    server: Server,
    store: Store,
    engine: Engine,
    options: Options,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    let health = server.health();
    let closing = CancellationToken::new();
    let feeds = pavane_feed::Service::new(
        store.clone(),
        pavane_feed::ServiceOptions::default(),
        shutdown.clone(),
    );
    let executions =
        services::Executions::new(engine.clone(), options.limits.watchers, closing.clone());
    let workflows = services::Workflows::new(engine.workflows.clone());
    let routes = Routes::new()
        .add_service(FeedServiceServer::new(feeds))
        .add_service(ExecutionServiceServer::new(executions))
        .add_service(WorkflowServiceServer::new(workflows));
    let contract = ["pavane.feed.v1.FeedService"].into_iter().chain([
        "pavane.workflow.v1.ExecutionService",
        "pavane.workflow.v1.WorkflowService",
    ]);
    server
        .descriptors()
        .set("pavane", pavane::descriptor_pool(), contract)?;
    let door = FrontDoor::new(
        engine.clone(),
        options.limits.message_bytes,
        closing.clone(),
    );

    let keeping_time = {
        let executions = engine.executions.clone();
        tokio::spawn(async move { executions.keep_time().await })
    };
    // Whoever still waits when most of the time is over is sent away, rather than cut off.
    let sending_away = {
        let (shutdown, closing, patience) = (shutdown.clone(), closing, options.drain / 2);
        tokio::spawn(async move {
            shutdown.cancelled().await;
            tokio::time::sleep(patience).await;
            closing.cancel();
        })
    };
    let stop_serving = shutdown.child_token();
    let serving = server.run(routes, door, stop_serving.clone(), options.drain);
    tokio::pin!(serving);
    let outcome = tokio::select! {
        served = &mut serving => served.map_err(Error::from),
        error = store.failed() => {
            // Fail stop: nothing that is not durable may be said any more.
            error!(%error, "the store has failed; stopping");
            health.not_serving("");
            Err(Error::Feed(error))
        }
    };
    keeping_time.abort();
    sending_away.abort();
    if outcome.is_ok() {
        engine.executions.stop(options.drain / 2).await;
        store.close().await;
    }
    outcome
}
