//! A small shop whose members can be stopped, crashed, wiped and started again, and a log of all that
//! happens to them, on which tests wait.

mod scripted;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use pavane::feed::v1::Event;
use pavane::feed::v1::feed_service_server::FeedServiceServer;
use pavane::shop::order::v1::PlaceOrderRequest;
use pavane::workflow::v1::participant_service_server::ParticipantServiceServer;
use pavane::workflow::v1::{GetParticipantResponse, Member, PrepareWorkflowRequest};
use pavane_choreography::{Error, Options, Runtime, Service, StepCall};
use pavane_client::SubscriberOptions;
use pavane_feed::{self as feed, Access, Feed, ServiceOptions, Store};
use pavane_flow::event::Origin;
use pavane_flow::language::{self, Definition};
use prost::Message;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_stream::wrappers::TcpListenerStream;
use tokio_util::sync::CancellationToken;
use tonic::transport::Server;

use scripted::Scripted;
pub(crate) use scripted::{Does, Script};

pub(crate) const HOME: &str = "orchestrator";
pub(crate) const INVENTORY: &str = "shop.inventory.v1.InventoryService";
pub(crate) const PAYMENT: &str = "shop.payment.v1.PaymentService";
pub(crate) const SHIPPING: &str = "shop.shipping.v1.ShippingService";

const PLACE_ORDER: &str = "
name: place-order
implements: shop.order.v1.OrderService/PlaceOrder
steps:
  - id: reserve
    call: shop.inventory.v1.InventoryService/ReserveStock
    request: { order_id: input.order_id, lines: input.lines }
    compensate:
      call: shop.inventory.v1.InventoryService/ReleaseStock
      request: { order_id: input.order_id }
  - id: charge
    call: shop.payment.v1.PaymentService/ChargeCard
    request: { order_id: input.order_id, amount: reserve.total, card_token: input.card_token }
    compensate:
      call: shop.payment.v1.PaymentService/RefundCharge
      request: { order_id: input.order_id }
  - id: ship
    call: shop.shipping.v1.ShippingService/CreateShipment
    request: { order_id: input.order_id, lines: input.lines, address: input.address }
    after: [charge]
    compensate:
      call: shop.shipping.v1.ShippingService/CancelShipment
      request: { order_id: input.order_id }
output: { order_id: input.order_id, tracking_number: ship.tracking_number }
";

/// Longer than anything takes that is not broken.
const PATIENCE: Duration = Duration::from_secs(20);

/// All that has happened, in its order.
#[derive(Clone)]
pub(crate) struct Log(Arc<watch::Sender<Vec<String>>>);

impl Log {
    fn new() -> Self {
        Self(Arc::new(watch::Sender::new(Vec::new())))
    }

    pub(crate) fn add(&self, line: String) {
        self.0.send_modify(|lines| lines.push(line));
    }

    pub(crate) fn lines(&self, beginning: &str) -> Vec<String> {
        let lines = self.0.borrow();
        let lines = lines.iter().filter(|line| line.starts_with(beginning));
        lines.cloned().collect()
    }

    /// Waits until a line begins so, `count` times.
    pub(crate) async fn wait_for(&self, beginning: &str, count: usize) {
        let mut watch = self.0.subscribe();
        let enough = |lines: &Vec<String>| {
            let found = lines.iter().filter(|line| line.starts_with(beginning));
            found.count() >= count
        };
        let waited = tokio::time::timeout(PATIENCE, watch.wait_for(enough)).await;
        if waited.is_err() {
            panic!("no {count} lines `{beginning}` in {:#?}", self.0.borrow());
        }
    }
}

/// A member that may be running.
pub(crate) struct Node {
    name: &'static str,
    services: Vec<String>,
    script: Script,
    records: bool,
    log: Log,
    folder: TempDir,
    address: SocketAddr,
    running: Option<Running>,
}

struct Running {
    store: Store,
    feed: Feed,
    runtime: Runtime,
    stop: CancellationToken,
    server: JoinHandle<()>,
}

impl Node {
    async fn start(name: &'static str, services: &[&str], script: Script, log: &Log) -> Self {
        let mut node = Self {
            name,
            services: services.iter().map(|name| (*name).to_owned()).collect(),
            script,
            // Both ways are to be seen in every test.
            records: name != "payment",
            log: log.clone(),
            folder: TempDir::new().unwrap(),
            address: ([127, 0, 0, 1], 0).into(),
            running: None,
        };
        node.run().await;
        node
    }

    /// Starts it, at the address that it had.
    pub(crate) async fn run(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.address = listener.local_addr().unwrap();
        let store = Store::open(feed::Options::new(self.folder.path())).unwrap();
        let feed = store.feed(self.name, Access::Owner).unwrap();
        let host = Arc::new(Scripted {
            identity: Member {
                name: self.name.to_owned(),
                feed: self.name.to_owned(),
                incarnation: feed.incarnation().to_string(),
                target: String::new(),
                services: self.services.clone(),
            },
            store: store.clone(),
            feed: feed.clone(),
            log: self.log.clone(),
            script: Arc::clone(&self.script),
            records: self.records,
        });
        let options = Options {
            subscriber: SubscriberOptions {
                initial_backoff: Duration::from_millis(10),
                max_backoff: Duration::from_millis(50),
                ..SubscriberOptions::default()
            },
            connect_timeout: Duration::from_secs(5),
            ..Options::default()
        };
        let runtime = if self.name == HOME {
            Runtime::home(host, options, |_, _, _, _| Ok(()))
        } else {
            Runtime::participant(host, options)
        };
        let runtime = runtime.unwrap();
        let stop = CancellationToken::new();
        let feeds = feed::Service::new(store.clone(), ServiceOptions::default(), stop.clone());
        let router = Server::builder()
            .add_service(FeedServiceServer::new(feeds))
            .add_service(ParticipantServiceServer::new(Service::new(runtime.clone())));
        let stopped = stop.clone().cancelled_owned();
        let server = tokio::spawn(async move {
            let incoming = TcpListenerStream::new(listener);
            let served = router.serve_with_incoming_shutdown(incoming, stopped).await;
            served.unwrap();
        });
        self.running = Some(Running {
            store,
            feed,
            runtime,
            stop,
            server,
        });
    }

    /// Ends it without a chance to remember anything.
    pub(crate) async fn crash(&mut self) {
        let running = self.running.take().unwrap();
        running.store.close().await;
        running.runtime.stop(Duration::ZERO).await;
        running.stop.cancel();
        running.server.await.unwrap();
    }

    /// Ends it in good order.
    pub(crate) async fn stop(&mut self) {
        let running = self.running.take().unwrap();
        running.stop.cancel();
        running.runtime.stop(Duration::from_millis(50)).await;
        running.store.close().await;
        running.server.await.unwrap();
    }

    /// Ends it, and starts it with nothing left.
    pub(crate) async fn wipe(&mut self) {
        self.stop().await;
        self.folder = TempDir::new().unwrap();
        self.run().await;
    }

    pub(crate) fn runtime(&self) -> &Runtime {
        &self.running.as_ref().unwrap().runtime
    }

    pub(crate) fn describe(&self) -> GetParticipantResponse {
        self.runtime().describe()
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ids of the events that its feed has of an execution.
    pub(crate) fn said(&self, execution: &str) -> Vec<String> {
        let events = self.running.as_ref().unwrap().feed.subject(execution);
        events.unwrap().into_iter().map(|event| event.id).collect()
    }

    /// An event that its feed has of an execution.
    pub(crate) fn event(&self, execution: &str, id: &str) -> Event {
        let events = self.running.as_ref().unwrap().feed.subject(execution);
        let mut events = events.unwrap().into_iter();
        let event = events.find(|event| event.id == id);
        event.unwrap_or_else(|| panic!("{} has not said {id}", self.name))
    }

    /// The member as a home tells of it.
    pub(crate) fn member(&self) -> Member {
        let feed = &self.running.as_ref().unwrap().feed;
        Member {
            name: self.name.to_owned(),
            feed: self.name.to_owned(),
            incarnation: feed.incarnation().to_string(),
            target: self.address.to_string(),
            services: self.services.clone(),
        }
    }
}

/// The home and the three participants.
pub(crate) struct Shop {
    pub(crate) log: Log,
    pub(crate) home: Node,
    pub(crate) inventory: Node,
    pub(crate) payment: Node,
    pub(crate) shipping: Node,
    revision: String,
}

impl Shop {
    /// A shop whose services do what the script says of each method; of all others, they succeed.
    /// The number is how often the call was made before.
    pub(crate) async fn open(
        script: impl Fn(&str, &str, usize) -> Does + Send + Sync + 'static,
    ) -> Self {
        let log = Log::new();
        let script: Script = Arc::new(move |call: &StepCall, before| {
            let method = call.method().path.rsplit('/').next().unwrap().to_owned();
            script(call.execution(), &method, before)
        });
        let start = |name, services: &'static [&'static str]| {
            let (script, log) = (Arc::clone(&script), log.clone());
            async move { Node::start(name, services, script, &log).await }
        };
        Self {
            home: start(HOME, &[]).await,
            inventory: start("inventory", &[INVENTORY]).await,
            payment: start("payment", &[PAYMENT]).await,
            shipping: start("shipping", &[SHIPPING]).await,
            revision: request(PLACE_ORDER).revision,
            log,
        }
    }

    /// A shop in which all are prepared.
    pub(crate) async fn prepared(
        script: impl Fn(&str, &str, usize) -> Does + Send + Sync + 'static,
    ) -> Self {
        let shop = Self::open(script).await;
        shop.prepare().await;
        shop
    }

    /// What a home asks of all.
    pub(crate) fn request(&self) -> PrepareWorkflowRequest {
        let members = [&self.inventory, &self.payment, &self.shipping];
        PrepareWorkflowRequest {
            home: Some(self.home.member()),
            participants: members.map(Node::member).into(),
            ..request(PLACE_ORDER)
        }
    }

    pub(crate) async fn prepare(&self) {
        for node in [&self.inventory, &self.payment, &self.shipping, &self.home] {
            node.runtime().prepare(self.request()).await.unwrap();
        }
    }

    /// Starts an execution.
    pub(crate) async fn start(&self, execution: &str) {
        let (execution, revision): (Arc<str>, _) = (execution.into(), self.revision.clone());
        let order = PlaceOrderRequest {
            order_id: execution.to_string(),
            ..PlaceOrderRequest::default()
        };
        let input: Bytes = order.encode_to_vec().into();
        let starting = self.home.runtime().tell(move |member, now, out| {
            member.start(
                now,
                &execution,
                &revision,
                input,
                Origin::default(),
                Arc::default(),
                out,
            )
        });
        starting.await.unwrap().unwrap();
    }

    /// Starts many executions at once, each with so many bytes of input.
    pub(crate) async fn start_at_once(&self, executions: Vec<Arc<str>>, bytes: usize) {
        let revision = self.revision.clone();
        let order = PlaceOrderRequest {
            card_token: "c".repeat(bytes),
            ..PlaceOrderRequest::default()
        };
        let input: Bytes = order.encode_to_vec().into();
        let starting = self.home.runtime().tell(move |member, now, out| {
            for execution in executions {
                let (input, trace) = (input.clone(), String::new());
                let started = member.start(
                    now,
                    &execution,
                    &revision,
                    input,
                    Origin::default(),
                    trace.into(),
                    out,
                );
                started.unwrap();
            }
        });
        starting.await.unwrap();
    }

    /// Waits until an execution has ended, and says how: the type of the outcome.
    pub(crate) async fn outcome(&self, execution: &str) -> String {
        let ended = format!("{HOME} sees the end of {execution}.");
        self.log.wait_for(&ended, 1).await;
        let feed = &self.home.running.as_ref().unwrap().feed;
        let last = feed.subject(execution).unwrap().pop().unwrap();
        last.r#type.rsplit('.').next().unwrap().to_owned()
    }

    /// The calls of an execution, in their order.
    pub(crate) fn calls(&self, execution: &str) -> Vec<String> {
        let beginning = format!("call {execution} ");
        let lines = self.log.lines(&beginning).into_iter();
        lines
            .map(|line| line[beginning.len()..].to_owned())
            .collect()
    }
}

/// Everything succeeds.
pub(crate) fn well(_execution: &str, _method: &str, _before: usize) -> Does {
    Does::Succeeds
}

/// A request with a definition, its descriptors and its revision.
pub(crate) fn request(definition: &str) -> PrepareWorkflowRequest {
    let definition = Definition::parse("", definition);
    let compiled = language::compile(&definition, pavane::descriptor_pool());
    let plan = compiled.plan.expect("the definition compiles");
    PrepareWorkflowRequest {
        workflow: Some(definition.workflow().clone()),
        descriptors: Some(Message::decode(pavane::FILE_DESCRIPTOR_SET).unwrap()),
        revision: plan.revision.to_string(),
        ..PrepareWorkflowRequest::default()
    }
}

/// The reason of an error as a caller sees it.
pub(crate) fn reason(error: Error) -> (tonic::Code, String) {
    use tonic_types::StatusExt;
    let status = tonic::Status::from(error);
    let details: HashMap<_, _> = status
        .get_details_error_info()
        .map(|info| ("reason", info.reason))
        .into_iter()
        .collect();
    (status.code(), details["reason"].clone())
}
