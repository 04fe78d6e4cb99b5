//! Orders that nobody conducts, over real processes: who is down while they go on, what is said of
//! those that wait, what is refused, and whom nobody hears because it cannot prove who it is.

mod home_down;
mod peer_down;
mod refusals;
mod secured;
mod steps;
mod waits;
mod wiped;
mod workflows;
