//! The smallest input that does the same, as far as it is found in a time: by leaving out parts, from
//! halves down to single bytes.

use std::time::{Duration, Instant};

/// Leaves out of an input what does not matter to `fails`.
pub(crate) fn shrink(
    mut input: Vec<u8>,
    time: Duration,
    mut fails: impl FnMut(&[u8]) -> bool,
) -> Vec<u8> {
    let begin = Instant::now();
    let mut length = input.len().div_ceil(2).max(1);
    loop {
        let (mut at, mut has_shrunk) = (0, false);
        while at < input.len() {
            if begin.elapsed() > time {
                return input;
            }
            let end = (at + length).min(input.len());
            let rest = [&input[..at], &input[end..]].concat();
            if fails(&rest) {
                input = rest;
                has_shrunk = true;
            } else {
                at = end;
            }
        }
        if length == 1 && !has_shrunk {
            return input;
        }
        if !has_shrunk {
            length = length.div_ceil(2);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_matters_is_left() {
        let fails = |input: &[u8]| {
            let first = input.iter().position(|byte| *byte == b'a');
            let last = input.iter().rposition(|byte| *byte == b'z');
            matches!((first, last), (Some(first), Some(last)) if first < last)
        };
        let input = b"the lazy dog and a lazier fox".to_vec();
        assert_eq!(shrink(input, Duration::MAX, fails), b"az");
    }
}
