//! What the scenario asks for: its requests.

use std::error::Error;
use std::{env, fs};

use pavane::feed::v1::Filter;
use pavane::shop::common::v1::{Address, OrderLine};
use pavane::shop::order::v1::PlaceOrderRequest;
use pavane::testing::v1::AddFaultRequest;
use pavane::workflow::v1::start_execution_request::Input;
use pavane::workflow::v1::{StartExecutionRequest, WaitExecutionRequest};
use pavane_client::{Definition, SubscriberOptions};
use prost::Message;
use prost_reflect::DynamicMessage;
use prost_types::FileDescriptorSet;
use tonic::Code;

/// Why the order is canceled.
pub(crate) const REASON: &str = "changed my mind: ça suffit";

/// What the tests say in the environment.
///
/// # Panics
/// They do not.
pub(crate) fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("{name} is not set"))
}

pub(crate) fn definition(change: impl Fn(String) -> String) -> Result<Definition, Box<dyn Error>> {
    let text = change(fs::read_to_string(variable("INTEROP_WORKFLOW"))?);
    let types = fs::read(variable("INTEROP_DESCRIPTORS"))?;
    let types = FileDescriptorSet::decode(types.as_slice())?;
    Ok(Definition::text("place-order.yaml", text).with_types(types))
}

pub(crate) fn order(id: &str) -> PlaceOrderRequest {
    let (sku, quantity) = ("sku-3".to_owned(), 2);
    PlaceOrderRequest {
        order_id: id.to_owned(),
        lines: vec![OrderLine { sku, quantity }],
        card_token: "tok-visa".to_owned(),
        address: Some(Address {
            recipient: "Thoinot Arbeau".to_owned(),
            street: "12 Rue de l'Évêché".to_owned(),
            city: "Langres".to_owned(),
            postal_code: "52200".to_owned(),
            country: "FR".to_owned(),
        }),
    }
}

pub(crate) fn start(workflow: &str, id: &str, input: Option<Input>) -> StartExecutionRequest {
    StartExecutionRequest {
        workflow: workflow.to_owned(),
        execution_id: id.to_owned(),
        input,
        ..StartExecutionRequest::default()
    }
}

pub(crate) fn as_bytes(order: &PlaceOrderRequest) -> Input {
    Input::InputBytes(order.encode_to_vec().into())
}

/// The JSON mapping of the order, as a Struct.
pub(crate) fn as_json(order: &PlaceOrderRequest) -> Result<Input, Box<dyn Error>> {
    let json = serde_json::to_value(order_message(order)?)?;
    let message = pavane::descriptor_pool().get_message_by_name("google.protobuf.Struct");
    let message = message.ok_or("the contract uses Struct")?;
    let json = DynamicMessage::deserialize(message, json)?;
    Ok(Input::InputJson(json.transcode_to()?))
}

fn order_message(order: &PlaceOrderRequest) -> Result<DynamicMessage, Box<dyn Error>> {
    let name = "shop.order.v1.PlaceOrderRequest";
    let message = pavane::descriptor_pool().get_message_by_name(name);
    let message = message.ok_or("the contract has orders")?;
    Ok(DynamicMessage::decode(
        message,
        order.encode_to_vec().as_slice(),
    )?)
}

pub(crate) fn wait(id: &str) -> WaitExecutionRequest {
    WaitExecutionRequest {
        execution_id: id.to_owned(),
        timeout: Some(prost_types::Duration {
            seconds: 30,
            nanos: 0,
        }),
    }
}

pub(crate) fn card_fails() -> AddFaultRequest {
    AddFaultRequest {
        method: "shop.payment.v1.PaymentService/ChargeCard".to_owned(),
        count: 1_000_000,
        code: Code::Unavailable as u32,
        ..AddFaultRequest::default()
    }
}

pub(crate) fn stock_events() -> Filter {
    Filter {
        types: vec!["shop.inventory.v1.*".to_owned()],
        ..Filter::default()
    }
}

pub(crate) fn small_batches() -> SubscriberOptions {
    SubscriberOptions {
        max_batch_bytes: 1,
        ..SubscriberOptions::default()
    }
}
