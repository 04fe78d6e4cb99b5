//! A bank that takes part in a workflow of one step, and the feed of its home.

use std::sync::Arc;
use std::time::Duration;

use pavane::attributes::CHOREOGRAPHY;
use pavane::feed::v1::Event;
use pavane::shop::common::v1::Money;
use pavane::shop::order::v1::PlaceOrderRequest;
use pavane::shop::payment::v1::payment_service_client::PaymentServiceClient;
use pavane::shop::payment::v1::payment_service_server::PaymentServiceServer;
use pavane::shop::payment::v1::{ChargeCardRequest, ChargeCardResponse};
use pavane::testing::v1::fault_service_client::FaultServiceClient;
use pavane::testing::v1::{AddFaultRequest, FaultMoment, ListCallsRequest};
use pavane::workflow::v1::participant_service_client::ParticipantServiceClient;
use pavane::workflow::v1::{
    ExecutionStarted, GetParticipantRequest, Member, Mode, PrepareWorkflowRequest,
};
use pavane_feed::{Delivery, Feed, Filter, Start, Store};
use pavane_flow::language::{self, Definition};
use pavane_kit::client::keyed;
use pavane_kit::{Handle, Options, Participant};
use prost::{Message, Name};
use tempfile::TempDir;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};

use crate::bank::Bank;

const PAY: &str = "
name: pay
implements: shop.order.v1.OrderService/PlaceOrder
steps:
  - id: charge
    call: shop.payment.v1.PaymentService/ChargeCard
    request: { order_id: input.order_id, card_token: input.card_token, amount: { currency: \"'EUR'\", minor_units: 500 } }
    timeout: 2s
    retry: { initial_backoff: 0.01s }
    compensate:
      call: shop.payment.v1.PaymentService/RefundCharge
      request: { order_id: input.order_id }
output: { order_id: input.order_id, tracking_number: charge.charge_id }
";

pub(crate) struct Town {
    home: Handle,
    home_store: Store,
    home_feed: Feed,
    bank: Handle,
    pub(crate) bank_feed: Feed,
    channel: Channel,
    bank_folder: TempDir,
    _home_folder: TempDir,
}

impl Town {
    /// A bank that is prepared for its part.
    pub(crate) async fn open() -> Self {
        let home_folder = TempDir::new().unwrap();
        let options = Options::new(([127, 0, 0, 1], 0).into(), home_folder.path());
        let home = Participant::open("home", options).await.unwrap();
        let (home_store, home_feed) = (home.store().clone(), home.feed().clone());
        let home = home.serve(pavane::descriptor_pool()).unwrap();
        let bank_folder = TempDir::new().unwrap();
        let (bank, bank_feed, channel) = open_bank(&bank_folder).await;
        let town = Self {
            home,
            home_store,
            home_feed,
            bank,
            bank_feed,
            channel,
            bank_folder,
            _home_folder: home_folder,
        };
        town.prepare().await;
        town
    }

    async fn prepare(&self) {
        let mut client = ParticipantServiceClient::new(self.channel.clone());
        let described = client.get_participant(GetParticipantRequest {}).await;
        let bank = described.unwrap().into_inner().participant.unwrap();
        assert_eq!(bank.services, ["shop.payment.v1.PaymentService"]);
        let home = Member {
            name: "home".to_owned(),
            feed: "home".to_owned(),
            incarnation: self.home_feed.incarnation().to_string(),
            target: self.home.local_addr().to_string(),
            services: Vec::new(),
        };
        let request = PrepareWorkflowRequest {
            workflow: Some(Definition::parse("", PAY).workflow().clone()),
            descriptors: Some(Message::decode(pavane::FILE_DESCRIPTOR_SET).unwrap()),
            revision: revision(),
            home: Some(home),
            participants: vec![bank],
        };
        let prepared = client.prepare_workflow(request).await.unwrap();
        assert_eq!(prepared.into_inner().steps, ["charge"]);
    }

    /// The same, after the bank was stopped and started.
    pub(crate) async fn restart(self) -> Self {
        self.bank.shutdown().await.unwrap();
        let (bank, bank_feed, channel) = open_bank(&self.bank_folder).await;
        Self {
            bank,
            bank_feed,
            channel,
            ..self
        }
    }

    /// Has the home say something.
    pub(crate) async fn say(&self, event: Event) {
        let feed = self.home_feed.clone();
        let said = self.home_store.transact(move |tx| tx.append(&feed, event));
        said.await.unwrap();
    }

    /// Waits until the bank's feed has the event with this id.
    pub(crate) async fn hear(&self, id: &str) -> Event {
        let subscription = self.bank_feed.subscribe(Start::Earliest, Filter::all());
        let mut subscription = subscription.unwrap();
        let hearing = async {
            loop {
                let delivery = subscription.next().await.unwrap().unwrap();
                if let Delivery::Batch(events) = delivery
                    && let Some(event) = events.into_iter().find(|event| event.id == id)
                {
                    return event;
                }
            }
        };
        let heard = tokio::time::timeout(Duration::from_secs(20), hearing).await;
        heard.unwrap_or_else(|_| panic!("no event {id}"))
    }

    /// How often a key was called, and how often it had an effect.
    pub(crate) async fn calls(&self, key: &str) -> (u32, u32) {
        let mut client = FaultServiceClient::new(self.channel.clone());
        let calls = client.list_calls(ListCallsRequest::default()).await;
        let calls = calls.unwrap().into_inner().calls;
        let call = calls.into_iter().find(|call| call.idempotency_key == key);
        let call = call.unwrap();
        (call.calls, call.effects)
    }

    /// Has the next call fail.
    pub(crate) async fn fail_next(&self, code: Code, moment: FaultMoment) {
        let mut client = FaultServiceClient::new(self.channel.clone());
        let fault = AddFaultRequest {
            method: "shop.payment.v1.PaymentService/ChargeCard".to_owned(),
            count: 1,
            code: i32::from(code).unsigned_abs(),
            moment: moment.into(),
            ..AddFaultRequest::default()
        };
        client.add_fault(fault).await.unwrap();
    }

    /// Calls the bank over the network, with the step's key.
    pub(crate) async fn charge_by_hand(
        &self,
        order: &str,
        card: &str,
    ) -> Result<ChargeCardResponse, Status> {
        let mut client = PaymentServiceClient::new(self.channel.clone());
        let request = ChargeCardRequest {
            order_id: order.to_owned(),
            card_token: card.to_owned(),
            amount: Some(Money {
                currency: "EUR".to_owned(),
                minor_units: 500,
            }),
        };
        let request = keyed(request, &format!("{order}/charge")).unwrap();
        Ok(client.charge_card(request).await?.into_inner())
    }
}

async fn open_bank(folder: &TempDir) -> (Handle, Feed, Channel) {
    let options = Options {
        allow_faults: true,
        ..Options::new(([127, 0, 0, 1], 0).into(), folder.path())
    };
    let participant = Participant::open("bank", options).await.unwrap();
    let feed = participant.feed().clone();
    let bank = Bank {
        ledger: participant.ledger().clone(),
        feed: feed.clone(),
        was_slow: Arc::default(),
    };
    let participant = participant.add_service(PaymentServiceServer::new(bank));
    let participant = participant.take_part().await.unwrap();
    let handle = participant.serve(pavane::descriptor_pool()).unwrap();
    let endpoint = Endpoint::from_shared(format!("http://{}", handle.local_addr())).unwrap();
    let channel = endpoint.connect().await.unwrap();
    (handle, feed, channel)
}

/// The start of an execution, as its home tells of it.
pub(crate) fn started(execution: &str, card: &str) -> Event {
    let input = PlaceOrderRequest {
        order_id: execution.to_owned(),
        card_token: card.to_owned(),
        ..PlaceOrderRequest::default()
    };
    let started = ExecutionStarted {
        workflow: "pay".to_owned(),
        revision: revision(),
        input: input.encode_to_vec().into(),
        mode: Mode::Choreographed.into(),
        deadline: None,
        participants: vec!["bank".to_owned()],
        ..ExecutionStarted::default()
    };
    Event {
        id: format!("{execution}/started"),
        r#type: ExecutionStarted::full_name(),
        subject: execution.to_owned(),
        correlation_id: execution.to_owned(),
        data: Some(prost_types::Any::from_msg(&started).unwrap()),
        attributes: [(CHOREOGRAPHY.to_owned(), "pay".to_owned())].into(),
        ..Event::default()
    }
}

fn revision() -> String {
    let definition = Definition::parse("", PAY);
    let compiled = language::compile(&definition, pavane::descriptor_pool());
    let plan = compiled.plan.expect("the definition compiles");
    plan.revision.to_string()
}
