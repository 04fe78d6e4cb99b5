//! Which inputs are tried: those of the corpus, structures, and changes of either. No instrumentation: an
//! input of which the target says something new is kept as if it had reached new code.

use std::collections::HashSet;

use crate::Target;
use crate::limits::{MAX_CORPUS, MAX_INPUT_BYTES};
use crate::mutate::mutate;
use crate::random::Random;

/// The inputs of a seed, one after the other.
pub struct Engine<'t> {
    target: &'t dyn Target,
    random: Random,
    corpus: Vec<Vec<u8>>,
    dictionary: Vec<Vec<u8>>,
    /// How many of the corpus were tried as they are.
    tried: usize,
    said: HashSet<String>,
}

impl<'t> Engine<'t> {
    /// Begins anew.
    pub fn new(target: &'t dyn Target, seed: u64) -> Self {
        Self {
            target,
            random: Random::new(seed),
            corpus: target.corpus(),
            dictionary: target.dictionary(),
            tried: 0,
            said: HashSet::new(),
        }
    }

    /// The next input. What came before, and what was said of it, decides.
    pub fn next_input(&mut self) -> Vec<u8> {
        if let Some(input) = self.corpus.get(self.tried) {
            self.tried += 1;
            return input.clone();
        }
        if self.corpus.is_empty() || self.random.chance(30) {
            let input = self.target.generate(&mut self.random, &self.corpus);
            if self.random.chance(60) {
                return input;
            }
            return mutate(input, &self.corpus, &self.dictionary, &mut self.random);
        }
        let input = self.random.pick(&self.corpus).clone();
        mutate(input, &self.corpus, &self.dictionary, &mut self.random)
    }

    /// Learns what was said of an input.
    pub fn learn(&mut self, input: Vec<u8>, said: String) {
        let is_new = self.said.insert(said);
        if is_new && input.len() <= MAX_INPUT_BYTES && self.corpus.len() < MAX_CORPUS {
            // What is put in now was tried already.
            self.corpus.insert(self.tried, input);
            self.tried += 1;
        }
    }

    /// How many different things were said.
    pub fn said(&self) -> usize {
        self.said.len()
    }
}
