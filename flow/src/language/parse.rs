//! From the text of an expression to its syntax tree, within limits, with errors in our words.

use std::ops::Range;

use cel::common::ast::{
    EntryExpr, Expr, IdedEntryExpr, IdedExpr, LiteralValue, SourceInfo, operators,
};
use cel::{Env, ParseErrors};

use super::limits::{MAX_EXPRESSION_BYTES, MAX_EXPRESSION_DEPTH, MAX_EXPRESSION_NESTING};
use crate::diagnostic::Diagnostic;

/// A syntax tree and where its nodes stand in the text.
pub(super) struct Parsed<'t> {
    pub(super) text: &'t str,
    pub(super) root: IdedExpr,
    /// How many nodes there are from the root to the farthest leaf.
    pub(super) depth: usize,
    offsets: SourceInfo,
}

/// A mistake and the bytes of the text that it is about.
pub(super) type Found = (Range<usize>, Diagnostic);

/// Parses an expression. Macros are left as the calls as which they are written.
pub(super) fn parse(text: &str) -> Result<Parsed<'_>, Box<Found>> {
    parse_within_limits(text).map_err(Box::new)
}

#[expect(clippy::result_large_err, reason = "it is boxed by the only caller")]
fn parse_within_limits(text: &str) -> Result<Parsed<'_>, Found> {
    let whole = 0..text.len();
    let limit = |message: String| Diagnostic::error("LIMIT_EXCEEDED", message);
    if text.trim().is_empty() {
        let found = Diagnostic::error("EXPRESSION_SYNTAX", "an expression is empty")
            .help("a text that is empty is written in quotes within quotes: \"''\"");
        return Err((whole, found));
    }
    if text.len() > MAX_EXPRESSION_BYTES {
        let length = text.len();
        let message = format!(
            "an expression of {length} bytes is longer than the allowed {MAX_EXPRESSION_BYTES}"
        );
        return Err((whole, limit(message)));
    }
    if let Some(offset) = too_deep(text) {
        let message = format!(
            "the expression is nested deeper than the allowed {MAX_EXPRESSION_NESTING} brackets"
        );
        return Err((offset..offset + 1, limit(message)));
    }
    let parser = Env::default()
        .parser()
        .enable_optional_syntax(true)
        .enable_ident_escape_syntax(false)
        .max_recursion_depth(2 * MAX_EXPRESSION_NESTING)
        .error_recovery_limit(4);
    let parsed = parser.parse_with_source_info(text);
    let (root, offsets) = parsed.map_err(|errors| syntax_error(text, &errors))?;
    let depth = depth(&root);
    if depth > MAX_EXPRESSION_DEPTH {
        let message = format!(
            "the expression has a chain of more than the allowed {MAX_EXPRESSION_DEPTH} operators"
        );
        return Err((whole, limit(message)));
    }
    Ok(Parsed {
        text,
        root,
        depth,
        offsets,
    })
}

/// The offset of the first bracket or `?` that is nested too deep. The parser has a limit of its own,
/// twice as high, but no words for it.
fn too_deep(text: &str) -> Option<usize> {
    let mut depth = 0_u16;
    let mut quote = None;
    let mut is_escaped = false;
    let mut before = ' ';
    for (offset, c) in text.char_indices() {
        // Of `.?field` and `[?index]`, and `?` before an element: not that of a conditional.
        let is_optional = c == '?' && matches!(before, '.' | '[' | '{' | ',');
        if !c.is_whitespace() {
            before = c;
        }
        match (quote, c) {
            (Some(_), _) if is_escaped => is_escaped = false,
            (Some(_), '\\') => is_escaped = true,
            (Some(open), c) if open == c => quote = None,
            (Some(_), _) => {}
            (None, _) if is_optional => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '(' | '[' | '{' | '?') => {
                depth += 1;
                if depth > MAX_EXPRESSION_NESTING {
                    return Some(offset);
                }
            }
            (None, ')' | ']' | '}') => depth = depth.saturating_sub(1),
            (None, _) => {}
        }
    }
    None
}

/// How many nodes there are from the root to the farthest leaf. Not recursive: nothing has been
/// checked yet.
fn depth(root: &IdedExpr) -> usize {
    let mut deepest = 0;
    let mut open = vec![(root, 1)];
    while let Some((node, depth)) = open.pop() {
        deepest = deepest.max(depth);
        let depth = depth + 1;
        let mut visit = |child| open.push((child, depth));
        match &node.expr {
            Expr::Select(select) => visit(&select.operand),
            Expr::Call(call) => {
                call.target.iter().for_each(|target| visit(target));
                call.args.iter().for_each(visit);
            }
            Expr::List(list) => list.elements.iter().for_each(visit),
            Expr::Map(map) => map
                .entries
                .iter()
                .for_each(|entry| entry_parts(entry, &mut visit)),
            Expr::Struct(message) => {
                message
                    .entries
                    .iter()
                    .for_each(|entry| entry_parts(entry, &mut visit));
            }
            Expr::Unspecified | Expr::Comprehension(_) | Expr::Ident(_) | Expr::Literal(_) => {}
        }
    }
    deepest
}

fn entry_parts<'e>(entry: &'e IdedEntryExpr, visit: &mut dyn FnMut(&'e IdedExpr)) {
    match &entry.expr {
        EntryExpr::StructField(field) => visit(&field.value),
        EntryExpr::MapEntry(entry) => {
            visit(&entry.key);
            visit(&entry.value);
        }
    }
}

/// The text that a node is.
fn text_of(node: &IdedExpr) -> Option<&str> {
    match &node.expr {
        Expr::Literal(LiteralValue::String(text)) => Some(text.inner()),
        _ => None,
    }
}

fn syntax_error(text: &str, errors: &ParseErrors) -> Found {
    let first = errors.errors.iter().min_by_key(|error| error.pos);
    let Some(first) = first else {
        return (
            0..text.len(),
            Diagnostic::error("EXPRESSION_SYNTAX", "this is not an expression"),
        );
    };
    let (line, column) = first.pos;
    let start = offset_of(text, line, column);
    let rest = &text[start..];
    let token = token(rest);
    let range = start..start + token.len();
    let found = |message: String| Diagnostic::error("EXPRESSION_SYNTAX", message);
    let reported = first.msg.as_str();
    if rest.trim().is_empty() {
        let end = text.trim_end().len();
        let last = text[..end]
            .char_indices()
            .next_back()
            .map_or(0, |(at, _)| at);
        let found = found("the expression ends too soon".to_owned()).label("something is missing");
        return (last..end.max(last + 1), found);
    }
    if let Some(name) = reported.strip_prefix("reserved identifier: ") {
        let found = found(format!(
            "`{name}` is a reserved word of the expression language"
        ));
        return (range, found.label("reserved"));
    }
    if let Some(what) = reported.strip_prefix("invalid ") {
        let what = what.strip_suffix(" literal").unwrap_or(what);
        let found = found(format!("`{token}` is not a valid {what}")).label("out of range");
        return (range, found);
    }
    let quote = token.starts_with(['\'', '"']);
    if quote && reported.contains("token recognition") {
        let found = found("a text is not closed".to_owned()).label("begins here");
        return (start..text.len(), found);
    }
    let mut diagnostic = found(format!("`{token}` is not expected here")).label("unexpected");
    if token == "=" {
        diagnostic.help = "equality is written `==`".to_owned();
    } else if matches!(token, "and" | "or" | "not") {
        diagnostic.help = "logic is written `&&`, `||` and `!`".to_owned();
    } else if reported.contains("unsupported syntax") {
        diagnostic.message = format!("{reported} in expressions");
    }
    (range, diagnostic)
}

/// The byte offset of a line and a column in characters, both from 1.
fn offset_of(text: &str, line: isize, column: isize) -> usize {
    let line = usize::try_from(line).unwrap_or(1).max(1) - 1;
    let column = usize::try_from(column).unwrap_or(1).max(1) - 1;
    let begin: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let rest = &text[begin.min(text.len())..];
    let inside = rest
        .char_indices()
        .nth(column)
        .map_or(rest.len(), |(at, _)| at);
    begin.min(text.len()) + inside
}

/// The word or sign with which a text begins.
fn token(text: &str) -> &str {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let end = match text.chars().next() {
        Some(c) if is_word(c) => text.find(|c: char| !is_word(c)).unwrap_or(text.len()),
        Some(c) => c.len_utf8(),
        None => 0,
    };
    &text[..end]
}

impl Parsed<'_> {
    /// The bytes of the token that made a node: the name of an identifier, a literal, the operator.
    pub(super) fn token(&self, node: &IdedExpr) -> Range<usize> {
        self.token_of(node.id)
    }

    /// The bytes of the token that made a node or an entry; the whole text if it is not known.
    pub(super) fn token_of(&self, id: u64) -> Range<usize> {
        match self.offsets.offset_for(id) {
            Some((start, stop)) => {
                let start = (start as usize).min(self.text.len());
                start..(stop as usize + 1).clamp(start, self.text.len())
            }
            None => 0..self.text.len(),
        }
    }

    /// The bytes of the name after the point of a field selection.
    pub(super) fn selected(&self, node: &IdedExpr, name: &str) -> Range<usize> {
        let after = self.token(node).end;
        match self.text.get(after..).and_then(|rest| rest.find(name)) {
            Some(offset) => after + offset..after + offset + name.len(),
            None => self.token(node),
        }
    }

    /// The bytes of the name before the bracket of a call.
    pub(super) fn called(&self, node: &IdedExpr, name: &str) -> Range<usize> {
        let bracket = self.token(node).start;
        match self
            .text
            .get(..bracket)
            .and_then(|before| before.rfind(name))
        {
            Some(start) => start..start + name.len(),
            None => self.token(node),
        }
    }

    /// All bytes of a node, as far as its tokens tell.
    pub(super) fn extent(&self, node: &IdedExpr) -> Range<usize> {
        let own = match &node.expr {
            Expr::Select(select) => self.selected(node, &select.field),
            Expr::Call(call) if call.func_name == operators::OPT_SELECT => {
                let name = call.args.get(1).and_then(text_of).unwrap_or_default();
                self.selected(node, name)
            }
            Expr::Call(call)
                if self.token(node).len() == 1
                    && call.func_name.starts_with(char::is_alphabetic) =>
            {
                self.called(node, &call.func_name).start..self.token(node).end
            }
            _ => self.token(node),
        };
        let mut range = own;
        let mut include = |child: &IdedExpr| {
            let inner = self.extent(child);
            range = range.start.min(inner.start)..range.end.max(inner.end);
        };
        match &node.expr {
            Expr::Select(select) => include(&select.operand),
            Expr::Call(call) => {
                call.target.iter().for_each(|target| include(target));
                call.args.iter().for_each(include);
            }
            Expr::List(list) => list.elements.iter().for_each(include),
            _ => {}
        }
        self.closed(range)
    }

    /// A range with the brackets that it opens closed.
    fn closed(&self, range: Range<usize>) -> Range<usize> {
        let Some(inside) = self.text.get(range.clone()) else {
            return range;
        };
        let opened = inside.matches(['(', '[', '{']).count();
        let closed = inside.matches([')', ']', '}']).count();
        let mut end = range.end;
        for _ in closed..opened {
            match self.text[end..].find([')', ']', '}']) {
                Some(offset) => end += offset + 1,
                None => return range,
            }
        }
        range.start..end
    }
}
