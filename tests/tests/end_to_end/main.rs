//! `pavane demo --serve` as its users meet it: with `grpcurl`, which has no .proto file at hand,
//! and with plain HTTP and JSON.

mod demo;
mod feeds;
mod orders;
mod rules;
