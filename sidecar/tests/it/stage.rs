//! Sidecars and an orchestrator, in this process, each with its own port and folder.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use pavane::feed::v1::GetFeedRequest;
use pavane::feed::v1::feed_service_client::FeedServiceClient;
use pavane::workflow::v1::execution_service_client::ExecutionServiceClient;
use pavane::workflow::v1::participant_service_client::ParticipantServiceClient;
use pavane::workflow::v1::start_execution_request::Input;
use pavane::workflow::v1::{
    Descriptors, Execution, GetParticipantRequest, Mode, StartExecutionRequest,
    WaitExecutionRequest, descriptors,
};
use pavane_orchestrator::{Definition, Orchestrator, Target};
use pavane_sidecar::{Handle, Options};
use prost::Message;
use prost_types::FileDescriptorSet;
use tokio_util::sync::CancellationToken;
use tonic::transport::{Channel, Endpoint};

/// How long an attempt to ship may take.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(1);

/// Ships, then has somebody look at it, who may refuse.
const WORKFLOW: &str = r#"
name: ship-order
implements: shop.order.v1.OrderService/PlaceOrder
steps:
  - id: ship
    call: shop.shipping.v1.ShippingService/CreateShipment
    request:
      order_id: input.order_id
      lines: [{ sku: "'sku-1'", quantity: 1 }]
      address:
        recipient: "'Ada'"
        street: "'Gasse 1'"
        city: "'Wien'"
        postal_code: "'1010'"
        country: "'AT'"
    timeout: 1s
    retry: { initial_backoff: 0.02s, max_backoff: 0.1s, max_attempts: 1000 }
    compensate:
      call: shop.shipping.v1.ShippingService/CancelShipment
      request: { order_id: input.order_id }
  - id: check
    call: pavane.testing.v1.ThirdLinkService/Third
    request: { payload: ship.tracking_number }
output: { order_id: input.order_id, tracking_number: check.payload }
"#;

const SHIPPING: &str = "shop.shipping.v1.ShippingService";
const CHECKING: &str = "pavane.testing.v1.ThirdLinkService";

pub(crate) fn anywhere() -> SocketAddr {
    ([127, 0, 0, 1], 0).into()
}

/// Where nobody listens, until somebody does.
pub(crate) fn vacant() -> SocketAddr {
    let listener = std::net::TcpListener::bind(anywhere()).unwrap();
    listener.local_addr().unwrap()
}

/// All that takes part.
pub(crate) struct Stage {
    data: tempfile::TempDir,
    shipping: Option<Handle>,
    shipping_was_at: SocketAddr,
    checking: Handle,
    home: SocketAddr,
    stop: CancellationToken,
}

impl Stage {
    /// Sidecars for shipping and checking, the services being at these addresses.
    pub(crate) async fn build(shipping: SocketAddr, checking: SocketAddr) -> Self {
        let data = tempfile::tempdir().unwrap();
        let plain = [(SHIPPING, shipping), (CHECKING, checking)];
        let options = shipping_options(data.path(), anywhere(), shipping);
        let shipping = pavane_sidecar::start(options).await.unwrap();
        let target = Target::parse(&checking.to_string()).unwrap();
        let (folder, services) = (data.path().join("checking"), vec![CHECKING.to_owned()]);
        let options = Options::new("checking", anywhere(), folder, target, services);
        let checking = pavane_sidecar::start(options).await.unwrap();

        let stop = CancellationToken::new();
        let mut options = pavane_orchestrator::Options::new(anywhere(), data.path().join("home"));
        // Where they would be called if somebody conducted.
        for (service, address) in plain {
            let target = Target::parse(&address.to_string()).unwrap();
            options.targets.set(service, target);
        }
        for sidecar in [&shipping, &checking] {
            let target = Target::parse(&sidecar.local_addr().to_string()).unwrap();
            options.participants.push(target);
        }
        let set = FileDescriptorSet::decode(pavane::FILE_DESCRIPTOR_SET).unwrap();
        options.workflows.push(Definition {
            file_name: "ship-order.yaml".to_owned(),
            text: WORKFLOW.to_owned(),
            descriptors: Descriptors {
                from: Some(descriptors::From::FileDescriptorSet(set)),
            },
        });
        let home = Orchestrator::start(options, stop.clone()).await.unwrap();
        Self {
            data,
            shipping_was_at: shipping.local_addr(),
            shipping: Some(shipping),
            checking,
            home: home.local_addr(),
            stop,
        }
    }

    /// Returns when shipping's sidecar stands at the end of the home's feed.
    pub(crate) async fn shipping_has_heard_all(&self) {
        let sidecar = self.shipping.as_ref().unwrap().local_addr();
        let mut sidecar = ParticipantServiceClient::new(connect(sidecar));
        let mut home = FeedServiceClient::new(connect(self.home));
        loop {
            let feed = "orchestrator".to_owned();
            let head = home.get_feed(GetFeedRequest { feed }).await.unwrap();
            let head = head.into_inner().feed.unwrap().head_cursor;
            let known = sidecar.get_participant(GetParticipantRequest {}).await;
            let peers = known.unwrap().into_inner().peers;
            if peers.iter().any(|peer| peer.cursor == head) {
                return;
            }
        }
    }

    /// Without shipping's sidecar, whose calls are cut off.
    pub(crate) async fn without_shipping(mut self) -> Self {
        let shipping = self.shipping.take().unwrap();
        self.shipping_was_at = shipping.local_addr();
        shipping.shutdown().await.unwrap();
        self
    }

    /// With another life of it, at the same address and on the same data.
    pub(crate) async fn with_shipping(mut self, service: SocketAddr) -> Self {
        let options = shipping_options(self.data.path(), self.shipping_was_at, service);
        self.shipping = Some(pavane_sidecar::start(options).await.unwrap());
        self
    }

    pub(crate) fn executions(&self) -> ExecutionServiceClient<Channel> {
        ExecutionServiceClient::new(connect(self.home))
    }

    pub(crate) async fn start(&self, id: &str) {
        let field = prost_types::value::Kind::StringValue(id.to_owned());
        let field = prost_types::Value { kind: Some(field) };
        let input = prost_types::Struct {
            fields: [("orderId".to_owned(), field)].into(),
        };
        let request = StartExecutionRequest {
            workflow: "ship-order".to_owned(),
            execution_id: id.to_owned(),
            mode: Mode::Choreographed as i32,
            input: Some(Input::InputJson(input)),
        };
        self.executions().start_execution(request).await.unwrap();
    }

    /// Its outcome.
    pub(crate) async fn ended(&self, id: &str) -> Execution {
        let request = WaitExecutionRequest {
            execution_id: id.to_owned(),
            timeout: None,
        };
        let answer = self.executions().wait_execution(request).await.unwrap();
        let execution = answer.into_inner().execution.unwrap();
        assert!(execution.end_time.is_some(), "{execution:#?}");
        execution
    }

    /// Ends all in good order.
    pub(crate) async fn end(self) {
        self.stop.cancel();
        if let Some(shipping) = self.shipping {
            shipping.shutdown().await.unwrap();
        }
        self.checking.shutdown().await.unwrap();
    }
}

/// Its drain is short, so that a call that hangs is cut off.
pub(crate) fn shipping_options(data: &Path, listen: SocketAddr, service: SocketAddr) -> Options {
    let target = Target::parse(&service.to_string()).unwrap();
    let folder: PathBuf = data.join("shipping");
    let services = vec![SHIPPING.to_owned()];
    Options {
        drain: Duration::from_millis(10),
        ..Options::new("shipping", listen, folder, target, services)
    }
}

pub(crate) fn connect(address: SocketAddr) -> Channel {
    Endpoint::from_shared(format!("http://{address}"))
        .unwrap()
        .connect_lazy()
}
