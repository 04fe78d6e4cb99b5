//! What the payment service does inside a transaction: reads the order's charge, applies the
//! rules, writes state and event together.

use pavane::shop::payment::v1::{
    CardCharged, Charge, ChargeCardRequest, ChargeCardResponse, ChargeRefunded,
    RefundChargeRequest, RefundChargeResponse,
};
use pavane_feed::{Feed, Store, Transaction};
use pavane_kit::{Call, Table};

use crate::{Error, rules};

/// The payment service's state. A cheap clone.
#[derive(Debug, Clone)]
pub(crate) struct Charges {
    feed: Feed,
    /// The last charge of each order, by order id.
    pub(crate) entries: Table<Entry>,
    numbers: Table<u64>,
}

/// A charge, and who made it.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Entry {
    #[prost(message, optional, tag = "1")]
    pub(crate) charge: Option<Charge>,
    /// The idempotency key of the call that made it; empty if it had none.
    #[prost(string, tag = "2")]
    pub(crate) made_by: String,
}

impl Charges {
    /// The charges kept in `store`, whose events go to `feed`.
    pub(crate) fn open(store: &Store, feed: Feed) -> Result<Self, pavane_kit::Error> {
        Ok(Self {
            feed,
            entries: Table::open(store, "charges")?,
            numbers: Table::open(store, "numbers")?,
        })
    }

    pub(crate) fn charge(
        &self,
        tx: &mut Transaction<'_>,
        call: &Call,
        request: ChargeCardRequest,
    ) -> Result<ChargeCardResponse, Error> {
        let standing = self.standing(tx, &request.order_id)?;
        let standing = standing.as_ref().and_then(|entry| entry.charge.as_ref());
        rules::may_charge(standing, &request)?;
        let number = self.numbers.draw(tx, "charges")?;
        let charge = Charge {
            order_id: request.order_id,
            charge_id: format!("c-{number:06}"),
            amount: request.amount,
            refunded: false,
        };
        let response = ChargeCardResponse {
            charge_id: charge.charge_id.clone(),
        };
        self.put(tx, &charge, call.key().unwrap_or_default())?;
        let order_id = charge.order_id.clone();
        let event = CardCharged {
            charge: Some(charge),
        };
        let event = call.event("shop.payment.v1.CardCharged", &order_id, &event);
        tx.append(&self.feed, event)
            .map_err(pavane_kit::Error::from)?;
        Ok(response)
    }

    pub(crate) fn refund(
        &self,
        tx: &mut Transaction<'_>,
        call: &Call,
        request: RefundChargeRequest,
    ) -> Result<RefundChargeResponse, Error> {
        let order_id = request.order_id;
        let Some(Entry {
            charge: Some(mut charge),
            made_by,
        }) = self
            .standing(tx, &order_id)?
            .filter(|entry| call.may_undo(&entry.made_by))
        else {
            return Ok(RefundChargeResponse { refunded: false });
        };
        charge.refunded = true;
        self.put(tx, &charge, &made_by)?;
        let event = ChargeRefunded {
            charge: Some(charge),
        };
        let event = call.event("shop.payment.v1.ChargeRefunded", &order_id, &event);
        tx.append(&self.feed, event)
            .map_err(pavane_kit::Error::from)?;
        Ok(RefundChargeResponse { refunded: true })
    }

    /// The order's charge, unless it was refunded.
    fn standing(
        &self,
        tx: &Transaction<'_>,
        order_id: &str,
    ) -> Result<Option<Entry>, pavane_kit::Error> {
        let entry = self.entries.get(tx, order_id)?;
        Ok(entry.filter(|entry| entry.charge.as_ref().is_some_and(|charge| !charge.refunded)))
    }

    fn put(
        &self,
        tx: &mut Transaction<'_>,
        charge: &Charge,
        made_by: &str,
    ) -> Result<(), pavane_kit::Error> {
        let entry = Entry {
            charge: Some(charge.clone()),
            made_by: made_by.to_owned(),
        };
        self.entries.put(tx, &charge.order_id, &entry)
    }
}
