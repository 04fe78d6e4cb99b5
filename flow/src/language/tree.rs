//! YAML or JSON text as a tree in which every node knows its place.
//!
//! Only what a definition needs: one document, no anchors, no tags. Nothing is converted here: a
//! scalar keeps its text and the way it was written.

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span};

use super::limits::{MAX_NODES, MAX_TREE_DEPTH};

/// A node and the characters of the text that it stands for.
#[derive(Debug)]
pub(super) struct Node {
    /// Characters `start..end` of the text.
    pub(super) range: Range,
    /// What is there.
    pub(super) content: Content,
}

/// A range of characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) start: usize,
    pub(super) end: usize,
}

impl From<Span> for Range {
    fn from(span: Span) -> Self {
        Self {
            start: span.start.index(),
            end: span.end.index(),
        }
    }
}

#[derive(Debug)]
pub(super) enum Content {
    Scalar(Scalar),
    Sequence(Vec<Node>),
    /// Keys in their order, duplicates included.
    Mapping(Vec<(Node, Node)>),
}

#[derive(Debug)]
pub(super) struct Scalar {
    /// The text, unescaped.
    pub(super) text: String,
    /// How it was written.
    pub(super) style: ScalarStyle,
}

/// What a scalar is by the YAML core schema, which for quoted ones is always text.
#[derive(Debug, PartialEq)]
pub(super) enum Resolved<'a> {
    Null,
    Boolean(bool),
    Number(&'a str),
    Text(&'a str),
}

impl Scalar {
    pub(super) fn resolve(&self) -> Resolved<'_> {
        let text = self.text.as_str();
        if self.style != ScalarStyle::Plain {
            return Resolved::Text(text);
        }
        match text {
            "" | "~" | "null" | "Null" | "NULL" => Resolved::Null,
            "true" | "True" | "TRUE" => Resolved::Boolean(true),
            "false" | "False" | "FALSE" => Resolved::Boolean(false),
            _ if is_number(text) => Resolved::Number(text),
            _ => Resolved::Text(text),
        }
    }
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let starts_as_one = digits.starts_with(|c: char| c.is_ascii_digit())
        || digits
            .strip_prefix('.')
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    starts_as_one && text.parse::<f64>().is_ok()
}

/// Why there is no tree, and where.
#[derive(Debug)]
pub(super) struct TreeError {
    pub(super) reason: &'static str,
    pub(super) message: String,
    pub(super) help: &'static str,
    pub(super) range: Range,
}

const QUOTE_HELP: &str = "an expression that holds `: ` or ` #`, that stands in `{ }` or `[ ]` and \
     holds `,`, `[`, `{` or `?`, or that begins with `!`, `&`, `*`, `{` or `[`, must be put in \
     double quotes";

/// Parses one document.
pub(super) fn parse(text: &str) -> Result<Node, TreeError> {
    let mut builder = Builder {
        events: Parser::new_from_str(text),
        end: text.chars().count(),
        nodes: 0,
    };
    loop {
        match builder.next()? {
            (Event::StreamStart | Event::DocumentStart(_) | Event::Nothing, _) => {}
            (Event::StreamEnd, _) => return Err(builder.empty()),
            (event, range) => {
                let root = builder.node(event, range, 0)?;
                builder.expect_end()?;
                return Ok(root);
            }
        }
    }
}

struct Builder<'a> {
    events: Parser<'a, saphyr_parser::StrInput<'a>>,
    end: usize,
    nodes: usize,
}

impl<'a> Builder<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Range), TreeError> {
        match self.events.next() {
            Some(Ok((event, span))) => Ok((event, span.into())),
            Some(Err(error)) => Err(self.syntax(&error)),
            None => Ok((Event::StreamEnd, self.at_end())),
        }
    }

    fn node(&mut self, event: Event<'a>, range: Range, depth: usize) -> Result<Node, TreeError> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            let message = format!("the definition has more than {MAX_NODES} values");
            return Err(limit(message, range));
        }
        if depth > MAX_TREE_DEPTH {
            let message = format!("this is nested more than {MAX_TREE_DEPTH} levels deep");
            return Err(limit(message, range));
        }
        let mut range = range;
        let content = match event {
            Event::Scalar(text, style, anchor, tag) => {
                refuse_anchor(anchor, range)?;
                if let Some(tag) = tag {
                    return Err(tagged(&tag, range));
                }
                let text = text.into_owned();
                Content::Scalar(Scalar { text, style })
            }
            Event::SequenceStart(anchor, tag) => {
                refuse_anchor(anchor, range)?;
                if let Some(tag) = tag {
                    return Err(tagged(&tag, range));
                }
                let mut items = Vec::new();
                loop {
                    match self.next()? {
                        (Event::SequenceEnd, end) => {
                            range.end = end.end.max(range.end);
                            break Content::Sequence(items);
                        }
                        (event, range) => items.push(self.node(event, range, depth + 1)?),
                    }
                }
            }
            Event::MappingStart(anchor, tag) => {
                refuse_anchor(anchor, range)?;
                if let Some(tag) = tag {
                    return Err(tagged(&tag, range));
                }
                let mut entries = Vec::new();
                loop {
                    match self.next()? {
                        (Event::MappingEnd, end) => {
                            range.end = end.end.max(range.end);
                            break Content::Mapping(entries);
                        }
                        (event, range) => {
                            let key = self.node(event, range, depth + 1)?;
                            let (event, range) = self.next()?;
                            entries.push((key, self.node(event, range, depth + 1)?));
                        }
                    }
                }
            }
            Event::Alias(_) => return Err(anchored(range)),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::SequenceEnd
            | Event::MappingEnd => return Err(self.empty()),
        };
        Ok(Node { range, content })
    }

    fn expect_end(&mut self) -> Result<(), TreeError> {
        loop {
            match self.next()? {
                (Event::DocumentEnd | Event::Nothing, _) => {}
                (Event::StreamEnd, _) => return Ok(()),
                (_, range) => {
                    return Err(TreeError {
                        reason: "SEVERAL_DOCUMENTS",
                        message: "a file holds one workflow, this is a second document".to_owned(),
                        help: "put each workflow into a file of its own",
                        range,
                    });
                }
            }
        }
    }

    fn syntax(&self, error: &ScanError) -> TreeError {
        // The marker of an error at the end can be on a line that does not exist.
        let start = error.marker().index().min(self.end);
        TreeError {
            reason: "SYNTAX",
            message: format!("this is not YAML: {}", error.info()),
            help: QUOTE_HELP,
            range: Range {
                start,
                end: start + 1,
            },
        }
    }

    fn empty(&self) -> TreeError {
        TreeError {
            reason: "SYNTAX",
            message: "there is no definition here".to_owned(),
            help: "",
            range: self.at_end(),
        }
    }

    fn at_end(&self) -> Range {
        Range {
            start: self.end,
            end: self.end,
        }
    }
}

fn limit(message: String, range: Range) -> TreeError {
    TreeError {
        reason: "LIMIT_EXCEEDED",
        message,
        help: "",
        range,
    }
}

fn refuse_anchor(anchor: usize, range: Range) -> Result<(), TreeError> {
    if anchor == 0 {
        Ok(())
    } else {
        Err(anchored(range))
    }
}

fn anchored(range: Range) -> TreeError {
    TreeError {
        reason: "ANCHOR",
        message: "YAML anchors and aliases (`&name`, `*name`) are not supported".to_owned(),
        help: "write the value out; an expression that begins with `*` or `&` is put in quotes",
        range,
    }
}

fn tagged(tag: &saphyr_parser::Tag, range: Range) -> TreeError {
    TreeError {
        reason: "TAG",
        message: format!("`{}{}` is a YAML tag here", tag.handle, tag.suffix),
        help: "an expression that begins with `!` must be put in quotes: \"!input.paid\"",
        range,
    }
}
