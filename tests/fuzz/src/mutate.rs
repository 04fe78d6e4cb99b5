//! Changes of an input that know nothing of what it means: of bytes, words, lines and numbers.

use crate::limits::MAX_INPUT_BYTES;
use crate::random::Random;

/// Numbers at which something ends.
const NUMBERS: [&str; 14] = [
    "0",
    "-1",
    "1",
    "2",
    "127",
    "255",
    "65536",
    "2147483647",
    "-2147483648",
    "4294967296",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551616",
    "1e309",
];

/// Bytes, or pairs of them, at which something begins or ends, in text and on the wire.
const BYTES: [&[u8]; 12] = [
    b"\0",
    b"\n",
    b"\t",
    b"\"",
    b"'",
    b"\\",
    b"\xff",
    b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01",
    "\u{202e}".as_bytes(),
    "\u{1f600}".as_bytes(),
    "\u{feff}".as_bytes(),
    b"\r\n",
];

const BRACKETS: [(&[u8], &[u8]); 4] = [(b"(", b")"), (b"[", b"]"), (b"{", b"}"), (b"'", b"'")];

/// Changes an input in a few places. `others` are inputs to take parts of.
pub fn mutate(
    mut input: Vec<u8>,
    others: &[Vec<u8>],
    dictionary: &[Vec<u8>],
    random: &mut Random,
) -> Vec<u8> {
    for _ in 0..1 + random.size(8) {
        change(&mut input, others, dictionary, random);
        input.truncate(MAX_INPUT_BYTES);
    }
    input
}

fn change(input: &mut Vec<u8>, others: &[Vec<u8>], dictionary: &[Vec<u8>], random: &mut Random) {
    match random.below(14) {
        0 if !input.is_empty() => {
            let at = random.below(input.len());
            input[at] ^= 1 << random.below(8);
        }
        1 => {
            let bytes = *random.pick(&BYTES);
            insert(input, bytes, random);
        }
        2 => drop(input.drain(random.range(input.len()))),
        3 => {
            let piece = input[random.range(input.len())].to_vec();
            insert(input, &piece, random);
        }
        4 if !others.is_empty() => {
            let other = random.pick(others);
            let piece = other[random.range(other.len())].to_vec();
            input.splice(random.range(input.len()), piece);
        }
        5 | 6 if !dictionary.is_empty() => {
            let piece = random.pick(dictionary).clone();
            insert(input, &piece, random);
        }
        7 | 8 => replace_word(input, others, dictionary, random),
        9 => change_lines(input, random),
        10 => {
            let range = random.range(input.len());
            let piece = input[range.clone()].repeat(1 + random.size(512));
            input.splice(
                range.end..range.end,
                piece.into_iter().take(MAX_INPUT_BYTES),
            );
        }
        11 => {
            let range = random.range(input.len());
            let (open, close) = random.pick(&BRACKETS);
            let depth = 1 + random.size(64);
            input.splice(range.end..range.end, close.repeat(depth));
            input.splice(range.start..range.start, open.repeat(depth));
        }
        12 => {
            let number = random.pick(&NUMBERS).as_bytes();
            let words = words(input, u8::is_ascii_digit);
            match words.is_empty() {
                true => insert(input, number, random),
                false => drop(input.splice(random.pick(&words).clone(), number.iter().copied())),
            }
        }
        _ => input.truncate(random.below(input.len() + 1)),
    }
}

fn insert(input: &mut Vec<u8>, piece: &[u8], random: &mut Random) {
    let at = random.below(input.len() + 1);
    input.splice(at..at, piece.iter().copied());
}

/// Puts another word in place of one: of the dictionary, of another input, or of the same.
fn replace_word(
    input: &mut Vec<u8>,
    others: &[Vec<u8>],
    dictionary: &[Vec<u8>],
    random: &mut Random,
) {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte == b'.';
    let places = words(input, is_word);
    if places.is_empty() {
        return;
    }
    let word = match random.below(3) {
        0 if !dictionary.is_empty() => random.pick(dictionary).clone(),
        1 if !others.is_empty() => {
            let other = random.pick(others);
            let words = words(other, is_word);
            match words.is_empty() {
                true => return,
                false => other[random.pick(&words).clone()].to_vec(),
            }
        }
        _ => input[random.pick(&places).clone()].to_vec(),
    };
    input.splice(random.pick(&places).clone(), word);
}

fn words(input: &[u8], is_word: impl Fn(&u8) -> bool) -> Vec<std::ops::Range<usize>> {
    let mut words = Vec::new();
    let mut begin = None;
    for (at, byte) in input.iter().enumerate() {
        match (is_word(byte), begin) {
            (true, None) => begin = Some(at),
            (false, Some(from)) => {
                words.push(from..at);
                begin = None;
            }
            _ => {}
        }
    }
    words.extend(begin.map(|from| from..input.len()));
    words
}

/// Drops, repeats, moves or indents a line.
fn change_lines(input: &mut Vec<u8>, random: &mut Random) {
    let mut lines: Vec<Vec<u8>> = input
        .split(|byte| *byte == b'\n')
        .map(<[u8]>::to_vec)
        .collect();
    let at = random.below(lines.len());
    let to = random.below(lines.len());
    match random.below(4) {
        0 => drop(lines.remove(at)),
        1 => lines.insert(to, lines[at].clone()),
        2 => lines.swap(at, to),
        _ => drop(lines[at].splice(0..0, vec![b' '; 1 + random.below(6)])),
    }
    *input = lines.join(&b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_inputs_and_none_is_too_large() {
        let inputs = |seed| {
            let mut random = Random::new(seed);
            let others = [b"name: a\nsteps:\n- id: b\n".to_vec()];
            let mut input = others[0].clone();
            for _ in 0..2_000 {
                input = mutate(input, &others, &[b"call".to_vec()], &mut random);
                assert!(input.len() <= MAX_INPUT_BYTES);
                if input.len() > 1_000 {
                    input.clone_from(&others[0]);
                }
            }
            input
        };
        assert_eq!(inputs(1), inputs(1));
        assert_ne!(inputs(1), inputs(2));
    }
}
