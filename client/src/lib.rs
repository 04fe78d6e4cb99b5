//! A client of Pavane: workflows, executions, the typed methods that workflows implement, and
//! subscriptions to feeds that resume by themselves.
//!
//! It knows the contract, the crate `pavane`, and nothing else of ours. Whatever it can do can be done
//! with generated stubs over [`Client::channel`] too.
//!
//! ```no_run
//! use pavane::shop::inventory::v1::StockReserved;
//! use pavane_client::{Client, Error};
//!
//! # async fn follow(kept: Option<String>) -> Result<(), Error> {
//! let client = Client::connect("127.0.0.1:7401").await?;
//! let mut subscribe = client.subscribe("inventory");
//! if let Some(cursor) = kept {
//!     subscribe = subscribe.after(cursor);
//! }
//! let mut reserved = subscribe.of::<StockReserved>();
//! while let Some(event) = reserved.next().await {
//!     let (meta, reserved) = event?;
//!     println!("{}: {:?}, then after {}", meta.subject, reserved.reservation, meta.cursor);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! **Invariant:** nothing is hidden that waiting cannot cure: an expired or foreign cursor, a refusal, a
//! message that is not what its type says are errors that the caller sees.

mod call;
mod client;
mod error;
mod executions;
mod subscribe;
mod subscriber;
mod subscription;
mod workflows;

pub use call::Call;
pub use client::{Client, Options};
pub use error::{Error, Failure, FieldViolation};
pub use executions::{Executions, Observed, StartExecution, Watch};
pub use subscribe::Subscribe;
pub use subscriber::{Start, Subscriber, SubscriberOptions, Update};
pub use subscription::{Meta, Subscription};
pub use workflows::{Definition, Workflows};
