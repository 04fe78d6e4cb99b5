//! The patterns of rules: one or more classes of characters in a row, each so many times. That is all
//! that names and ids need, is matched in one pass without looking back, and means the same in every
//! language.

use regex_syntax::hir::{Class, Hir, HirKind, Look, Repetition};

/// A pattern, and what it is made of.
#[derive(Debug)]
pub(crate) struct Pattern {
    pub(crate) source: String,
    /// Whether an empty text matches, whatever the parts say.
    pub(crate) or_empty: bool,
    pub(crate) parts: Vec<Part>,
}

/// Characters of one class, so many of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) ranges: Vec<(char, char)>,
    pub(crate) least: u32,
    pub(crate) most: Option<u32>,
}

impl Pattern {
    /// Errors: it is more than classes in a row, or could be matched in several ways.
    pub(crate) fn parse(source: &str) -> Result<Self, String> {
        let wrong = |problem: String| format!("pattern `{source}`: {problem}");
        let hir = regex_syntax::parse(source).map_err(|error| wrong(error.to_string()))?;
        let (or_empty, parts) = read(&hir).ok_or_else(|| {
            wrong("expected `^`, classes such as `[a-z]{1,64}` in a row, and `$`".to_owned())
        })?;
        if (0..parts.len()).any(|index| is_ambiguous(&parts[index], &parts[index + 1..])) {
            let problem = "a class has characters of one before it that has no fixed number";
            return Err(wrong(problem.to_owned()));
        }
        Ok(Self {
            source: source.to_owned(),
            or_empty,
            parts,
        })
    }
}

fn read(hir: &Hir) -> Option<(bool, Vec<Part>)> {
    let HirKind::Concat(all) = hir.kind() else {
        return None;
    };
    let [start, middle @ .., end] = &all[..] else {
        return None;
    };
    if !matches!(start.kind(), HirKind::Look(Look::Start)) {
        return None;
    }
    if !matches!(end.kind(), HirKind::Look(Look::End)) {
        return None;
    }
    if let [only] = middle
        && let HirKind::Repetition(optional) = only.kind()
        && (optional.min, optional.max) == (0, Some(1))
        && let HirKind::Capture(group) = optional.sub.kind()
    {
        return Some((true, parts(std::slice::from_ref(&*group.sub))?));
    }
    Some((false, parts(middle)?))
}

fn parts(all: &[Hir]) -> Option<Vec<Part>> {
    let mut found = Vec::new();
    for one in all {
        match one.kind() {
            HirKind::Concat(inner) => found.extend(parts(inner)?),
            HirKind::Literal(literal) => {
                let text = std::str::from_utf8(&literal.0).ok()?;
                found.extend(text.chars().map(|it| once(vec![(it, it)])));
            }
            HirKind::Class(Class::Unicode(class)) => {
                let ranges = class.iter().map(|range| (range.start(), range.end()));
                found.push(once(ranges.collect()));
            }
            HirKind::Repetition(repetition) => found.push(repeated(repetition)?),
            _ => return None,
        }
    }
    Some(found)
}

fn repeated(repetition: &Repetition) -> Option<Part> {
    let sub = parts(std::slice::from_ref(&*repetition.sub))?;
    let [part] = &sub[..] else {
        return None;
    };
    let is_single = (part.least, part.most) == (1, Some(1));
    (is_single && repetition.greedy).then(|| Part {
        ranges: part.ranges.clone(),
        least: repetition.min,
        most: repetition.max,
    })
}

fn once(ranges: Vec<(char, char)>) -> Part {
    Part {
        ranges,
        least: 1,
        most: Some(1),
    }
}

/// Whether taking as many as there are could take what comes after.
fn is_ambiguous(one: &Part, after: &[Part]) -> bool {
    if Some(one.least) == one.most {
        return false;
    }
    let meet = |next: &Part| {
        let overlap =
            |one: &(char, char), other: &(char, char)| one.0 <= other.1 && other.0 <= one.1;
        let mut ranges = one.ranges.iter();
        ranges.any(|range| next.ranges.iter().any(|other| overlap(range, other)))
    };
    let needed = after.iter().position(|next| next.least > 0);
    let reached = needed.map_or(after, |last| &after[..=last]);
    reached.iter().any(meet)
}
