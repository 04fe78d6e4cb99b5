//! The sample shop's payments: cards are charged, declined and refunded. It knows the kit and its
//! own contract; it must never know of workflows or of who calls it.

mod api;
mod charges;
mod error;
mod rules;

pub use error::Error;

use pavane::shop::payment::v1::payment_service_server::PaymentServiceServer;
use pavane_kit::{Handle, Participant};

use api::PaymentApi;
use charges::Charges;

/// How to start the payment service.
#[derive(Debug, Clone)]
pub struct Options {
    /// What every participant needs.
    pub participant: pavane_kit::Options,
}

/// The payment service.
#[derive(Debug)]
pub struct Service;

impl Service {
    /// Starts the payment service: when this returns, it answers. Its feed is called `payment`.
    ///
    /// # Errors
    /// The address or the data directory cannot be used.
    pub async fn start(options: Options) -> Result<Handle, pavane_kit::Error> {
        let participant = Participant::open("payment", options.participant).await?;
        let charges = Charges::open(participant.store(), participant.feed().clone())?;
        let api = PaymentApi {
            ledger: participant.ledger().clone(),
            charges,
        };
        let service = PaymentServiceServer::new(api);
        participant
            .add_service(service)
            .take_part()
            .await?
            .serve(pavane::descriptor_pool())
    }
}
