//! The sample shop under one roof: three services and an orchestrator in this process, each with
//! its own port and data, talking to each other over gRPC only.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use pavane::workflow::v1::{Descriptors, descriptors::From};
use pavane_orchestrator::{Definition, Orchestrator, Target, Targets};
use pavane_server::Origin;
use prost::Message;
use prost_types::FileDescriptorSet;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::audit::Addresses;
use crate::error::Error;

/// The sample workflow.
const PLACE_ORDER: &str = include_str!("../../workflows/place-order.yaml");
const INVENTORY: &str = "shop.inventory.v1.InventoryService";
const PAYMENT: &str = "shop.payment.v1.PaymentService";
const SHIPPING: &str = "shop.shipping.v1.ShippingService";
/// The part that stops first.
const ORCHESTRATOR: &str = "orchestrator";

/// Where to build.
#[derive(Debug)]
pub(crate) struct Options {
    /// Port of the orchestrator; inventory, payment and shipping have the next three. 0: any four.
    pub(crate) port_base: u16,
    /// Folder for a folder of each part.
    pub(crate) data_dir: PathBuf,
    /// Whose pages in browsers may call any of them.
    pub(crate) allow_origins: Vec<Origin>,
}

/// All four, running.
#[derive(Debug)]
pub(crate) struct House {
    addresses: Addresses,
    stop_orchestrator: CancellationToken,
    stop_services: CancellationToken,
    parts: JoinSet<(&'static str, Result<(), String>)>,
}

impl House {
    /// Starts everything; when this returns, all answer and the workflow is served.
    pub(crate) async fn start(options: &Options) -> Result<Self, Error> {
        let stop_services = CancellationToken::new();
        let mut parts = JoinSet::new();
        let listen = |offset: u16| address(options.port_base, offset);
        let folder = |name: &str| options.data_dir.join(name);

        let inventory = shop_inventory::Options {
            participant: participant(listen(1)?, &folder("inventory"), options),
            seed_catalog: false,
        };
        let inventory = shop_inventory::Service::start(inventory)
            .await
            .map_err(cannot_start)?;
        let inventory = keep("inventory", inventory, &stop_services, &mut parts);
        let payment = shop_payment::Options {
            participant: participant(listen(2)?, &folder("payment"), options),
        };
        let payment = shop_payment::Service::start(payment)
            .await
            .map_err(cannot_start)?;
        let payment = keep("payment", payment, &stop_services, &mut parts);
        let shipping = shop_shipping::Options {
            participant: participant(listen(3)?, &folder("shipping"), options),
        };
        let shipping = shop_shipping::Service::start(shipping)
            .await
            .map_err(cannot_start)?;
        let shipping = keep("shipping", shipping, &stop_services, &mut parts);

        let mut targets = Targets::default();
        for (service, address) in [
            (INVENTORY, &inventory),
            (PAYMENT, &payment),
            (SHIPPING, &shipping),
        ] {
            targets.set(
                service,
                Target::parse(address).expect("it is the address of a listener"),
            );
        }
        let stop_orchestrator = CancellationToken::new();
        let orchestrator = pavane_orchestrator::Options {
            targets,
            workflows: vec![place_order()],
            allow_origins: options.allow_origins.clone(),
            ..pavane_orchestrator::Options::new(listen(0)?, folder(ORCHESTRATOR))
        };
        let orchestrator = Orchestrator::start(orchestrator, stop_orchestrator.clone()).await;
        let orchestrator = orchestrator.map_err(cannot_start)?;
        let addresses = Addresses {
            orchestrator: orchestrator.local_addr().to_string(),
            inventory,
            payment,
            shipping,
        };
        parts.spawn(async move {
            (
                ORCHESTRATOR,
                orchestrator.wait().await.map_err(|error| error.to_string()),
            )
        });
        Ok(Self {
            addresses,
            stop_orchestrator,
            stop_services,
            parts,
        })
    }

    /// Where everything is.
    pub(crate) fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// Waits until a part ends by itself, which none should.
    pub(crate) async fn failure(&mut self) -> Error {
        let message = match self.parts.join_next().await {
            None => return std::future::pending().await,
            Some(Ok((name, Ok(())))) => format!("{name} has stopped"),
            Some(Ok((name, Err(error)))) => format!("{name} has stopped: {error}"),
            Some(Err(error)) => format!("a server has stopped: {error}"),
        };
        Error::failed("SERVER_STOPPED", message)
    }

    /// Stops the orchestrator, then the services; everything is written when this returns.
    pub(crate) async fn shut_down(mut self) -> Result<(), Error> {
        self.stop_orchestrator.cancel();
        let mut outcome = Ok(());
        while let Some(part) = self.parts.join_next().await {
            let (name, ended) = part.unwrap_or((ORCHESTRATOR, Err("it has panicked".to_owned())));
            if let Err(error) = ended {
                let message = format!("{name} did not stop as it should: {error}");
                outcome = Err(Error::failed("SERVER_STOPPED", message));
            }
            if name == ORCHESTRATOR {
                self.stop_services.cancel();
            }
        }
        outcome
    }
}

/// Watches over a service that was started, and says where it listens.
fn keep(
    name: &'static str,
    mut handle: pavane_kit::Handle,
    stop: &CancellationToken,
    parts: &mut JoinSet<(&'static str, Result<(), String>)>,
) -> String {
    let address = handle.local_addr().to_string();
    let stop = stop.clone();
    parts.spawn(async move {
        let ended = tokio::select! {
            ended = handle.wait() => ended,
            () = stop.cancelled() => handle.shutdown().await,
        };
        (name, ended.map_err(|error| error.to_string()))
    });
    address
}

fn participant(listen: SocketAddr, data_dir: &Path, options: &Options) -> pavane_kit::Options {
    // The audit asks the services how often each call was made.
    pavane_kit::Options {
        allow_faults: true,
        allow_origins: options.allow_origins.clone(),
        ..pavane_kit::Options::new(listen, data_dir)
    }
}

fn address(port_base: u16, offset: u16) -> Result<SocketAddr, Error> {
    let port = match port_base {
        0 => 0,
        base => base.checked_add(offset).ok_or_else(|| {
            Error::usage(format!("--port-base {base} leaves no room for four ports"))
        })?,
    };
    Ok((Ipv4Addr::LOCALHOST, port).into())
}

fn place_order() -> Definition {
    let set = FileDescriptorSet::decode(pavane::FILE_DESCRIPTOR_SET)
        .expect("the build script wrote a descriptor set");
    Definition {
        file_name: "place-order.yaml".to_owned(),
        text: PLACE_ORDER.to_owned(),
        descriptors: Descriptors {
            from: Some(From::FileDescriptorSet(set)),
        },
    }
}

fn cannot_start(error: impl std::fmt::Display) -> Error {
    let message = error.to_string();
    let in_use = message.contains("cannot listen on");
    let error = Error::failed("CANNOT_START", message);
    if in_use {
        error.with_hint("choose other ports with --port-base")
    } else {
        error
    }
}
