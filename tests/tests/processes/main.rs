//! The programs as their operators meet them: what they say and do when something is wrong, how
//! they end, and what they cost when nothing happens.

mod idle;
mod refusals;
mod signals;
