//! Hostile input, from seeds: definitions, expressions and descriptor sets that somebody may send to an
//! orchestrator, thrown at what reads them. Nothing of it may panic, hang, take much memory or kill the
//! process.
//!
//! A campaign starts a worker, a process of its own, which makes inputs and runs them; what it dies of
//! does not kill the campaign, which then looks for the smallest input that does the same. See
//! [`campaign::run`], then [`worker::run`], then [`engine::Engine`].

pub mod campaign;
mod corpus;
pub mod engine;
pub mod failure;
pub mod limits;
pub mod mutate;
pub mod random;
mod shrink;
pub mod targets;
pub mod worker;

use random::Random;

/// Counts what is allocated. Of the whole process, so of all that runs in the worker.
#[global_allocator]
pub(crate) static MEMORY: peak_alloc::PeakAlloc = peak_alloc::PeakAlloc;

/// Something that reads what strangers send.
pub trait Target: Send {
    /// Inputs to begin with: what is meant to be read.
    fn corpus(&self) -> Vec<Vec<u8>>;

    /// Pieces that mean something in an input, to be put in anywhere.
    fn dictionary(&self) -> Vec<Vec<u8>>;

    /// An input with a structure: deep, large, or wrong in a way that bytes at random never are.
    fn generate(&self, random: &mut Random, corpus: &[Vec<u8>]) -> Vec<u8>;

    /// Reads an input. Gives in a few words what became of it: an input of which something new is said
    /// is kept, and changed further. Panics if something that must hold does not.
    fn run(&self, input: &[u8]) -> String;
}
