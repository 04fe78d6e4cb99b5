//! Carts, products and currencies.

use std::collections::HashMap;

use parking_lot::Mutex;
use tonic::service::Routes;
use tonic::{Request, Response, Status};

use crate::boutique::cart_service_server::{CartService, CartServiceServer};
use crate::boutique::currency_service_server::{CurrencyService, CurrencyServiceServer};
use crate::boutique::product_catalog_service_server::{
    ProductCatalogService, ProductCatalogServiceServer,
};
use crate::boutique::{
    AddItemRequest, AddItemResponse, CartItem, ConvertRequest, ConvertResponse, EmptyCartRequest,
    EmptyCartResponse, GetCartRequest, GetCartResponse, GetProductRequest, GetProductResponse,
    Money,
};

const NANOS: i128 = 1_000_000_000;
/// Id, name, and price in euros and billionths of one.
const PRODUCTS: [(&str, &str, i64, i32); 4] = [
    ("mug", "Mug", 8, 990_000_000),
    ("tea", "Green tea, 100 g", 6, 500_000_000),
    ("kettle", "Kettle", 49, 0),
    ("spoon", "Spoon", 0, 333_333_333),
];
/// What one euro is, in millionths.
const RATES: [(&str, i128); 4] = [
    ("EUR", 1_000_000),
    ("USD", 1_083_700),
    ("CHF", 936_250),
    ("JPY", 162_410_000),
];

pub(crate) fn routes() -> Routes {
    Routes::new(CartServiceServer::new(Carts::default()))
        .add_service(ProductCatalogServiceServer::new(Catalog))
        .add_service(CurrencyServiceServer::new(Currencies))
}

#[derive(Default)]
struct Carts(Mutex<HashMap<String, Vec<CartItem>>>);

#[tonic::async_trait]
impl CartService for Carts {
    async fn add_item(
        &self,
        request: Request<AddItemRequest>,
    ) -> Result<Response<AddItemResponse>, Status> {
        let AddItemRequest { user_id, item } = request.into_inner();
        let item = item.filter(|item| item.quantity > 0);
        let item = item.ok_or_else(|| Status::invalid_argument("expected a quantity above 0"))?;
        self.0.lock().entry(user_id).or_default().push(item);
        Ok(Response::new(AddItemResponse {}))
    }

    async fn get_cart(
        &self,
        request: Request<GetCartRequest>,
    ) -> Result<Response<GetCartResponse>, Status> {
        let items = self.0.lock().get(&request.into_inner().user_id).cloned();
        let items = items.unwrap_or_default();
        Ok(Response::new(GetCartResponse { items }))
    }

    async fn empty_cart(
        &self,
        request: Request<EmptyCartRequest>,
    ) -> Result<Response<EmptyCartResponse>, Status> {
        self.0.lock().remove(&request.into_inner().user_id);
        Ok(Response::new(EmptyCartResponse {}))
    }
}

struct Catalog;

#[tonic::async_trait]
impl ProductCatalogService for Catalog {
    async fn get_product(
        &self,
        request: Request<GetProductRequest>,
    ) -> Result<Response<GetProductResponse>, Status> {
        let product_id = request.into_inner().product_id;
        let product = PRODUCTS.iter().find(|(id, ..)| *id == product_id);
        let (_, name, units, nanos) = product
            .ok_or_else(|| Status::not_found(format!("there is no product `{product_id}`")))?;
        let price = Money {
            currency_code: "EUR".to_owned(),
            units: *units,
            nanos: *nanos,
        };
        Ok(Response::new(GetProductResponse {
            product_id,
            name: (*name).to_owned(),
            price: Some(price),
        }))
    }
}

struct Currencies;

#[tonic::async_trait]
impl CurrencyService for Currencies {
    async fn convert(
        &self,
        request: Request<ConvertRequest>,
    ) -> Result<Response<ConvertResponse>, Status> {
        let ConvertRequest { from, to_code } = request.into_inner();
        let from = from.ok_or_else(|| Status::invalid_argument("expected an amount"))?;
        let amount = i128::from(from.units) * NANOS + i128::from(from.nanos);
        let amount = amount * rate(&to_code)? / rate(&from.currency_code)?;
        let out_of_range = |_| Status::out_of_range("the amount is too large");
        let amount = Money {
            units: i64::try_from(amount / NANOS).map_err(out_of_range)?,
            nanos: i32::try_from(amount % NANOS).map_err(out_of_range)?,
            currency_code: to_code,
        };
        let amount = Some(amount);
        Ok(Response::new(ConvertResponse { amount }))
    }
}

fn rate(code: &str) -> Result<i128, Status> {
    let rate = RATES.iter().find(|(known, _)| *known == code);
    rate.map(|(_, rate)| *rate)
        .ok_or_else(|| Status::invalid_argument(format!("there is no rate for `{code}`")))
}
