//! A small random source (SplitMix64): the same seed gives the same inputs on every machine.

/// A source of random numbers, each of which follows from the seed.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// Begins at a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Any number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From 0 to `end`, without `end`; 0 if `end` is.
    pub fn below(&mut self, end: usize) -> usize {
        (self.number() % end.max(1) as u64) as usize
    }

    /// True so many times in a hundred.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of several, of which there is at least one.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// A size: mostly small, now and then up to `most`.
    pub fn size(&mut self, most: usize) -> usize {
        let most = most.max(1);
        let bits = 1 + self.below(usize::BITS as usize - most.leading_zeros() as usize);
        self.below(1 << bits).min(most)
    }

    /// A part of something of a length, as its begin and end: mostly a small one.
    pub fn range(&mut self, length: usize) -> std::ops::Range<usize> {
        let begin = self.below(length + 1);
        let end = begin + self.size(length - begin);
        begin..end.min(length)
    }
}
