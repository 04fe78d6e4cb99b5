//! What is kept, held against the contract as it is.

mod reference;
mod rules;
mod types;
mod vectors;
