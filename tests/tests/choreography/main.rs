//! Orders that nobody conducts, over real processes: who is down while they go on, what is said of
//! those that wait, and what is refused.

mod home_down;
mod peer_down;
mod refusals;
mod steps;
mod waits;
mod wiped;
mod workflows;
