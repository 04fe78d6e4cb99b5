//! Cursors: where a subscriber stands, as a token that a person can type. Only this module knows how
//! one is written: `<incarnation>-<position>-<check>`.

use std::fmt;

use crate::{Error, Sequence};

/// The alphabet of Crockford's base 32: no i, l, o, u, so that nothing is misread.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const INCARNATION_DIGITS: usize = 8;
const CHECK_DIGITS: usize = 3;

/// Identifies one life of a feed; random, so that it also tells one feed from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Incarnation([u8; INCARNATION_DIGITS]);

impl Incarnation {
    pub(crate) fn random() -> Self {
        Self(
            rand::random::<[u8; INCARNATION_DIGITS]>().map(|byte| ALPHABET[usize::from(byte) % 32]),
        )
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let digits: [u8; INCARNATION_DIGITS] = text.as_bytes().try_into().ok()?;
        digits
            .iter()
            .all(|digit| ALPHABET.contains(digit))
            .then_some(Self(digits))
    }

    /// As it is written in cursors.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("an incarnation has digits of the alphabet only")
    }
}

impl fmt::Display for Incarnation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Most bytes that a cursor has.
const MOST_BYTES: usize = INCARNATION_DIGITS + 1 + 20 + 1 + CHECK_DIGITS;

/// A cursor that takes no memory of its own: each event that is sent has one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor {
    bytes: [u8; MOST_BYTES],
    /// Where the text begins; it ends at the end.
    begin: usize,
}

impl Cursor {
    /// The cursor of a position.
    pub(crate) fn new(incarnation: Incarnation, sequence: Sequence) -> Self {
        let mut bytes = [b'-'; MOST_BYTES];
        let mut begin = MOST_BYTES - CHECK_DIGITS;
        bytes[begin..].copy_from_slice(&check_digits(incarnation, sequence));
        begin -= 1;
        let mut number = sequence.get();
        loop {
            begin -= 1;
            bytes[begin] = b'0' + (number % 10) as u8;
            number /= 10;
            if number == 0 {
                break;
            }
        }
        begin -= 1 + INCARNATION_DIGITS;
        bytes[begin..begin + INCARNATION_DIGITS].copy_from_slice(&incarnation.0);
        Self { bytes, begin }
    }

    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[self.begin..]).expect("digits and dashes")
    }
}

/// Writes the cursor of a position.
pub(crate) fn format(incarnation: Incarnation, sequence: Sequence) -> String {
    Cursor::new(incarnation, sequence).as_str().to_owned()
}

/// Reads a cursor of any feed. Errors: [`Error::InvalidCursor`].
pub(crate) fn parse(cursor: &str) -> Result<(Incarnation, Sequence), Error> {
    let invalid = |problem: &'static str| Error::InvalidCursor {
        cursor: cursor.chars().take(64).collect(),
        problem,
    };
    let mut parts = cursor.split('-');
    let (Some(incarnation), Some(position), Some(check), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(invalid(
            "expected three parts, as found in an event or a progress message",
        ));
    };
    let incarnation = Incarnation::parse(incarnation)
        .ok_or_else(|| invalid("expected eight digits of base 32 in the first part"))?;
    let plain = !position.is_empty() && position.bytes().all(|byte| byte.is_ascii_digit());
    let sequence = position
        .parse()
        .ok()
        .filter(|_| plain)
        .map(Sequence::new)
        .ok_or_else(|| invalid("expected a number in the second part"))?;
    if check.as_bytes() != check_digits(incarnation, sequence) {
        return Err(invalid("its check does not match: was it mistyped?"));
    }
    Ok((incarnation, sequence))
}

/// FNV-1a over what precedes, folded to 15 bits: enough to catch a slip of the finger.
fn check_digits(incarnation: Incarnation, sequence: Sequence) -> [u8; CHECK_DIGITS] {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in incarnation
        .0
        .into_iter()
        .chain(sequence.get().to_le_bytes())
    {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    let folded = hash ^ (hash >> 32) ^ (hash >> 17);
    [10, 5, 0].map(|shift| ALPHABET[(folded >> shift) as usize % 32])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        let incarnation = Incarnation::random();
        for number in [0, 1, 31, 5_120, u64::MAX] {
            let cursor = format(incarnation, Sequence::new(number));
            assert!(cursor.starts_with(&format!("{incarnation}-{number}-")));
            assert_eq!(
                parse(&cursor).unwrap(),
                (incarnation, Sequence::new(number))
            );
        }
    }

    #[test]
    fn a_mistyped_cursor_is_refused() {
        let incarnation = Incarnation::parse("h7c2kq9d").unwrap();
        let cursor = format(incarnation, Sequence::new(5_120));
        let other_position = cursor.replace("5120", "5121");
        let other_feed = cursor.replace("h7c2", "h7c3");
        let cases = [
            other_position.as_str(),
            &other_feed,
            "",
            "x",
            "8f3a...",
            "h7c2kq9d-+1-abc",
        ];
        for mistyped in cases {
            let error = parse(mistyped).unwrap_err();
            assert!(
                matches!(error, Error::InvalidCursor { .. }),
                "{mistyped}: {error}"
            );
        }
    }
}
