//! What makes a tonic service a good participant in workflows: calls that may come again
//! ([`Ledger`]), state and events in one commit ([`Table`], and the service's own feed), requests
//! checked with every mistake named ([`Checks`]), faults on request ([`Faults`]), and the assembly
//! of it all ([`Participant`]), with a part in choreographies ([`Participant::take_part`]). What a
//! workflow means is `pavane-flow`'s to say; it knows neither orchestrators nor the shop.
//!
//! # A service of your own
//!
//! 1. Write the contract in protobuf, with a method that undoes for each that does. The undoing
//!    one takes nothing that the doing one answered (its answer may be lost), may come twice, and
//!    is content when there is nothing to undo.
//! 2. Keep state in [`Table`]s. In the handler, make a [`Call`] of the request, check the request
//!    with [`Checks`], and give [`Ledger::perform`] a closure that reads, decides, writes and
//!    appends the event that [`Call::event`] makes. All of it is one commit.
//! 3. Remember with what was done by which key it was done; before undoing, ask
//!    [`Call::may_undo`].
//! 4. Put it together with [`Participant`], and make it a program with [`run`]. The same handlers
//!    then serve callers and choreographies.
//!
//! `services/payment` is an example in four short files. A service that keeps its state elsewhere
//! can take over the rules: they are the table in [`Ledger`]'s documentation.

mod call;
mod check;
mod choreography;
pub mod client;
mod error;
mod faults;
mod ledger;
mod options;
mod participant;
mod process;
mod table;

pub use call::{Call, MAX_KEY_BYTES, Role};
pub use check::Checks;
pub use error::Error;
pub use faults::{FaultLayer, FaultLayered, Faults};
pub use ledger::Ledger;
pub use options::{Flags, Options};
pub use participant::{Handle, Participant};
pub use pavane_calls::{Identity, Tls};
pub use process::{NoFlags, Program, run};
pub use table::Table;
