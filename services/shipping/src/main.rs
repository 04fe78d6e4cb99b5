//! The shipping service as a process of its own.

use std::process::ExitCode;

use pavane_kit::{NoFlags, Program};
use shop_shipping::{Options, Service};

const PROGRAM: Program = Program {
    name: "shop-shipping",
    about: "The sample shop's shipping service",
    version: env!("CARGO_PKG_VERSION"),
    listen: "127.0.0.1:7403",
    data_dir: "data/shipping",
};

#[tokio::main]
async fn main() -> ExitCode {
    pavane_kit::run(PROGRAM, |participant, NoFlags {}| {
        Service::start(Options { participant })
    })
    .await
}
