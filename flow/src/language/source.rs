//! From characters to lines and columns: where a value, or a part of an expression inside one, stands
//! in the text of a definition.

use std::collections::HashMap;

use saphyr_parser::ScalarStyle;

use super::tree::{Content, Node, Range};
use crate::diagnostic::Span;

/// The text of a definition and where its values are.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) file_name: String,
    pub(super) text: String,
    characters: Vec<char>,
    /// Index of the first character of each line.
    lines: Vec<usize>,
    places: HashMap<String, Place>,
}

/// Where a value stands, and its key.
#[derive(Clone, Copy, Debug)]
struct Place {
    key: Option<Range>,
    value: Range,
    /// How a scalar is written; `None` for lists and objects.
    style: Option<ScalarStyle>,
}

impl Source {
    pub(super) fn new(file_name: &str, text: &str) -> Self {
        let characters: Vec<char> = text.chars().collect();
        let after_line_ends = characters
            .iter()
            .enumerate()
            .filter(|(_, c)| **c == '\n')
            .map(|(index, _)| index + 1);
        let lines = std::iter::once(0).chain(after_line_ends).collect();
        Self {
            file_name: file_name.to_owned(),
            text: text.to_owned(),
            characters,
            lines,
            places: HashMap::new(),
        }
    }

    /// Remembers where the value at a path stands.
    pub(super) fn record(&mut self, path: &str, key: Option<&Node>, value: &Node) {
        let (range, style) = match &value.content {
            Content::Scalar(scalar) => (value.range, Some(scalar.style)),
            // An object begins with its first key, which is what one wants to see marked.
            Content::Mapping(entries) => {
                let first = entries.first();
                (first.map_or(value.range, |(key, _)| key.range), None)
            }
            Content::Sequence(_) => (value.range, None),
        };
        let place = Place {
            key: key.map(|key| key.range),
            value: range,
            style,
        };
        self.places.insert(path.to_owned(), place);
    }

    /// The place of a value, or of the nearest value around it.
    pub(super) fn value(&self, path: &str) -> Option<Span> {
        let place = self.nearest(path)?;
        if place.value.start == place.value.end
            && let Some(key) = place.key
        {
            return Some(self.span(key));
        }
        Some(self.span(place.value))
    }

    /// The place of a value's key; of the value if it has none.
    pub(super) fn key(&self, path: &str) -> Option<Span> {
        let place = self.nearest(path)?;
        Some(self.span(place.key.unwrap_or(place.value)))
    }

    /// The place of bytes `start..end` of the text of the scalar at a path.
    pub(super) fn inside(&self, path: &str, text: &str, start: usize, end: usize) -> Option<Span> {
        let exact = self.places.get(path).and_then(|place| {
            let style = place.style?;
            let first = self.locate(place.value, style, text, start);
            let last = self.locate(place.value, style, text, end.max(start + 1) - 1);
            let end = (last + 1).max(first + 1);
            Some(self.span(Range { start: first, end }))
        });
        exact.or_else(|| self.value(path))
    }

    /// Lines and columns of a range; of its first line if there are several.
    pub(super) fn span(&self, range: Range) -> Span {
        let start = range.start.min(self.characters.len());
        let line = self.lines.partition_point(|first| *first <= start) - 1;
        let line_end = self
            .lines
            .get(line + 1)
            .map_or(self.characters.len(), |next| next - 1);
        let end = range.end.min(line_end).max(start + 1);
        let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
        Span {
            line: number(line + 1),
            column: number(start - self.lines[line] + 1),
            length: number(end - start),
        }
    }

    fn nearest(&self, path: &str) -> Option<Place> {
        let mut path = path;
        loop {
            if let Some(place) = self.places.get(path) {
                return Some(*place);
            }
            path = match path.rfind(['.', '[']) {
                Some(end) => &path[..end],
                None if path.is_empty() => return None,
                None => "",
            };
        }
    }

    /// The character of the source from which the character at a byte of a scalar's text comes.
    ///
    /// Walks both side by side: what is not white space must match, escapes count as what they stand
    /// for, and white space, which folding and indentation change, is skipped where it differs.
    fn locate(&self, range: Range, style: ScalarStyle, text: &str, target: usize) -> usize {
        let quoted = matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted);
        let mut at = range.start + usize::from(quoted);
        for (byte, c) in text.char_indices() {
            if !c.is_whitespace() {
                while self
                    .characters
                    .get(at)
                    .is_some_and(|found| found.is_whitespace())
                {
                    at += 1;
                }
            }
            if byte >= target {
                break;
            }
            let width = self.width(at, style);
            let found = self.characters.get(at);
            if !c.is_whitespace() || width > 1 || found.is_some_and(|found| found.is_whitespace()) {
                at += width;
            }
        }
        at.min(range.end.max(range.start + 1) - 1)
    }

    /// How many characters of the source stand for one character of the value.
    fn width(&self, at: usize, style: ScalarStyle) -> usize {
        let next = self.characters.get(at + 1);
        match (style, self.characters.get(at)) {
            (ScalarStyle::SingleQuoted, Some('\'')) => 2,
            (ScalarStyle::DoubleQuoted, Some('\\')) => match next {
                Some('x') => 4,
                Some('u') => 6,
                Some('U') => 10,
                _ => 2,
            },
            _ => 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tree;
    use super::*;

    /// Line and column of each occurrence of `needle` in the scalar below the key `k`.
    fn check(text: &str, needle: &str) -> (u32, u32) {
        let root = tree::parse(text).expect("it is YAML");
        let Content::Mapping(entries) = &root.content else {
            panic!("it is an object");
        };
        let (key, value) = &entries[0];
        let Content::Scalar(scalar) = &value.content else {
            panic!("its value is a scalar");
        };
        let mut source = Source::new("test", text);
        source.record("k", Some(key), value);
        let start = scalar.text.find(needle).expect("it holds the needle");
        let span = source
            .inside("k", &scalar.text, start, start + needle.len())
            .expect("it has a place");
        (span.line, span.column)
    }

    #[test]
    fn a_part_of_a_scalar_is_found_however_it_is_written() {
        assert_eq!(check("k: a.totel", "totel"), (1, 6));
        assert_eq!(check("k: 'it''s a.totel'", "totel"), (1, 13));
        assert_eq!(check(r#"k: "\"é\" + \u0041.totel""#, "totel"), (1, 20));
        assert_eq!(check("k: |\n  one +\n  a.totel", "totel"), (3, 5));
        assert_eq!(check("k: >-\n  one +\n\n    a.totel", "totel"), (4, 7));
        assert_eq!(check("k: one +\n  a.totel", "totel"), (2, 5));
    }
}
