//! Why the inventory refuses, and how a refusal leaves the server.

use pavane::error::{Details, status};
use tonic::{Code, Status};

/// An error of the inventory.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store, the ledger or the server failed.
    #[error(transparent)]
    Kit(#[from] pavane_kit::Error),
    /// An order asks for an article that does not exist.
    #[error("no article `{sku}`{}", did_you_mean(nearest))]
    UnknownSku {
        /// The article.
        sku: String,
        /// The one that was probably meant.
        nearest: Option<String>,
    },
    /// An order asks for more than there is.
    #[error("`{sku}` is out of stock: {requested} requested, {available} left")]
    OutOfStock {
        /// The article.
        sku: String,
        /// How many can still be reserved.
        available: i64,
        /// How many the order asks for.
        requested: i64,
    },
    /// The articles of an order are not priced in one currency.
    #[error("an order has one currency: `{sku}` costs {found}, the articles before it {expected}")]
    MixedCurrencies {
        /// The first article in another currency.
        sku: String,
        /// Its currency.
        found: String,
        /// The currency of those before it.
        expected: String,
    },
    /// The total of an order does not fit.
    #[error("the total of the order is more than {} minor units", i64::MAX)]
    TotalTooLarge,
    /// The order has a reservation that another call made.
    #[error("order `{order_id}` has reservation `{reservation_id}`, made by another call")]
    AlreadyReserved {
        /// The order.
        order_id: String,
        /// Its reservation.
        reservation_id: String,
    },
}

fn did_you_mean(nearest: &Option<String>) -> String {
    nearest
        .as_ref()
        .map_or(String::new(), |sku| format!("; did you mean `{sku}`?"))
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        match error {
            Error::Kit(error) => error.into(),
            Error::UnknownSku { sku, nearest } => {
                let details = Details::new().fact("sku", sku);
                let details = match nearest {
                    Some(nearest) => details.fact("nearest", nearest),
                    None => details,
                };
                details.status(Code::NotFound, "UNKNOWN_SKU", message)
            }
            Error::OutOfStock {
                sku,
                available,
                requested,
            } => Details::new()
                .fact("sku", sku)
                .fact("available", available)
                .fact("requested", requested)
                .status(Code::FailedPrecondition, "OUT_OF_STOCK", message),
            Error::MixedCurrencies {
                sku,
                found,
                expected,
            } => Details::new()
                .fact("sku", sku)
                .fact("found", found)
                .fact("expected", expected)
                .status(Code::FailedPrecondition, "MIXED_CURRENCIES", message),
            Error::TotalTooLarge => status(Code::FailedPrecondition, "TOTAL_TOO_LARGE", message),
            Error::AlreadyReserved {
                order_id,
                reservation_id,
            } => Details::new()
                .fact("order_id", order_id)
                .fact("reservation_id", reservation_id)
                .status(Code::FailedPrecondition, "ORDER_ALREADY_RESERVED", message),
        }
    }
}
