//! Durable feeds: ordered, append-only sequences of events that anyone can subscribe to, resume and
//! replay, and the service's own state, committed together with them. This crate knows nothing of
//! workflows.
//!
//! A [`Store`] is one folder with feeds and states. Everything is written by [`Store::transact`],
//! synced before it is acknowledged, and served to others by [`Service`].
//!
//! **Invariant:** one thread writes; whatever it was told, readers never make it wait.
//! **Invariant:** after the first failed write or sync, nothing is written any more.

mod cursor;
mod engine;
mod error;
mod event;
mod feed;
mod filter;
mod live;
mod options;
mod page;
mod publish;
mod record;
mod scan;
mod sequence;
mod service;
mod state;
mod store;
mod subject;
mod subscription;

pub use cursor::Incarnation;
pub use error::Error;
pub use event::Prepared;
pub use feed::{Access, Feed};
pub use filter::Filter;
pub use options::{Limits, Options, Retention};
pub use publish::{Appended, Publish};
pub use sequence::Sequence;
pub use service::{Server, Service, ServiceOptions};
pub use state::{Entries, KeyRange, State};
pub use store::{Ack, Permit, Store, TransactError, Transaction};
pub use subscription::{Delivery, Start, Subscription};
