//! What a store, its feeds, its service and its client promise, from the outside.

mod support;

mod transactions;
