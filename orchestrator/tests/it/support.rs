//! An orchestrator in this process, a programmable service for it to call, and clients.

mod clients;
mod company;
mod definition;
mod fake;
mod http;
mod idler;
mod machine;

use std::net::SocketAddr;
use std::time::Duration;

use pavane_orchestrator::{Error, Handle, Options, Orchestrator, Target};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tonic::transport::{Channel, Endpoint};

pub(crate) use clients::{check, deploy_request, reason, run_request};
pub(crate) use company::{Company, Performer};
pub(crate) use definition::{CHAIN, OTHER, definition, renumbered, source, types, types_where};
pub(crate) use fake::{Fake, SERVICES};
pub(crate) use idler::Idler;
pub(crate) use machine::TimeMachine;

/// A test that waits longer than this hangs.
const PATIENCE: Duration = Duration::from_secs(30);

/// Waits for what must come. Panics if it does not.
pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    let waited = tokio::time::timeout(PATIENCE, future).await;
    waited.expect("what the test waits for does not come")
}

/// An orchestrator and the service that it calls.
pub(crate) struct World {
    pub(crate) fake: Fake,
    pub(crate) orchestrator: Running,
    pub(crate) folder: TempDir,
}

/// An orchestrator that runs.
pub(crate) struct Running {
    pub(crate) channel: Channel,
    pub(crate) shutdown: CancellationToken,
    address: SocketAddr,
    handle: Option<Handle>,
}

impl World {
    /// With this workflow deployed, and a service that is up.
    pub(crate) async fn with(workflow: &str) -> Self {
        Self::new(Fake::up().await, &[workflow], |_| {}).await
    }

    /// With these workflows deployed, and options changed by `set`.
    pub(crate) async fn new(
        fake: Fake,
        workflows: &[&str],
        set: impl FnOnce(&mut Options),
    ) -> Self {
        let folder = TempDir::new().unwrap();
        let mut options = options(&fake, &folder);
        options.workflows = workflows.iter().copied().map(definition).collect();
        set(&mut options);
        let orchestrator = Running::start(options).await.unwrap();
        Self {
            fake,
            orchestrator,
            folder,
        }
    }

    /// Stops the orchestrator as a signal does, and starts another one in the same folder.
    pub(crate) async fn restart(&mut self) {
        self.orchestrator.stop().await;
        let options = options(&self.fake, &self.folder);
        self.orchestrator = Running::start(options).await.unwrap();
    }

    pub(crate) fn options(&self) -> Options {
        options(&self.fake, &self.folder)
    }
}

impl Running {
    pub(crate) async fn start(options: Options) -> Result<Self, Error> {
        let shutdown = CancellationToken::new();
        let handle = within(Orchestrator::start(options, shutdown.clone())).await?;
        let endpoint = Endpoint::from_shared(format!("http://{}", handle.local_addr())).unwrap();
        let channel = within(endpoint.connect()).await.unwrap();
        Ok(Self {
            channel,
            shutdown,
            address: handle.local_addr(),
            handle: Some(handle),
        })
    }

    /// Stops as a signal does.
    pub(crate) async fn stop(&mut self) {
        self.shutdown.cancel();
        self.stopped().await;
    }

    /// Waits until it has stopped.
    pub(crate) async fn stopped(&mut self) {
        let handle = self.handle.take().expect("it is stopped once");
        within(handle.wait()).await.unwrap();
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Options by which all three links are at the fake.
fn options(fake: &Fake, folder: &TempDir) -> Options {
    let mut options = Options::new(([127, 0, 0, 1], 0).into(), folder.path());
    options.drain = Duration::from_secs(5);
    for service in SERVICES {
        let target = Target::parse(&fake.address().to_string()).unwrap();
        options.targets.set(service, target);
    }
    options
}
