//! Why the payment service refuses, and how a refusal leaves the server.

use pavane::error::Details;
use tonic::{Code, Status};

/// An error of the payment service.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store, the ledger or the server failed.
    #[error(transparent)]
    Kit(#[from] pavane_kit::Error),
    /// The card is declined.
    #[error("the card was declined for order `{order_id}`")]
    CardDeclined {
        /// The order.
        order_id: String,
    },
    /// The order has a charge that another call made.
    #[error("order `{order_id}` has charge `{charge_id}`, made by another call")]
    AlreadyCharged {
        /// The order.
        order_id: String,
        /// Its charge.
        charge_id: String,
    },
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        match error {
            Error::Kit(error) => error.into(),
            Error::CardDeclined { order_id } => Details::new().fact("order_id", order_id).status(
                Code::FailedPrecondition,
                "CARD_DECLINED",
                message,
            ),
            Error::AlreadyCharged {
                order_id,
                charge_id,
            } => Details::new()
                .fact("order_id", order_id)
                .fact("charge_id", charge_id)
                .status(Code::FailedPrecondition, "ORDER_ALREADY_CHARGED", message),
        }
    }
}
