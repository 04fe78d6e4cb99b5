//! The sample shop as four processes on this machine, with ports and data that outlive them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pavane::shop::inventory::v1::inventory_service_client::InventoryServiceClient;
use pavane::shop::inventory::v1::{Item, SetItemRequest};
use pavane::workflow::v1::workflow_service_client::WorkflowServiceClient;
use pavane::workflow::v1::{DeployedWorkflow, GetWorkflowRequest};
use tempfile::TempDir;
use tonic::Status;
use tonic::transport::{Channel, Endpoint};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::errands::WORKFLOW;
use crate::process::{Ended, Process, tell};
use crate::{ports, until};

/// The services of the shop.
pub const SERVICES: [Role; 3] = [Role::Inventory, Role::Payment, Role::Shipping];

/// All processes of the shop.
pub const ROLES: [Role; 4] = [
    Role::Orchestrator,
    Role::Inventory,
    Role::Payment,
    Role::Shipping,
];

/// One of the shop's processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// `pavane serve`, with the workflow `place-order`.
    Orchestrator,
    /// `shop-inventory`.
    Inventory,
    /// `shop-payment`.
    Payment,
    /// `shop-shipping`.
    Shipping,
}

impl Role {
    /// Its name, which is that of its feed and its folder.
    pub fn name(self) -> &'static str {
        match self {
            Role::Orchestrator => "orchestrator",
            Role::Inventory => "inventory",
            Role::Payment => "payment",
            Role::Shipping => "shipping",
        }
    }

    fn program(self) -> &'static str {
        match self {
            Role::Orchestrator => "pavane",
            Role::Inventory => "shop-inventory",
            Role::Payment => "shop-payment",
            Role::Shipping => "shop-shipping",
        }
    }

    /// The service that it serves for the workflow; none for the orchestrator.
    pub fn service(self) -> Option<&'static str> {
        match self {
            Role::Orchestrator => None,
            Role::Inventory => Some("shop.inventory.v1.InventoryService"),
            Role::Payment => Some("shop.payment.v1.PaymentService"),
            Role::Shipping => Some("shop.shipping.v1.ShippingService"),
        }
    }
}

/// What a shop may have of its own.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Definitions that are deployed when the orchestrator starts, relative to the repository.
    pub workflows: Vec<&'static str>,
    /// Further arguments of the orchestrator.
    pub orchestrator: Vec<String>,
    /// The orchestrator's file, which says where the services are; otherwise flags do.
    pub config: Option<PathBuf>,
    /// Further arguments of services.
    pub services: BTreeMap<Role, Vec<String>>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            workflows: vec!["cli/workflows/place-order.yaml"],
            orchestrator: Vec::new(),
            config: None,
            services: BTreeMap::new(),
        }
    }
}

/// The shop. When it is dropped all of it is killed; its data is kept if the test has failed.
#[derive(Debug)]
pub struct Shop {
    // Dropped before the data that they write to.
    processes: [Option<Process>; 4],
    base: u16,
    data: TempDir,
    keep: AtomicBool,
    setup: Setup,
}

impl Shop {
    /// Starts all four, and waits until they serve.
    pub async fn start() -> Self {
        Self::start_with(Setup::default()).await
    }

    /// The same, for a shop that has something of its own.
    pub async fn start_with(setup: Setup) -> Self {
        let mut shop = Self::prepare();
        shop.open(setup, &SERVICES).await;
        shop
    }

    /// A shop with ports and a folder, in which nothing runs.
    pub fn prepare() -> Self {
        Self {
            processes: Default::default(),
            base: ports::free(5),
            data: TempDir::new().expect("there is room for data"),
            keep: AtomicBool::new(false),
            setup: Setup::default(),
        }
    }

    /// Starts these services and then the orchestrator, and waits until all serve.
    pub async fn open(&mut self, setup: Setup, services: &[Role]) {
        self.setup = setup;
        for role in services {
            self.spawn(*role);
        }
        for role in services {
            self.serving(*role).await;
        }
        self.revive(Role::Orchestrator).await;
    }

    /// `HOST:PORT` of a process, the same all the time.
    pub fn address(&self, role: Role) -> String {
        format!("127.0.0.1:{}", self.base + role as u16)
    }

    /// `HOST:PORT` that none of the four has.
    pub fn spare_address(&self) -> String {
        format!("127.0.0.1:{}", self.base + 4)
    }

    /// A channel that connects when it is used, and again after it was broken.
    pub fn channel(&self, role: Role) -> Channel {
        channel(&self.address(role))
    }

    /// Where all data is.
    pub fn data(&self) -> &Path {
        self.data.path()
    }

    /// Where the data of one process is.
    pub fn data_of(&self, role: Role) -> PathBuf {
        self.data.path().join(role.name())
    }

    /// The running process.
    pub fn process(&mut self, role: Role) -> &mut Process {
        self.processes[role as usize]
            .as_mut()
            .expect("it was started")
    }

    /// Starts a process on its data. It may not serve yet.
    pub fn spawn(&mut self, role: Role) {
        let arguments = self.arguments(role);
        self.processes[role as usize] = Some(Process::start(role.program(), arguments));
    }

    /// Waits until a process that was started says that it serves, and asks whether it does.
    pub async fn serving(&mut self, role: Role) {
        self.process(role).serving().await;
        let mut health = HealthClient::new(self.channel(role));
        let asked = health.check(HealthCheckRequest::default()).await;
        let status = asked
            .expect("a server that serves answers")
            .into_inner()
            .status();
        assert_eq!(status, ServingStatus::Serving, "{}", role.name());
    }

    /// Starts a process on its data, and waits until it serves.
    pub async fn revive(&mut self, role: Role) {
        self.spawn(role);
        self.serving(role).await;
    }

    /// SIGKILL, and waits until nothing of it is left but its data.
    pub async fn kill(&mut self, role: Role) {
        self.process(role).kill().await;
    }

    /// Waits for the end of a process that was told to end.
    pub async fn end(&mut self, role: Role) -> Ended {
        self.processes[role as usize]
            .take()
            .expect("it was started")
            .ended()
            .await
    }

    /// Sets these articles.
    pub async fn stock_up(&self, items: impl IntoIterator<Item = Item>) {
        let mut inventory = InventoryServiceClient::new(self.channel(Role::Inventory));
        for item in items {
            let request = SetItemRequest { item: Some(item) };
            let set = inventory.set_item(request).await;
            set.expect("an article can be set");
        }
    }

    /// Waits until all who take part in the workflow have their parts, and it can be choreographed.
    pub async fn prepared(&self) {
        let request = GetWorkflowRequest {
            name: WORKFLOW.to_owned(),
            ..GetWorkflowRequest::default()
        };
        let ask = || async {
            let mut client = WorkflowServiceClient::new(self.channel(Role::Orchestrator));
            let answer = client.get_workflow(request.clone()).await?.into_inner();
            Ok::<_, Status>(answer.workflow.unwrap_or_default())
        };
        let is_prepared = |answer: &Result<DeployedWorkflow, _>| {
            answer
                .as_ref()
                .is_ok_and(|deployed| !deployed.parts.is_empty())
        };
        let _ = until(ask, is_prepared).await;
    }

    /// Says that the data shall be kept.
    pub fn keep_data(&self) -> PathBuf {
        self.keep.store(true, Ordering::Relaxed);
        self.data.path().to_owned()
    }

    fn arguments(&self, role: Role) -> Vec<String> {
        let mut arguments = Vec::new();
        let mut add = |words: &[&str]| arguments.extend(words.iter().map(|&word| word.to_owned()));
        if role == Role::Orchestrator {
            add(&["serve"]);
            match &self.setup.config {
                Some(file) => add(&["--config", &file.to_string_lossy()]),
                None => {
                    for service in SERVICES {
                        let name = service.service().expect("a service has a name");
                        add(&["--target", &format!("{name}={}", self.address(service))]);
                    }
                }
            }
            let root = crate::root();
            for workflow in &self.setup.workflows {
                add(&["--workflow", &root.join(workflow).to_string_lossy()]);
            }
            if !self.setup.workflows.is_empty() {
                add(&["--proto", &root.join("proto").to_string_lossy()]);
            }
            let own: Vec<_> = self.setup.orchestrator.iter().map(String::as_str).collect();
            add(&own);
        } else {
            add(&["--allow-faults"]);
            let own = self.setup.services.get(&role).into_iter().flatten();
            own.for_each(|word| add(&[word]));
        }
        add(&["--data-dir", &self.data_of(role).to_string_lossy()]);
        add(&["--listen", &self.address(role), "--log-filter", "info"]);
        arguments
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        if std::thread::panicking() || self.keep.load(Ordering::Relaxed) {
            self.data.disable_cleanup(true);
            tell(&format!(
                "the data is kept in {}",
                self.data.path().display()
            ));
        }
    }
}

/// A channel to `HOST:PORT` that connects when it is used, and again after it was broken.
pub fn channel(address: &str) -> Channel {
    Endpoint::from_shared(format!("http://{address}"))
        .expect("an address makes a URI")
        .connect_timeout(Duration::from_secs(5))
        .connect_lazy()
}
