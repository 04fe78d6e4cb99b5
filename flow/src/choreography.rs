//! Executions that nobody conducts: each participant performs the steps of its own services, and
//! hears of the others what it needs for that.
//!
//! Pure, as all of this crate: who listens, calls and stores is somebody else.

pub mod member;
pub mod projection;
