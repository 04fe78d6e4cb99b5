//! Idempotency by the `idempotency-key` metadata, with tombstones: a call that comes again is
//! answered as it was the first time, and one that was undone before it came is refused. The
//! record of a key is written in the transaction of its effect, never apart from it.

mod record;

use std::time::SystemTime;

use pavane::testing::v1::list_calls_response;
use pavane_feed::{Store, TransactError, Transaction};
use prost::Message;
use tonic::Status;

use crate::call::Call;
use crate::{Error, Table};
use record::{Decision, Record};

/// Remembers which calls were performed. A cheap clone.
///
/// Wrap the handler of every method that has an effect, of those that undo as well:
///
/// ```
/// # use pavane_kit::{Call, Ledger, Table};
/// # use pavane_feed::Feed;
/// # use tonic::{Request, Response, Status};
/// # type RefundRequest = pavane::shop::payment::v1::RefundChargeRequest;
/// # type RefundResponse = pavane::shop::payment::v1::RefundChargeResponse;
/// # type Refund = pavane::shop::payment::v1::Charge;
/// struct RefundService {
///     ledger: Ledger,
///     refunds: Table<Refund>,
///     feed: Feed,
/// }
///
/// impl RefundService {
///     async fn refund(
///         &self,
///         request: Request<RefundRequest>,
///     ) -> Result<Response<RefundResponse>, Status> {
///         let call = Call::new("acme.refunds.v1.RefundService/Refund", &request)?;
///         let request = request.into_inner();
///         let (refunds, feed) = (self.refunds.clone(), self.feed.clone());
///         let response = self.ledger.perform(call, move |tx, call| {
///             // State, event and idempotency record: one commit, or nothing at all.
///             let refund = Refund { order_id: request.order_id, ..Default::default() };
///             refunds.put(tx, &refund.order_id, &refund)?;
///             let event = call.event("acme.refunds.v1.Refunded", &refund.order_id, &refund);
///             tx.append(&feed, event)?;
///             Ok(RefundResponse { refunded: true })
///         });
///         Ok(Response::new(response.await?))
///     }
/// }
/// ```
///
/// A caller that sends `idempotency-key` with a call, and the same key with
/// `idempotency-compensation: true` with the call that undoes it, may then repeat either as often
/// as it likes:
///
/// | the call | what is known of its key | what happens |
/// | --- | --- | --- |
/// | forward | nothing, or only that it failed | the handler runs |
/// | forward | it was performed | the recorded response again |
/// | forward | it was compensated, before or since | ABORTED, `COMPENSATED_BEFORE` |
/// | compensation | the forward call was performed | the handler runs |
/// | compensation | it was compensated | the recorded response again |
/// | compensation | nothing, or only that it failed | `Response::default()`: nothing to undo |
/// | either, with another method or request | | ALREADY_EXISTS, `IDEMPOTENCY_KEY_REUSED` |
///
/// Of a step of a choreography that this service performs for itself, the event that it has happened
/// is in the same transaction, once, also when the answer is a repeated one.
///
/// A handler that returns an error leaves nothing behind, so that the next call with its key runs
/// it again. Without a key the handler runs each time: what a repetition means is then up to it.
#[derive(Debug, Clone)]
pub struct Ledger {
    store: Store,
    records: Table<Record>,
}

/// Why a transaction was given up.
enum Aborted {
    /// The handler said no: its writes are discarded.
    Handler(Status),
    /// The ledger itself failed.
    Ledger(Error),
}

impl Ledger {
    /// The ledger of the service whose state is in `store`.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn open(store: &Store) -> Result<Self, Error> {
        Ok(Self {
            store: store.clone(),
            records: Table::open(store, "idempotency")?,
        })
    }

    /// Performs the call, unless what is known of its key says otherwise; see [`Ledger`]. The
    /// handler runs on the store's writer thread, one at a time: it must not block, and needs no
    /// locks. The answer is durable when this returns.
    ///
    /// # Errors
    /// What the handler returns, and [`Error::CompensatedBefore`], [`Error::KeyReused`],
    /// [`Error::Store`] and [`Error::CorruptState`] as statuses.
    pub async fn perform<R, F>(&self, call: Call, handler: F) -> Result<R, Status>
    where
        R: Message + Default + 'static,
        F: FnOnce(&mut Transaction<'_>, &Call) -> Result<R, Status> + Send + 'static,
    {
        let records = self.records.clone();
        let counted = call.clone();
        let recorder = call.recorder().cloned();
        let answer = self.store.transact(move |tx| match call.key() {
            Some(key) => answer(tx, &records, key, &call, handler),
            None => handler(tx, &call).map(Ok).map_err(Aborted::Handler),
        });
        match answer.await {
            Ok(answer) => {
                if let Some(recorder) = recorder {
                    recorder.is_durable();
                }
                Ok(answer?)
            }
            Err(TransactError::Aborted(Aborted::Handler(status))) => {
                self.count(counted).await?;
                Err(status)
            }
            Err(TransactError::Aborted(Aborted::Ledger(error))) => Err(error.into()),
            Err(TransactError::Store(error)) => Err(Error::Store(error).into()),
        }
    }

    /// A page of the keys that were called, in their order; see [`Table::page`].
    ///
    /// # Errors
    /// As of [`Table::page`].
    pub fn calls(
        &self,
        page_size: i32,
        page_token: &str,
    ) -> Result<(Vec<list_calls_response::Call>, String), Error> {
        self.records.page(page_size, page_token, |key, record| {
            list_calls_response::Call {
                idempotency_key: key.to_owned(),
                calls: record.calls,
                compensations: record.compensations,
                effects: record.effects,
                tombstone: record.is_tombstone(),
                last_call_time: record.last_call_time,
            }
        })
    }

    /// Counts a call whose transaction was discarded, and its count with it.
    async fn count(&self, call: Call) -> Result<(), Error> {
        let records = self.records.clone();
        let counted = self.store.transact(move |tx| match call.key() {
            Some(key) => {
                let mut record = records.get(tx, key)?.unwrap_or_default();
                record.count(&call, now());
                records.put(tx, key, &record)
            }
            None => Ok(()),
        });
        counted.await.map_err(|error| match error {
            TransactError::Aborted(error) => error,
            TransactError::Store(error) => Error::Store(error),
        })
    }
}

/// What one call is answered: a response, or a refusal. Both are committed, since both count; an
/// abort is not.
fn answer<R: Message + Default>(
    tx: &mut Transaction<'_>,
    records: &Table<Record>,
    key: &str,
    call: &Call,
    handler: impl FnOnce(&mut Transaction<'_>, &Call) -> Result<R, Status>,
) -> Result<Result<R, Error>, Aborted> {
    let mut record = records
        .get(tx, key)
        .map_err(Aborted::Ledger)?
        .unwrap_or_default();
    record.count(call, now());
    let answer = match record.decide(call) {
        Decision::Perform => {
            let response = handler(tx, call).map_err(Aborted::Handler)?;
            record.answer(call, response.encode_to_vec().into());
            Ok(response)
        }
        Decision::Bury => {
            let nothing = R::default();
            record.answer(call, nothing.encode_to_vec().into());
            Ok(nothing)
        }
        Decision::Repeat(response) => Ok(records.decode_as(&response).map_err(Aborted::Ledger)?),
        Decision::Compensated => Err(Error::CompensatedBefore {
            key: key.to_owned(),
        }),
        Decision::Reused { method } => Err(Error::KeyReused {
            key: key.to_owned(),
            method,
        }),
    };
    if answer.is_ok()
        && let Some(recorder) = call.recorder()
        && let Some(performed) = record.performed_mut(call)
    {
        let announced = recorder.record(tx, performed.response.clone(), performed.announced);
        performed.announced = announced.map_err(|error| Aborted::Ledger(error.into()))?;
    }
    let put = records.put(tx, key, &record);
    if let (Err(_), Some(recorder)) = (&put, call.recorder()) {
        recorder.is_aborted();
    }
    put.map_err(Aborted::Ledger)?;
    Ok(answer)
}

fn now() -> prost_types::Timestamp {
    SystemTime::now().into()
}
