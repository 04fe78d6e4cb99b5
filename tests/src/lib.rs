//! What the tests across crates share: the programs as processes, the sample shop made of them,
//! the tools that speak to it from outside, and the load. It knows the product by its command
//! lines and its contract alone, and never waits for time, only for events.

pub mod binaries;
pub mod cpp;
pub mod debian;
pub mod errands;
pub mod files;
pub mod grpcurl;
pub mod http;
pub mod java;
pub mod journal;
pub mod load;
pub mod made;
pub mod node;
pub mod orders;
pub mod ports;
pub mod process;
pub mod protos;
pub mod proxy;
pub mod python;
pub mod seed;
pub mod shell;
pub mod shop;
pub mod shown;
pub mod sidecar;
pub mod tail;
pub mod tools;

use std::path::Path;
use std::time::Duration;

/// The root of the repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests/ has a parent")
}

/// Asks again and again until the answer is as it should be, and gives it. For what nobody tells by
/// itself: each answer is an event.
///
/// # Panics
/// It is not so within a minute.
pub async fn until<T, F>(ask: impl Fn() -> F, is_so: impl Fn(&T) -> bool) -> T
where
    T: std::fmt::Debug,
    F: Future<Output = T>,
{
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    loop {
        let answer = tokio::time::timeout_at(deadline, ask()).await;
        let answer = answer.expect("an answer comes within a minute");
        if is_so(&answer) {
            return answer;
        }
        let is_over = tokio::time::Instant::now() >= deadline;
        assert!(!is_over, "it is not so after a minute, but {answer:?}");
    }
}
