//! Three participants and a home, each with a store and a server of its own, in one process. What
//! their services answer is the tests' to say.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod outages;
mod preparing;
mod running;
mod support;
