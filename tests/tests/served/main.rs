//! What our servers serve, each of them: its descriptors, and an answer to whatever is sent to any of its
//! methods. All is found from descriptors, so that a new method is covered by being there.

mod call;
mod nonsense;
mod reasons;
mod reflection;
mod requests;
mod servers;
