//! What every server of Pavane has: a listener with limits, health, reflection, a graceful end, logs;
//! and beside gRPC, on the same port, what browsers and `curl` speak: Connect, gRPC-Web, server-sent
//! events of feeds, and a document that describes it all.
//!
//! ```no_run
//! # async fn example() -> Result<(), pavane_server::Error> {
//! use std::time::Duration;
//! use pavane_server::{Options, Routes, Server, no_fallback, shutdown};
//!
//! let server = Server::bind(Options::new(([127, 0, 0, 1], 7400).into())).await?;
//! let descriptors = server.descriptors();
//! descriptors.set("contract", pavane::descriptor_pool(), ["pavane.feed.v1.FeedService"])?;
//! let routes = Routes::new(); // .add_service(FeedServiceServer::new(...))
//! server.run(routes, no_fallback(), shutdown::on_signal(), Duration::from_secs(10)).await
//! # }
//! ```
//!
//! Of feeds this crate knows the contract, of workflows nothing, and it holds no state that outlives
//! the process.

pub mod descriptors;
pub mod logs;
pub mod shutdown;

mod connect;
mod connection;
mod cors;
mod deadline;
mod error;
mod failure;
mod fallback;
mod feeds;
mod front;
mod grpc;
mod health;
mod json;
mod openapi;
mod options;
mod reflection;
mod request_body;
mod routes;
mod server;
mod status_message;
mod web;

pub use cors::Origin;
pub use deadline::CallEnds;
pub use descriptors::Descriptors;
pub use error::Error;
pub use fallback::{Fallback, NoFallback, no_fallback};
pub use health::Health;
pub use options::{Limits, Options};
pub use routes::Routes;
pub use server::Server;
