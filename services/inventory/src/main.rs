//! The inventory as a process of its own.

use std::process::ExitCode;

use pavane_kit::Program;
use shop_inventory::{Options, Service};

const PROGRAM: Program = Program {
    name: "shop-inventory",
    about: "The sample shop's inventory service",
    version: env!("CARGO_PKG_VERSION"),
    listen: "127.0.0.1:7401",
    data_dir: "data/inventory",
};

/// The flags that only the inventory has.
#[derive(Debug, Clone, clap::Args)]
struct OwnFlags {
    /// Add the articles sku-1 to sku-20, with plenty of stock, where they do not exist yet
    #[arg(long, env = "SHOP_SEED_CATALOG")]
    seed_catalog: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    pavane_kit::run(PROGRAM, |participant, own: OwnFlags| {
        Service::start(Options {
            participant,
            seed_catalog: own.seed_catalog,
        })
    })
    .await
}
