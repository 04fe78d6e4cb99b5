//! The payment service as a process of its own.

use std::process::ExitCode;

use pavane_kit::{NoFlags, Program};
use shop_payment::{Options, Service};

const PROGRAM: Program = Program {
    name: "shop-payment",
    about: "The sample shop's payment service",
    version: env!("CARGO_PKG_VERSION"),
    listen: "127.0.0.1:7402",
    data_dir: "data/payment",
};

#[tokio::main]
async fn main() -> ExitCode {
    pavane_kit::run(PROGRAM, |participant, NoFlags {}| {
        Service::start(Options { participant })
    })
    .await
}
