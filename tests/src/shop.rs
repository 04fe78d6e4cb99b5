//! The sample shop as four processes on this machine, with ports and data that outlive them.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tempfile::TempDir;
use tonic::transport::{Channel, Endpoint};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::ports;
use crate::process::{Ended, Process, tell};

/// The services of the shop, and what they are called by.
pub const SERVICES: [Role; 3] = [Role::Inventory, Role::Payment, Role::Shipping];

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
    fn service(self) -> Option<&'static str> {
        match self {
            Role::Orchestrator => None,
            Role::Inventory => Some("shop.inventory.v1.InventoryService"),
            Role::Payment => Some("shop.payment.v1.PaymentService"),
            Role::Shipping => Some("shop.shipping.v1.ShippingService"),
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
}

impl Shop {
    /// Starts all four, and waits until they serve.
    pub async fn start() -> Self {
        let mut shop = Self {
            processes: Default::default(),
            base: ports::free(4),
            data: TempDir::new().expect("there is room for data"),
            keep: AtomicBool::new(false),
        };
        for role in SERVICES {
            shop.spawn(role);
        }
        for role in SERVICES {
            shop.serving(role).await;
        }
        shop.spawn(Role::Orchestrator);
        shop.serving(Role::Orchestrator).await;
        shop
    }

    /// `HOST:PORT` of a process, the same all the time.
    pub fn address(&self, role: Role) -> String {
        format!("127.0.0.1:{}", self.base + role as u16)
    }

    /// A channel that connects when it is used, and again after it was broken.
    pub fn channel(&self, role: Role) -> Channel {
        channel(&self.address(role))
    }

    /// Where all data is.
    pub fn data(&self) -> &Path {
        self.data.path()
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
            for service in SERVICES {
                let name = service.service().expect("a service has a name");
                add(&["--target", &format!("{name}={}", self.address(service))]);
            }
            let root = crate::root();
            let workflow = root.join("cli/workflows/place-order.yaml");
            add(&["--workflow", &workflow.to_string_lossy()]);
            add(&["--proto", &root.join("proto").to_string_lossy()]);
        } else {
            add(&["--allow-faults"]);
        }
        let folder = self.data.path().join(role.name());
        add(&["--data-dir", &folder.to_string_lossy()]);
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
