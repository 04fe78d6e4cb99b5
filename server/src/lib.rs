//! What every server of Pavane has: a listener with limits, health, reflection, the Connect
//! protocol's unary JSON beside gRPC on one port, a graceful end, logs.
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
//! This crate knows neither feeds nor workflows, and holds no state that outlives the process.

pub mod descriptors;
pub mod logs;
pub mod shutdown;

mod connect;
mod connection;
mod deadline;
mod error;
mod fallback;
mod front;
mod health;
mod options;
mod reflection;
mod routes;
mod server;

pub use deadline::CallEnds;
pub use descriptors::Descriptors;
pub use error::Error;
pub use fallback::{NoFallback, no_fallback};
pub use health::Health;
pub use options::{Limits, Options};
pub use routes::Routes;
pub use server::Server;
