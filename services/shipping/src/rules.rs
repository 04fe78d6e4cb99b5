//! The rules of shipments. Pure: what is asked for and what stands in, a decision out.

use pavane::shop::shipping::v1::{CreateShipmentRequest, Shipment};

use crate::Error;

/// Countries that are served, ISO 3166-1 alpha-2.
pub(crate) const COUNTRIES: [&str; 10] =
    ["AT", "BE", "CH", "DE", "ES", "FR", "IT", "NL", "PL", "PT"];

/// Whether the order may be shipped, given its shipment that stands, if any.
pub(crate) fn may_ship(
    standing: Option<&Shipment>,
    request: &CreateShipmentRequest,
) -> Result<(), Error> {
    if let Some(shipment) = standing {
        return Err(Error::AlreadyShipped {
            order_id: shipment.order_id.clone(),
            tracking_number: shipment.tracking_number.clone(),
        });
    }
    let country = request
        .address
        .as_ref()
        .map_or("", |address| &address.country);
    if !COUNTRIES.contains(&country) {
        return Err(Error::AddressNotServiceable {
            country: country.to_owned(),
        });
    }
    Ok(())
}

/// The tracking number of the shipment with this number: `PV`, nine digits, and the remainder of
/// the number by 97 in two digits, so that a slip of the finger is noticed.
pub(crate) fn tracking_number(number: u64) -> String {
    format!("PV{number:09}{:02}", number % 97)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pavane::shop::common::v1::{Address, OrderLine};

    fn request(country: &str) -> CreateShipmentRequest {
        CreateShipmentRequest {
            order_id: "o-1".to_owned(),
            lines: vec![OrderLine {
                sku: "sku-1".to_owned(),
                quantity: 1,
            }],
            address: Some(Address {
                recipient: "Ada".to_owned(),
                street: "Gasse 1".to_owned(),
                city: "Wien".to_owned(),
                postal_code: "1010".to_owned(),
                country: country.to_owned(),
            }),
        }
    }

    #[test]
    fn only_countries_that_are_served_are_shipped_to() {
        assert!(may_ship(None, &request("AT")).is_ok());
        let error = may_ship(None, &request("US")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the address is not serviceable: no shipments to US, only to \
             AT, BE, CH, DE, ES, FR, IT, NL, PL, PT"
        );
    }

    #[test]
    fn an_order_is_shipped_once() {
        let error = may_ship(Some(&Shipment::default()), &request("AT")).unwrap_err();
        assert!(matches!(error, Error::AlreadyShipped { .. }));
    }

    #[test]
    fn tracking_numbers_carry_a_check() {
        assert_eq!(tracking_number(98), "PV00000009801");
    }
}
