//! The orchestrator from its start to its end.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use pavane::workflow::v1::execution_service_server::ExecutionServiceServer;
use pavane::workflow::v1::target_service_server::TargetServiceServer;
use pavane::workflow::v1::workflow_service_server::WorkflowServiceServer;
use pavane::workflow::v1::{DeployWorkflowResponse, Source};
use pavane_calls::Calls;
use pavane_feed::Store;
use pavane_flow::program::MAX_OUTPUT_BYTES;
use pavane_server::{Routes, Server, descriptors};
use prost_reflect::DescriptorPool;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::error;

use crate::choreography::Choreography;
use crate::engine::Engine;
use crate::events::{self, Feeds, Triggers};
use crate::executions::Executions;
use crate::front_door::FrontDoor;
use crate::journal::Journal;
use crate::task::join;
use crate::workflows::{Given, Order, Preparing, Workflows};
use crate::{Definition, Error, Options, restart, retention, services};

/// What the events of one commit may need besides responses and outputs, in bytes.
const EVENT_ROOM: usize = 256 * 1024;

/// Longest causal chain that can be allowed: longer ones do not fit into the metadata of calls.
const MAX_CAUSAL_DEPTH: usize = 100;

/// How long a start waits for those who take part in what was deployed before.
const LONGEST_PREPARATION: Duration = Duration::from_secs(10);

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
        join(self.task).await
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
            allow_origins: options.allow_origins.clone(),
        })
        .await?;
        // Before those of any workflow: what contradicts them is refused, and not the server.
        server
            .descriptors()
            .set("pavane", &own_descriptors(), OWN_SERVICES)?;
        let store = Store::open(store_options(&options))?;
        let journal = Journal::open(&store, options.clock.clone())?;
        let calls = Calls::new(options.targets.clone(), options.limits.of_calls())?;
        let calls = Arc::new(calls);
        let local_addr = server.local_addr();
        let choreography = Choreography::new(
            journal.clone(),
            Arc::clone(&calls),
            options.participants.clone(),
            advertised(&options, local_addr),
            options.limits.connect_timeout,
        );
        let executions = Executions::new(journal, Arc::clone(&calls), options.limits.executions);
        let feeds = Feeds::new(store.clone(), options.feeds.clone(), Arc::clone(&calls));
        let depth = options.limits.causal_depth.min(MAX_CAUSAL_DEPTH);
        let triggers = Triggers::open(&store, feeds.clone(), depth)?;
        let workflows = Workflows::open(
            &store,
            server.descriptors(),
            server.health(),
            triggers.clone(),
            executions.clone(),
            choreography.clone(),
            options.limits.workflows,
        )?;
        let engine = Engine::new(
            executions,
            choreography,
            workflows,
            feeds,
            triggers,
            options.limits.message_bytes,
        );
        let mut left = Vec::new();
        for definition in &options.workflows {
            let deployed = deploy(&engine, definition, Preparing::Later).await?;
            if deployed.is_none() {
                left.push(definition.clone());
            }
        }
        // After the deploys: whatever is wrong with them, nothing has been called yet.
        restart::take_up(&engine).await?;
        let before = engine.choreography.prepared_before();
        let stop = shutdown.child_token();
        let (begin, begun) = oneshot::channel();
        let anew = {
            let workflows = engine.workflows.clone();
            async move {
                if begun.await.is_ok() {
                    workflows.prepare_anew(before).await;
                }
            }
        };
        let serving = run(server, store, engine.clone(), options, anew, stop.clone());
        let task = tokio::spawn(serving);
        // Those who take part look for the orchestrator's feed, so it has to be served by now.
        if let Err(error) = prepare(&engine, left).await {
            stop.cancel();
            join(task).await?;
            return Err(error);
        }
        // If it has stopped meanwhile, nobody is to be prepared.
        let _ = begin.send(());
        Ok(Handle { local_addr, task })
    }
}

/// Prepares those who take part in what is deployed, and deploys what waits for that.
async fn prepare(engine: &Engine, left: Vec<Definition>) -> Result<(), Error> {
    for definition in left {
        deploy(engine, &definition, Preparing::Now).await?;
    }
    // Whoever does not answer must not hold up the start for long. What is left is prepared by the
    // first execution that needs it.
    let preparing = engine.workflows.prepare_served();
    let prepared = tokio::time::timeout(LONGEST_PREPARATION, preparing).await;
    prepared.unwrap_or(Ok(()))
}

async fn deploy(
    engine: &Engine,
    definition: &Definition,
    preparing: Preparing,
) -> Result<Option<DeployWorkflowResponse>, Error> {
    let source = Source {
        file_name: definition.file_name.clone(),
        text: definition.text.clone(),
    };
    let order = Order {
        definition: Some(Given::Text(source)),
        descriptors: Some(definition.descriptors.clone()),
        preparing,
        allow_breaking: false,
    };
    engine.workflows.deploy(order).await
}

/// Where participants reach the orchestrator: where it listens, if nothing else is said. Whoever
/// listens everywhere is reached by those on the same machine.
fn advertised(options: &Options, local_addr: SocketAddr) -> String {
    if let Some(target) = &options.advertise {
        return target.to_string();
    }
    let mut address = local_addr;
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address.to_string()
}

/// The largest commit is a step's response and the output that follows from it at once.
fn store_options(options: &Options) -> pavane_feed::Options {
    let mut store = pavane_feed::Options::new(&options.data_dir);
    store.owner = Some("orchestrator".to_owned());
    store.limits.commit_bytes = options.limits.message_bytes + MAX_OUTPUT_BYTES + EVENT_ROOM;
    store
}

/// Serves until `shutdown`, or until the store fails. `meanwhile` is done while it serves.
async fn run(
    server: Server,
    store: Store,
    engine: Engine,
    options: Options,
    meanwhile: impl Future<Output = ()>,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    let health = server.health();
    // Whoever still waits when half of the time is over is sent away, rather than cut off.
    let closing = CancellationToken::new();
    let routes = routes(&store, &engine, &options, &shutdown, &closing);
    let door = FrontDoor::new(
        engine.clone(),
        options.server.max_receive_bytes,
        closing.clone(),
    );
    let serving = server.run(routes, door, shutdown.clone(), options.drain);
    let sending_away = async {
        shutdown.cancelled().await;
        tokio::time::sleep(options.drain / 2).await;
        closing.cancel();
        std::future::pending().await
    };
    // Once it is to stop, no attempt that waits for its time begins any more.
    let keeping_time = async {
        tokio::select! {
            never = engine.keep_time() => never,
            () = shutdown.cancelled() => std::future::pending().await,
        }
    };
    let journal = engine.executions.journal().clone();
    let forgetting = retention::enforce(journal, options.retention.clone());
    let meanwhile = async {
        meanwhile.await;
        std::future::pending().await
    };
    let outcome = tokio::select! {
        served = serving => served.map_err(Error::from),
        error = store.failed() => {
            // Fail stop: nothing that is not durable may be said any more.
            error!(%error, "the store has failed; stopping");
            health.not_serving("");
            Err(Error::Feed(error))
        }
        error = engine.choreography.failed() => {
            error!(%error, "stopping");
            health.not_serving("");
            Err(error)
        }
        never = sending_away => never,
        never = keeping_time => never,
        never = meanwhile => never,
        never = engine.pass_failures_on() => never,
        never = events::run(&engine) => never,
        never = events::run_triggers(&engine) => never,
        never = forgetting => never,
        never = engine.choreography.observe() => never,
    };
    if outcome.is_ok() {
        tokio::join!(
            engine.executions.stop(options.drain / 2),
            engine.choreography.stop(options.drain / 2),
        );
        store.close().await;
    }
    outcome
}

/// The services of the contract that an orchestrator serves itself.
const OWN_SERVICES: [&str; 4] = [
    "pavane.feed.v1.FeedService",
    "pavane.workflow.v1.ExecutionService",
    "pavane.workflow.v1.TargetService",
    "pavane.workflow.v1.WorkflowService",
];

/// No more than is served: what others serve is theirs to describe.
fn own_descriptors() -> DescriptorPool {
    descriptors::select(
        pavane::descriptor_pool(),
        &["pavane.feed", "pavane.workflow"],
    )
}

fn routes(
    store: &Store,
    engine: &Engine,
    options: &Options,
    shutdown: &CancellationToken,
    closing: &CancellationToken,
) -> Routes {
    let (receive, send) = (
        options.server.max_receive_bytes,
        options.server.max_send_bytes,
    );
    let feeds = pavane_feed::Service::new(
        store.clone(),
        pavane_feed::ServiceOptions::default(),
        shutdown.clone(),
    );
    let watchers = options.limits.watchers;
    let executions = services::Executions::new(engine.clone(), watchers, closing.clone());
    let workflows = services::Workflows::new(engine.workflows.clone());
    let targets = services::Targets::new(Arc::clone(engine.executions.calls()));
    Routes::new()
        .add_service(pavane_feed::Server::new(feeds, receive, send))
        .add_service(
            ExecutionServiceServer::new(executions)
                .max_decoding_message_size(receive)
                .max_encoding_message_size(send),
        )
        .add_service(
            TargetServiceServer::new(targets)
                .max_decoding_message_size(receive)
                .max_encoding_message_size(send),
        )
        .add_service(
            WorkflowServiceServer::new(workflows)
                .max_decoding_message_size(receive)
                .max_encoding_message_size(send),
        )
}
