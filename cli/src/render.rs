//! From messages to what a person reads. Everything here is a function from values to text: no
//! clock, no terminal, no I/O.

mod diagnostic;
mod event;
mod facts;
mod impact;
mod json;
mod paint;
mod status;
mod table;
mod time;
pub(crate) mod timeline;
pub(crate) mod trace;

pub(crate) use diagnostic::{diagnostics, report};
pub(crate) use event::event_line;
pub(crate) use facts::facts_about;
pub(crate) use impact::{Verdict, impact_report, impacts, is_breaking};
pub(crate) use json::{Json, struct_to_json};
pub(crate) use paint::Paint;
pub(crate) use status::{code_name, failure, status};
pub(crate) use table::{Cell, Table, one_line};
pub(crate) use time::{duration, since, timestamp};
