//! What the inventory does inside a transaction: reads articles, applies the rules, writes state
//! and event together. It never decides anything that `rules` could.

use pavane::shop::inventory::v1::{
    Item, ReleaseStockRequest, ReleaseStockResponse, Reservation, ReserveStockRequest,
    ReserveStockResponse, SetItemResponse, StockReleased, StockReserved,
};
use pavane_feed::{Feed, Store, Transaction};
use pavane_kit::{Call, Table};

use crate::Error;
use crate::rules::{self, Shelf};

/// Most articles that are looked through for the name nearest to an unknown one.
const MAX_CANDIDATES: usize = 10_000;

/// The inventory's state. A cheap clone.
#[derive(Debug, Clone)]
pub(crate) struct Stock {
    feed: Feed,
    /// Articles by SKU.
    pub(crate) items: Table<Item>,
    /// The last reservation of each order, by order id.
    pub(crate) bookings: Table<Booking>,
    numbers: Table<u64>,
}

/// A reservation, and who made it.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Booking {
    #[prost(message, optional, tag = "1")]
    pub(crate) reservation: Option<Reservation>,
    /// The idempotency key of the call that made it; empty if it had none.
    #[prost(string, tag = "2")]
    pub(crate) made_by: String,
}

impl Stock {
    /// The stock kept in `store`, whose events go to `feed`.
    pub(crate) fn open(store: &Store, feed: Feed) -> Result<Self, pavane_kit::Error> {
        Ok(Self {
            feed,
            items: Table::open(store, "items")?,
            bookings: Table::open(store, "reservations")?,
            numbers: Table::open(store, "numbers")?,
        })
    }

    pub(crate) fn reserve(
        &self,
        tx: &mut Transaction<'_>,
        call: &Call,
        request: ReserveStockRequest,
    ) -> Result<ReserveStockResponse, Error> {
        let ReserveStockRequest { order_id, lines } = request;
        if let Some(reservation) = self.standing(tx, &order_id)?.and_then(|b| b.reservation) {
            let reservation_id = reservation.reservation_id;
            return Err(Error::AlreadyReserved {
                order_id,
                reservation_id,
            });
        }
        let mut shelf = self.shelf(tx, rules::demand(&lines).into_keys())?;
        let total = match rules::reserve(&mut shelf, &lines) {
            Err(Error::UnknownSku { sku, .. }) => {
                let nearest = self.nearest(tx, &sku)?;
                return Err(Error::UnknownSku { sku, nearest });
            }
            result => result?,
        };
        let number = self.numbers.draw(tx, "reservations")?;
        let reservation_id = format!("r-{number:06}");
        let reservation = Reservation {
            order_id,
            reservation_id: reservation_id.clone(),
            lines,
            total: Some(total.clone()),
            released: false,
        };
        self.put_shelf(tx, shelf)?;
        self.put_reservation(tx, &reservation, call.key().unwrap_or_default())?;
        let order_id = reservation.order_id.clone();
        let event = StockReserved {
            reservation: Some(reservation),
        };
        let event = call.event("shop.inventory.v1.StockReserved", &order_id, &event);
        tx.append(&self.feed, event)
            .map_err(pavane_kit::Error::from)?;
        Ok(ReserveStockResponse {
            reservation_id,
            total: Some(total),
        })
    }

    pub(crate) fn release(
        &self,
        tx: &mut Transaction<'_>,
        call: &Call,
        request: ReleaseStockRequest,
    ) -> Result<ReleaseStockResponse, Error> {
        let order_id = request.order_id;
        let Some(Booking {
            reservation: Some(mut reservation),
            made_by,
        }) = self
            .standing(tx, &order_id)?
            .filter(|booking| call.may_undo(&booking.made_by))
        else {
            return Ok(ReleaseStockResponse { released: false });
        };
        let mut shelf = self.shelf(tx, rules::demand(&reservation.lines).into_keys())?;
        rules::release(&mut shelf, &reservation.lines);
        reservation.released = true;
        self.put_shelf(tx, shelf)?;
        self.put_reservation(tx, &reservation, &made_by)?;
        let event = StockReleased {
            reservation: Some(reservation),
        };
        let event = call.event("shop.inventory.v1.StockReleased", &order_id, &event);
        tx.append(&self.feed, event)
            .map_err(pavane_kit::Error::from)?;
        Ok(ReleaseStockResponse { released: true })
    }

    /// Adds the article, or sets its stock and price; what is reserved of it stays reserved.
    pub(crate) fn set_item(
        &self,
        tx: &mut Transaction<'_>,
        item: Item,
    ) -> Result<SetItemResponse, Error> {
        let before = self.items.get(tx, &item.sku)?;
        let item = Item {
            reserved: before.map_or(0, |before| before.reserved),
            ..item
        };
        self.items.put(tx, &item.sku, &item)?;
        Ok(SetItemResponse { item: Some(item) })
    }

    /// Adds those of the articles that do not exist yet.
    pub(crate) fn add_missing(
        &self,
        tx: &mut Transaction<'_>,
        items: Vec<Item>,
    ) -> Result<(), pavane_kit::Error> {
        for item in items {
            if self.items.get(tx, &item.sku)?.is_none() {
                self.items.put(tx, &item.sku, &item)?;
            }
        }
        Ok(())
    }

    /// The order's reservation, unless it was released.
    fn standing(
        &self,
        tx: &Transaction<'_>,
        order_id: &str,
    ) -> Result<Option<Booking>, pavane_kit::Error> {
        let booking = self.bookings.get(tx, order_id)?;
        Ok(booking.filter(|booking| booking.reservation.as_ref().is_some_and(|r| !r.released)))
    }

    fn shelf<'a>(
        &self,
        tx: &Transaction<'_>,
        skus: impl Iterator<Item = &'a str>,
    ) -> Result<Shelf, pavane_kit::Error> {
        let mut shelf = Shelf::new();
        for sku in skus {
            if let Some(item) = self.items.get(tx, sku)? {
                shelf.insert(sku.to_owned(), item);
            }
        }
        Ok(shelf)
    }

    fn put_shelf(&self, tx: &mut Transaction<'_>, shelf: Shelf) -> Result<(), pavane_kit::Error> {
        shelf
            .iter()
            .try_for_each(|(sku, item)| self.items.put(tx, sku, item))
    }

    fn put_reservation(
        &self,
        tx: &mut Transaction<'_>,
        reservation: &Reservation,
        made_by: &str,
    ) -> Result<(), pavane_kit::Error> {
        let booking = Booking {
            reservation: Some(reservation.clone()),
            made_by: made_by.to_owned(),
        };
        self.bookings.put(tx, &reservation.order_id, &booking)
    }

    fn nearest(
        &self,
        tx: &Transaction<'_>,
        sku: &str,
    ) -> Result<Option<String>, pavane_kit::Error> {
        let skus = self.items.keys(tx, MAX_CANDIDATES)?;
        Ok(pavane::nearest(sku, skus.iter().map(String::as_str)).map(str::to_owned))
    }
}
