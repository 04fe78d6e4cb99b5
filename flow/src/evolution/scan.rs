//! Which fields the expressions of a definition name, without knowing any types: all that is not plainly
//! `name.field` counts as a use of everything.

use std::collections::BTreeSet;

use super::Fields;

/// The top-level fields of `root` that an expression names.
pub(super) fn fields_of(root: &str, expression: &str) -> Fields {
    let mut used = BTreeSet::new();
    let mut rest = Words {
        text: expression,
        after_dot: false,
    };
    while let Some((word, is_member)) = rest.next_word() {
        if is_member || word != root {
            continue;
        }
        match rest.peek_member() {
            Some(field) => {
                used.insert(field.to_owned());
            }
            None => return Fields::All,
        }
    }
    Fields::Only(used)
}

/// The identifiers of an expression, without its literals.
struct Words<'a> {
    text: &'a str,
    after_dot: bool,
}

impl<'a> Words<'a> {
    /// The next identifier, and whether a dot comes before it.
    fn next_word(&mut self) -> Option<(&'a str, bool)> {
        loop {
            let first = self.text.chars().next()?;
            if is_start(first) {
                let word = identifier(self.text);
                self.text = &self.text[word.len()..];
                if self.text.starts_with(['\'', '"']) && is_prefix(word) {
                    self.skip_literal(word.contains(['r', 'R']));
                    continue;
                }
                return Some((word, std::mem::take(&mut self.after_dot)));
            }
            match first {
                '\'' | '"' => self.skip_literal(false),
                _ => {
                    if !first.is_whitespace() {
                        self.after_dot = first == '.';
                    }
                    self.text = &self.text[first.len_utf8()..];
                    if first.is_ascii_digit() {
                        // `1u`, `0xff`, `1e3`: no identifiers.
                        let number = |c: char| c.is_ascii_alphanumeric() || c == '_';
                        self.text = self.text.trim_start_matches(number);
                    }
                }
            }
        }
    }

    /// The field that is named next; `None` if something else comes, such as a function.
    fn peek_member(&self) -> Option<&'a str> {
        let rest = self.text.trim_start().strip_prefix('.')?.trim_start();
        let word = identifier(rest);
        let is_call = rest[word.len()..].trim_start().starts_with('(');
        (!word.is_empty() && !is_call).then_some(word)
    }

    /// Goes on behind a text in quotes.
    fn skip_literal(&mut self, is_raw: bool) {
        self.after_dot = false;
        let quote = &self.text[..1];
        let triple = quote.repeat(3);
        let quotes = if self.text.starts_with(&triple) {
            triple.as_str()
        } else {
            quote
        };
        self.text = &self.text[quotes.len()..];
        while !self.text.is_empty() && !self.text.starts_with(quotes) {
            let mut characters = self.text.chars();
            if characters.next() == Some('\\') && !is_raw {
                characters.next();
            }
            self.text = characters.as_str();
        }
        self.text = self.text.strip_prefix(quotes).unwrap_or_default();
    }
}

fn identifier(text: &str) -> &str {
    if !text.starts_with(is_start) {
        return "";
    }
    let end = text.find(|c: char| !is_start(c) && !c.is_ascii_digit());
    &text[..end.unwrap_or(text.len())]
}

fn is_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_'
}

/// What can stand before the quotes of a literal.
fn is_prefix(word: &str) -> bool {
    word.len() <= 2 && word.chars().all(|c| "bBrR".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(expression: &str, expected: Option<&[&str]>) {
        let expected = expected.map_or(Fields::All, |names| {
            Fields::Only(names.iter().map(|name| (*name).to_owned()).collect())
        });
        assert_eq!(fields_of("charge", expression), expected, "{expression}");
    }

    #[test]
    fn fields_that_are_named_are_used() {
        check("charge.id", Some(&["id"]));
        check("charge . id + input.charge", Some(&["id"]));
        check("charge.total.currency == 'EUR'", Some(&["total"]));
        check("charge.lines.map(l, l.sku)", Some(&["lines"]));
        check("has(charge.a) ? charge.b : other.c", Some(&["a", "b"]));
    }

    #[test]
    fn what_is_not_plainly_a_field_uses_everything() {
        check("charge", None);
        check("[charge]", None);
        check("charge['id']", None);
        check("charge.map(c, c.id)", None);
        check("charge.?id", None);
        check("f(charge, charge.id)", None);
    }

    #[test]
    fn texts_and_numbers_name_nothing() {
        check("'charge' + \"charge\"", Some(&[]));
        check(r"'it\'s charge'", Some(&[]));
        check(r"r'\' + charge.id", Some(&["id"]));
        check("'''a ' charge''' + charge.id", Some(&["id"]));
        check("b'charge'", Some(&[]));
        check("1e3 + 0xcharge", Some(&[]));
        check("other.charge.id", Some(&[]));
        check("", Some(&[]));
    }
}
