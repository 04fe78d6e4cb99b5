//! Matching the patterns of rules: classes of characters in a row, each so many times, in one pass.

/// A pattern. `build/` has made sure that taking as many characters as a part can never takes any that
/// a later part needs.
#[derive(Debug)]
pub(super) struct Pattern {
    /// As it stands in the .proto file.
    pub(super) source: &'static str,
    /// Whether an empty text matches, whatever the parts say.
    pub(super) or_empty: bool,
    pub(super) parts: &'static [Part],
}

/// Characters of one class, so many of them.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) ranges: &'static [(char, char)],
    pub(super) least: u32,
    /// `None`: without end.
    pub(super) most: Option<u32>,
}

impl Pattern {
    pub(super) fn is_match(&self, text: &str) -> bool {
        if text.is_empty() && self.or_empty {
            return true;
        }
        let mut rest = text;
        for part in self.parts {
            let most = part.most.unwrap_or(u32::MAX) as usize;
            let fitting = rest.chars().take(most).take_while(|&it| part.has(it));
            let (taken, bytes) = fitting.fold((0, 0), |(taken, bytes), it| {
                (taken + 1, bytes + it.len_utf8())
            });
            if taken < part.least {
                return false;
            }
            rest = &rest[bytes..];
        }
        rest.is_empty()
    }
}

impl Part {
    fn has(&self, character: char) -> bool {
        let mut ranges = self.ranges.iter();
        ranges.any(|&(first, last)| (first..=last).contains(&character))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_follow_each_other() {
        // ^[a-z][a-z0-9]{0,2}[*]?$
        const PATTERN: Pattern = Pattern {
            source: "",
            or_empty: false,
            parts: &[
                Part {
                    ranges: &[('a', 'z')],
                    least: 1,
                    most: Some(1),
                },
                Part {
                    ranges: &[('0', '9'), ('a', 'z')],
                    least: 0,
                    most: Some(2),
                },
                Part {
                    ranges: &[('*', '*')],
                    least: 0,
                    most: Some(1),
                },
            ],
        };
        for text in ["a", "a*", "a1", "abc*"] {
            assert!(PATTERN.is_match(text), "{text}");
        }
        for text in ["", "1", "abcd", "a**", "a*b", "A", "a\n", "\u{e4}"] {
            assert!(!PATTERN.is_match(text), "{text}");
        }
    }
}
