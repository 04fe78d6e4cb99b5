//! The program of `docs/clients/rust.md`: places an order, and hears of it in a feed.
#![allow(clippy::print_stdout, reason = "it is a program for a terminal")]

use pavane::shop::common::v1::{Address, OrderLine};
use pavane::shop::inventory::v1::StockReserved;
use pavane::shop::order::v1::{PlaceOrderRequest, PlaceOrderResponse};
use pavane_client::Client;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut servers = std::env::args().skip(1);
    let orchestrator = Client::connect(&servers.next().ok_or("which orchestrator?")?).await?;
    let inventory = Client::connect(&servers.next().ok_or("which inventory?")?).await?;

    let (sku, quantity) = ("sku-3".to_owned(), 2);
    let order = PlaceOrderRequest {
        order_id: "rust-1".to_owned(),
        lines: vec![OrderLine { sku, quantity }],
        card_token: "tok-visa".to_owned(),
        address: Some(Address {
            recipient: "Ada Byron".to_owned(),
            street: "Pavane Street 1".to_owned(),
            city: "Hamburg".to_owned(),
            postal_code: "20095".to_owned(),
            country: "DE".to_owned(),
        }),
    };
    let call = orchestrator.call("shop.order.v1.OrderService/PlaceOrder", order);
    let placed: PlaceOrderResponse = call.execution_id("rust-1").await?;

    let subscribe = inventory.subscribe("inventory").subject("rust-1");
    let mut reserved = subscribe.of::<StockReserved>();
    let (meta, _) = reserved.next().await.ok_or("the feed has ended")??;
    println!("{} by event #{}", placed.tracking_number, meta.sequence);
    Ok(())
}
