//! The example's services, the orchestrator and three sidecars, as processes.

use std::fs;

use checkout_example::boutique::cart_service_client::CartServiceClient;
use checkout_example::boutique::checkout_service_client::CheckoutServiceClient;
use checkout_example::boutique::email_service_client::EmailServiceClient;
use checkout_example::boutique::payment_service_client::PaymentServiceClient;
use checkout_example::boutique::shipping_service_client::ShippingServiceClient;
use checkout_example::boutique::{
    AddItemRequest, CartItem, GetCartRequest, ListChargesRequest, ListMailsRequest,
    ListShipmentsRequest, Money, PlaceOrderRequest, PlaceOrderResponse,
};
use pavane_tests::process::Process;
use pavane_tests::shop::channel;
use pavane_tests::sidecar::Sidecar;
use pavane_tests::{ports, root};
use tempfile::TempDir;
use tonic::{Request, Status};

pub(crate) const MODES: [&str; 2] = ["orchestrated", "choreographed"];

const SHOP: [&str; 3] = [
    "boutique.v1.CartService",
    "boutique.v1.ProductCatalogService",
    "boutique.v1.CurrencyService",
];
const PAYMENT: [&str; 1] = ["boutique.v1.PaymentService"];
const FULFILMENT: [&str; 2] = ["boutique.v1.ShippingService", "boutique.v1.EmailService"];

/// What an order has left behind, as the services tell.
#[derive(Debug, PartialEq)]
pub(crate) struct Standing {
    pub(crate) charged: Option<Money>,
    pub(crate) is_sent: bool,
    pub(crate) mails: usize,
    pub(crate) cart: usize,
}

pub(crate) struct Boutique {
    first_port: u16,
    _processes: [Process; 2],
    _sidecars: Vec<Sidecar>,
    _folder: TempDir,
}

impl Boutique {
    /// Starts everything, and deploys the workflow by reflection.
    pub(crate) async fn open() -> Self {
        let folder = tempfile::tempdir().expect("there is room");
        let first_port = ports::free(7);
        let at = |offset: u16| format!("127.0.0.1:{}", first_port + offset);
        let port = first_port.to_string();
        let mut services = Process::start("checkout-example", [port]);
        services.serving().await;
        let parts: [(&str, &[&str], u16); 3] = [
            ("shop", &SHOP, 0),
            ("payment", &PAYMENT, 1),
            ("fulfilment", &FULFILMENT, 2),
        ];
        let mut sidecars = Vec::new();
        let mut config = format!("listen = {:?}\n[targets]\n", at(6));
        for (name, owned, offset) in parts {
            let (target, beside) = (at(offset), at(3 + offset));
            let sidecar = Sidecar::start(folder.path(), name, &beside, &target, owned).await;
            sidecars.push(sidecar);
            for service in owned {
                config += &format!("{service:?} = {target:?}\n");
            }
        }
        let file = folder.path().join("pavane.toml");
        fs::write(&file, config).expect("there is room");
        let data = folder.path().join("orchestrator");
        let mut serve = vec!["serve".to_owned()];
        serve.extend(["--config".to_owned(), file.to_string_lossy().into_owned()]);
        serve.extend(["--data-dir".to_owned(), data.to_string_lossy().into_owned()]);
        for offset in 3..6 {
            serve.extend(["--participant".to_owned(), at(offset)]);
        }
        let mut orchestrator = Process::start("pavane", serve);
        orchestrator.serving().await;
        let boutique = Self {
            first_port,
            _processes: [services, orchestrator],
            _sidecars: sidecars,
            _folder: folder,
        };
        boutique.deploy().await;
        boutique
    }

    async fn deploy(&self) {
        let workflow = root().join("examples/checkout/checkout.yaml");
        let workflow = workflow.to_string_lossy().into_owned();
        let server = self.at(6);
        let words = ["--server", &server, "deploy", &workflow];
        let deployed = Process::start("pavane", words).ended().await;
        assert_eq!(deployed.code, Some(0), "{}", deployed.stderr);
        let can = "can be choreographed";
        assert!(deployed.stdout.contains(can), "{}", deployed.stdout);
    }

    fn at(&self, offset: u16) -> String {
        format!("127.0.0.1:{}", self.first_port + offset)
    }

    pub(crate) async fn fill_cart(&self, user: &str, items: &[(&str, i32)]) {
        let mut carts = CartServiceClient::new(channel(&self.at(0)));
        for (product_id, quantity) in items {
            let item = CartItem {
                product_id: (*product_id).to_owned(),
                quantity: *quantity,
            };
            let request = AddItemRequest {
                user_id: user.to_owned(),
                item: Some(item),
            };
            carts.add_item(request).await.expect("there is room");
        }
    }

    /// Calls the method that the workflow is, with the id that the execution shall have.
    pub(crate) async fn buy(
        &self,
        mode: &str,
        id: &str,
        order: PlaceOrderRequest,
    ) -> Result<PlaceOrderResponse, Status> {
        let mut request = Request::new(order);
        let metadata = request.metadata_mut();
        metadata.insert("pavane-mode", mode.parse().expect("ASCII"));
        metadata.insert("pavane-execution-id", id.parse().expect("ASCII"));
        let mut checkout = CheckoutServiceClient::new(channel(&self.at(6)));
        let answer = checkout.place_order(request).await;
        answer.map(tonic::Response::into_inner)
    }

    /// What the order of a user has left behind.
    pub(crate) async fn standing(&self, order: &str, user: &str) -> Standing {
        let (shop, payment, fulfilment) = (self.at(0), self.at(1), self.at(2));
        let request = GetCartRequest {
            user_id: user.to_owned(),
        };
        let cart = CartServiceClient::new(channel(&shop))
            .get_cart(request)
            .await;
        let charges = PaymentServiceClient::new(channel(&payment))
            .list_charges(ListChargesRequest {})
            .await;
        let parcels = ShippingServiceClient::new(channel(&fulfilment))
            .list_shipments(ListShipmentsRequest {})
            .await;
        let mails = EmailServiceClient::new(channel(&fulfilment))
            .list_mails(ListMailsRequest {})
            .await;
        let it_tells = "the service tells";
        let charges = charges.expect(it_tells).into_inner().charges;
        let charge = charges.into_iter().find(|charge| charge.order_id == order);
        let parcels = parcels.expect(it_tells).into_inner().order_ids;
        let mails = mails.expect(it_tells).into_inner().mails;
        let to = format!("{user}@example.com");
        Standing {
            charged: charge.and_then(|charge| charge.amount),
            is_sent: parcels.iter().any(|parcel| parcel == order),
            mails: mails.iter().filter(|mail| mail.email == to).count(),
            cart: cart.expect(it_tells).into_inner().items.len(),
        }
    }
}
