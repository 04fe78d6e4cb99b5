//! Targets that do what none may do, when an input has a `!`: they show that it is noticed.

use std::hint::black_box;

use crate::Target;
use crate::random::Random;

/// What a fixture does wrong.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fixture {
    Panics,
    Hangs,
    /// Holds much at a time.
    Allocates,
    /// Keeps a little of each input.
    Leaks,
    OverflowsItsStack,
}

/// The fixture of a name.
pub(super) fn named(name: &str) -> Option<Fixture> {
    Some(match name {
        "fixture-panic" => Fixture::Panics,
        "fixture-hang" => Fixture::Hangs,
        "fixture-memory" => Fixture::Allocates,
        "fixture-leak" => Fixture::Leaks,
        "fixture-stack" => Fixture::OverflowsItsStack,
        _ => return None,
    })
}

impl Target for Fixture {
    fn corpus(&self) -> Vec<Vec<u8>> {
        vec![b"nothing is wrong with this".to_vec()]
    }

    fn dictionary(&self) -> Vec<Vec<u8>> {
        vec![b"?!?".to_vec()]
    }

    fn generate(&self, random: &mut Random, corpus: &[Vec<u8>]) -> Vec<u8> {
        random.pick(corpus).clone()
    }

    fn run(&self, input: &[u8]) -> String {
        if input.contains(&b'!') {
            match self {
                Self::Panics => panic!("a `!`"),
                Self::Hangs => loop {
                    black_box(());
                },
                Self::Allocates => drop(black_box(vec![1_u8; 150 << 20])),
                Self::Leaks => drop(black_box(Box::leak(vec![1_u8; 8 << 20].into_boxed_slice()))),
                Self::OverflowsItsStack => drop(black_box(depth(0))),
            }
        }
        String::new()
    }
}

fn depth(at: u64) -> u64 {
    match black_box(at) {
        u64::MAX => 0,
        at => black_box([at; 64])[0] + depth(at + 1),
    }
}
