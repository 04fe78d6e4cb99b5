//! The rules of payments. Pure: what is asked for and what stands in, a decision out.

use pavane::shop::payment::v1::{Charge, ChargeCardRequest};
use pavane_kit::Checks;
use tonic::Status;

use crate::Error;

/// Cards whose token begins with this are declined.
pub(crate) const DECLINED: &str = "tok-declined";

/// An amount may be nothing, a charge may not.
pub(crate) fn check(request: &ChargeCardRequest) -> Result<(), Status> {
    let amount = request.amount.as_ref().map_or(0, |it| it.minor_units);
    let mut checks = Checks::default();
    checks.range("amount.minor_units", amount, 1..=i64::MAX);
    checks.finish()
}

/// Whether the card may be charged, given the charge of the order that stands, if any.
pub(crate) fn may_charge(
    standing: Option<&Charge>,
    request: &ChargeCardRequest,
) -> Result<(), Error> {
    if let Some(charge) = standing {
        return Err(Error::AlreadyCharged {
            order_id: charge.order_id.clone(),
            charge_id: charge.charge_id.clone(),
        });
    }
    if request.card_token.starts_with(DECLINED) {
        return Err(Error::CardDeclined {
            order_id: request.order_id.clone(),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use pavane::shop::common::v1::Money;

    fn request(token: &str, currency: &str, minor_units: i64) -> ChargeCardRequest {
        ChargeCardRequest {
            order_id: "o-1".to_owned(),
            amount: Some(Money {
                currency: currency.to_owned(),
                minor_units,
            }),
            card_token: token.to_owned(),
        }
    }

    fn check_invalid(request: ChargeCardRequest, message: &str) {
        assert_eq!(check(&request).unwrap_err().message(), message);
    }

    #[test]
    fn nothing_cannot_be_charged() {
        assert!(check(&request("tok-1", "EUR", 1)).is_ok());
        check_invalid(
            request("tok-1", "EUR", 0),
            "amount.minor_units must be 1 to 9223372036854775807, found 0",
        );
    }

    #[test]
    fn a_token_that_begins_with_declined_is_declined() {
        for token in ["tok-declined", "tok-declined-17"] {
            let error = may_charge(None, &request(token, "EUR", 1)).unwrap_err();
            assert!(matches!(error, Error::CardDeclined { .. }), "{token}");
        }
        assert!(may_charge(None, &request("tok-decline", "EUR", 1)).is_ok());
    }

    #[test]
    fn an_order_is_charged_once() {
        let charge = Charge {
            charge_id: "c-000001".to_owned(),
            ..Charge::default()
        };
        let error = may_charge(Some(&charge), &request("tok-1", "EUR", 1)).unwrap_err();
        assert!(matches!(error, Error::AlreadyCharged { .. }));
    }
}
