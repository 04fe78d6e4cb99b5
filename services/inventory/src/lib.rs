//! The sample shop's inventory: stock that can run out, reserved for orders all or nothing. It
//! knows the kit and its own contract; it must never know of workflows or of who calls it.

mod api;
mod catalog;
mod error;
mod rules;
mod stock;

pub use error::Error;

use pavane::shop::inventory::v1::inventory_service_server::InventoryServiceServer;
use pavane_kit::{Handle, Participant};

use api::InventoryApi;
use stock::Stock;

/// How to start the inventory.
#[derive(Debug, Clone)]
pub struct Options {
    /// What every participant needs.
    pub participant: pavane_kit::Options,
    /// Add the articles `sku-1` to `sku-20`, those that do not exist yet. Default: an inventory
    /// starts empty.
    pub seed_catalog: bool,
}

/// The inventory.
#[derive(Debug)]
pub struct Service;

impl Service {
    /// Starts the inventory: when this returns, it answers. Its feed is called `inventory`.
    ///
    /// # Errors
    /// The address or the data directory cannot be used.
    pub async fn start(options: Options) -> Result<Handle, pavane_kit::Error> {
        let participant = Participant::open("inventory", options.participant).await?;
        let stock = Stock::open(participant.store(), participant.feed().clone())?;
        if options.seed_catalog {
            let stock = stock.clone();
            participant
                .transact(move |tx| stock.add_missing(tx, catalog::items()))
                .await?;
        }
        let api = InventoryApi {
            ledger: participant.ledger().clone(),
            stock,
        };
        let service = InventoryServiceServer::new(api);
        participant
            .add_service(service)
            .take_part()
            .await?
            .serve(pavane::descriptor_pool())
    }
}
