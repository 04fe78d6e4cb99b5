//! What is promised on paper, checked: the style of the contract and what was released of it, the arrows
//! between the crates, the reasons of errors, links. Starts no server.

mod breaking;
mod cloudevents;
mod crates;
mod links;
mod piped;
mod protos;
mod reached;
mod reasons;
mod rules;
