//! What is promised on paper, checked: the style of the contract, the arrows between the crates,
//! the reasons of errors. Starts no server.

mod crates;
mod protos;
mod reasons;
