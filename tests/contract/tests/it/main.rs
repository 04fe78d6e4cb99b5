//! What is kept, held against the contract as it is.

mod types;
mod vectors;
