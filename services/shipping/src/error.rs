//! Why the shipping service refuses, and how a refusal leaves the server.

use pavane::error::Details;
use tonic::{Code, Status};

use crate::rules::COUNTRIES;

/// An error of the shipping service.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store, the ledger or the server failed.
    #[error(transparent)]
    Kit(#[from] pavane_kit::Error),
    /// Nobody drives there.
    #[error(
        "the address is not serviceable: no shipments to {country}, only to {}",
        COUNTRIES.join(", ")
    )]
    AddressNotServiceable {
        /// The country of the address.
        country: String,
    },
    /// The order has a shipment that another call made.
    #[error("order `{order_id}` has shipment `{tracking_number}`, made by another call")]
    AlreadyShipped {
        /// The order.
        order_id: String,
        /// By which its shipment can be followed.
        tracking_number: String,
    },
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        match error {
            Error::Kit(error) => error.into(),
            Error::AddressNotServiceable { country } => Details::new()
                .fact("country", country)
                .status(Code::FailedPrecondition, "ADDRESS_NOT_SERVICEABLE", message),
            Error::AlreadyShipped {
                order_id,
                tracking_number,
            } => Details::new()
                .fact("order_id", order_id)
                .fact("tracking_number", tracking_number)
                .status(Code::FailedPrecondition, "ORDER_ALREADY_SHIPPED", message),
        }
    }
}
