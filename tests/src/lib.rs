//! What the tests across crates share: the programs as processes, the sample shop made of them,
//! the tools that speak to it from outside, and the load. It knows the product by its command
//! lines and its contract alone, and never waits for time, only for events.

pub mod binaries;
pub mod grpcurl;
pub mod http;
pub mod journal;
pub mod load;
pub mod orders;
pub mod ports;
pub mod process;
pub mod seed;
pub mod shop;
pub mod tools;

use std::path::Path;

/// The root of the repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests/ has a parent")
}
