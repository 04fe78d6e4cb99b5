//! The sample shop's shipments: to the countries that are served, created and canceled. It knows
//! the kit and its own contract; it must never know of workflows or of who calls it.

mod api;
mod error;
mod rules;
mod shipments;

pub use error::Error;

use pavane::shop::shipping::v1::shipping_service_server::ShippingServiceServer;
use pavane_kit::{Handle, Participant};

use api::ShippingApi;
use shipments::Shipments;

/// How to start the shipping service.
#[derive(Debug, Clone)]
pub struct Options {
    /// What every participant needs.
    pub participant: pavane_kit::Options,
}

/// The shipping service.
#[derive(Debug)]
pub struct Service;

impl Service {
    /// Starts the shipping service: when this returns, it answers. Its feed is called `shipping`.
    ///
    /// # Errors
    /// The address or the data directory cannot be used.
    pub async fn start(options: Options) -> Result<Handle, pavane_kit::Error> {
        let participant = Participant::open("shipping", options.participant).await?;
        let shipments = Shipments::open(participant.store(), participant.feed().clone())?;
        let api = ShippingApi {
            ledger: participant.ledger().clone(),
            shipments,
        };
        let service = ShippingServiceServer::new(api);
        participant
            .add_service(service)
            .take_part()
            .await?
            .serve(pavane::descriptor_pool())
    }
}
