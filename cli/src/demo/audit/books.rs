//! What the orchestrator and the services say, read page by page.

use futures_util::{StreamExt, TryStreamExt, stream};
use pavane::shop::inventory::v1::inventory_service_client::InventoryServiceClient;
use pavane::shop::inventory::v1::{Item, ListItemsRequest, ListReservationsRequest, Reservation};
use pavane::shop::payment::v1::payment_service_client::PaymentServiceClient;
use pavane::shop::payment::v1::{Charge, ListChargesRequest};
use pavane::shop::shipping::v1::shipping_service_client::ShippingServiceClient;
use pavane::shop::shipping::v1::{ListShipmentsRequest, Shipment};
use pavane::testing::v1::fault_service_client::FaultServiceClient;
use pavane::testing::v1::{ListCallsRequest, list_calls_response::Call};
use pavane::workflow::v1::{Execution, ListExecutionsRequest};
use tonic::Code;

use crate::commands::get_execution;
use crate::connection::{Connection, unary};
use crate::error::Error;

/// The workflow whose executions are orders.
const WORKFLOW: &str = "place-order";
/// Executions that are asked for at once.
const AT_ONCE: usize = 32;
/// Largest page of executions.
const PAGE: i32 = 1000;

/// Where the shop is: each `HOST:PORT`.
#[derive(Clone, Debug)]
pub struct Addresses {
    /// The orchestrator.
    pub orchestrator: String,
    /// The inventory.
    pub inventory: String,
    /// The payment service.
    pub payment: String,
    /// The shipping service.
    pub shipping: String,
}

/// All that is written down anywhere about the orders.
#[derive(Clone, Debug, Default)]
pub struct Books {
    /// Executions of `place-order`, in full.
    pub executions: Vec<Execution>,
    /// Articles.
    pub items: Vec<Item>,
    /// Reservations, released ones included.
    pub reservations: Vec<Reservation>,
    /// Charges, refunded ones included.
    pub charges: Vec<Charge>,
    /// Shipments, canceled ones included.
    pub shipments: Vec<Shipment>,
    /// The calls that each service counted by idempotency key; none if it does not allow faults.
    pub calls: Vec<(&'static str, Call)>,
}

/// Reads all pages of a list: `$call` answers `$request`, whose answer has the `$field`.
macro_rules! pages {
    ($connection:expr, $client:expr, $method:ident, $request:expr, $field:ident) => {{
        let mut request = $request;
        let mut all = Vec::new();
        loop {
            match $client.$method(unary(request.clone())).await {
                Ok(answer) => {
                    let answer = answer.into_inner();
                    all.extend(answer.$field);
                    request.page_token = answer.next_page_token;
                }
                Err(status) => break Err($connection.error(status)),
            }
            if request.page_token.is_empty() {
                break Ok(all);
            }
        }
    }};
}

impl Books {
    /// Reads everything. To be called when nothing is in flight: the lists are read one after
    /// another.
    pub async fn read(addresses: &Addresses) -> Result<Self, Error> {
        let mut books = Self {
            executions: executions(addresses).await?,
            ..Self::default()
        };

        let inventory = Connection::open(&addresses.inventory).await?;
        let mut client = InventoryServiceClient::new(inventory.channel());
        let request = ListReservationsRequest::default();
        books.reservations = pages!(inventory, client, list_reservations, request, reservations)?;
        books.items = pages!(
            inventory,
            client,
            list_items,
            ListItemsRequest::default(),
            items
        )?;
        books.add_calls("inventory", &inventory).await?;

        let payment = Connection::open(&addresses.payment).await?;
        let mut client = PaymentServiceClient::new(payment.channel());
        books.charges = pages!(
            payment,
            client,
            list_charges,
            ListChargesRequest::default(),
            charges
        )?;
        books.add_calls("payment", &payment).await?;

        let shipping = Connection::open(&addresses.shipping).await?;
        let mut client = ShippingServiceClient::new(shipping.channel());
        books.shipments = pages!(
            shipping,
            client,
            list_shipments,
            ListShipmentsRequest::default(),
            shipments
        )?;
        books.add_calls("shipping", &shipping).await?;
        Ok(books)
    }

    async fn add_calls(&mut self, name: &'static str, service: &Connection) -> Result<(), Error> {
        let mut client = FaultServiceClient::new(service.channel());
        let calls: Result<Vec<Call>, Error> = pages!(
            service,
            client,
            list_calls,
            ListCallsRequest::default(),
            calls
        );
        match calls {
            Ok(calls) => self
                .calls
                .extend(calls.into_iter().map(|call| (name, call))),
            Err(Error::Refused(status)) if status.code() == Code::Unimplemented => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

/// All articles.
pub(crate) async fn items(inventory: &Connection) -> Result<Vec<Item>, Error> {
    let mut client = InventoryServiceClient::new(inventory.channel());
    pages!(
        inventory,
        client,
        list_items,
        ListItemsRequest::default(),
        items
    )
}

/// All executions of the sample workflow, as lists show them.
pub(crate) async fn list_executions(orchestrator: &Connection) -> Result<Vec<Execution>, Error> {
    let mut client = orchestrator.executions();
    let request = ListExecutionsRequest {
        workflow: WORKFLOW.to_owned(),
        page_size: PAGE,
        ..ListExecutionsRequest::default()
    };
    pages!(orchestrator, client, list_executions, request, executions)
}

async fn executions(addresses: &Addresses) -> Result<Vec<Execution>, Error> {
    let orchestrator = Connection::open(&addresses.orchestrator).await?;
    let listed = list_executions(&orchestrator).await?;
    let asked = listed.into_iter().map(|listed| {
        let orchestrator = orchestrator.clone();
        async move { get_execution(&orchestrator, &listed.id).await }
    });
    stream::iter(asked).buffered(AT_ONCE).try_collect().await
}
