//! What the shipping service does inside a transaction: reads the order's shipment, applies the
//! rules, writes state and event together.

use pavane::shop::shipping::v1::{
    CancelShipmentRequest, CancelShipmentResponse, CreateShipmentRequest, CreateShipmentResponse,
    Shipment, ShipmentCanceled, ShipmentCreated,
};
use pavane_feed::{Feed, Store, Transaction};
use pavane_kit::{Call, Table};

use crate::{Error, rules};

/// The shipping service's state. A cheap clone.
#[derive(Debug, Clone)]
pub(crate) struct Shipments {
    feed: Feed,
    /// The last shipment of each order, by order id.
    pub(crate) entries: Table<Entry>,
    numbers: Table<u64>,
}

/// A shipment, and who made it.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Entry {
    #[prost(message, optional, tag = "1")]
    pub(crate) shipment: Option<Shipment>,
    /// The idempotency key of the call that made it; empty if it had none.
    #[prost(string, tag = "2")]
    pub(crate) made_by: String,
}

impl Shipments {
    /// The shipments kept in `store`, whose events go to `feed`.
    pub(crate) fn open(store: &Store, feed: Feed) -> Result<Self, pavane_kit::Error> {
        Ok(Self {
            feed,
            entries: Table::open(store, "shipments")?,
            numbers: Table::open(store, "numbers")?,
        })
    }

    pub(crate) fn create(
        &self,
        tx: &mut Transaction<'_>,
        call: &Call,
        request: CreateShipmentRequest,
    ) -> Result<CreateShipmentResponse, Error> {
        let standing = self.standing(tx, &request.order_id)?;
        let standing = standing.as_ref().and_then(|entry| entry.shipment.as_ref());
        rules::may_ship(standing, &request)?;
        let number = self.numbers.draw(tx, "shipments")?;
        let CreateShipmentRequest {
            order_id,
            lines,
            address,
        } = request;
        let tracking_number = rules::tracking_number(number);
        let response = CreateShipmentResponse {
            tracking_number: tracking_number.clone(),
        };
        let shipment = Shipment {
            order_id,
            tracking_number,
            lines,
            address,
            canceled: false,
        };
        self.put(tx, &shipment, call.key().unwrap_or_default())?;
        let order_id = shipment.order_id.clone();
        let event = ShipmentCreated {
            shipment: Some(shipment),
        };
        let event = call.event("shop.shipping.v1.ShipmentCreated", &order_id, &event);
        tx.append(&self.feed, event)
            .map_err(pavane_kit::Error::from)?;
        Ok(response)
    }

    pub(crate) fn cancel(
        &self,
        tx: &mut Transaction<'_>,
        call: &Call,
        request: CancelShipmentRequest,
    ) -> Result<CancelShipmentResponse, Error> {
        let order_id = request.order_id;
        let Some(Entry {
            shipment: Some(mut shipment),
            made_by,
        }) = self
            .standing(tx, &order_id)?
            .filter(|entry| call.may_undo(&entry.made_by))
        else {
            return Ok(CancelShipmentResponse { canceled: false });
        };
        shipment.canceled = true;
        self.put(tx, &shipment, &made_by)?;
        let event = ShipmentCanceled {
            shipment: Some(shipment),
        };
        let event = call.event("shop.shipping.v1.ShipmentCanceled", &order_id, &event);
        tx.append(&self.feed, event)
            .map_err(pavane_kit::Error::from)?;
        Ok(CancelShipmentResponse { canceled: true })
    }

    /// The order's shipment, unless it was canceled.
    fn standing(
        &self,
        tx: &Transaction<'_>,
        order_id: &str,
    ) -> Result<Option<Entry>, pavane_kit::Error> {
        let entry = self.entries.get(tx, order_id)?;
        Ok(entry.filter(|entry| entry.shipment.as_ref().is_some_and(|s| !s.canceled)))
    }

    fn put(
        &self,
        tx: &mut Transaction<'_>,
        shipment: &Shipment,
        made_by: &str,
    ) -> Result<(), pavane_kit::Error> {
        let entry = Entry {
            shipment: Some(shipment.clone()),
            made_by: made_by.to_owned(),
        };
        self.entries.put(tx, &shipment.order_id, &entry)
    }
}
