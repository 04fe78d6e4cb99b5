//! Collects diagnostics and gives each its place in the definition.

use std::ops::Range;

use super::Definition;
use crate::diagnostic::{Diagnostic, Span};

/// The diagnostics of a definition, so far.
pub(super) struct Report<'a> {
    definition: &'a Definition,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Report<'a> {
    /// Begins with what was found when the definition was read.
    pub(super) fn new(definition: &'a Definition) -> Self {
        Self {
            definition,
            diagnostics: definition.diagnostics.clone(),
        }
    }

    /// One about the same definition, for what is to be reported later.
    pub(super) fn scratch(&self) -> Self {
        Self {
            definition: self.definition,
            diagnostics: Vec::new(),
        }
    }

    /// Adds a diagnostic about the value at a path.
    pub(super) fn add(&mut self, path: &str, found: Diagnostic) {
        let source = self.definition.source.as_ref();
        let span = source.and_then(|source| source.value(path));
        self.diagnostics.push(found.at(path, span));
    }

    /// Adds a diagnostic about the key of the value at a path.
    pub(super) fn add_to_key(&mut self, path: &str, found: Diagnostic) {
        let source = self.definition.source.as_ref();
        let span = source.and_then(|source| source.key(path));
        self.diagnostics.push(found.at(path, span));
    }

    /// Adds a diagnostic about bytes of the text at a path.
    pub(super) fn add_inside(
        &mut self,
        path: &str,
        text: &str,
        bytes: Range<usize>,
        found: Diagnostic,
    ) {
        let span = self.place(path, text, bytes);
        self.add_at(path, span, found);
    }

    /// Adds a diagnostic about a place that was looked up before.
    pub(super) fn add_at(&mut self, path: &str, span: Option<Span>, found: Diagnostic) {
        self.diagnostics.push(found.at(path, span));
    }

    /// The place of bytes of the text at a path.
    pub(super) fn place(&self, path: &str, text: &str, bytes: Range<usize>) -> Option<Span> {
        let source = self.definition.source.as_ref()?;
        source.inside(path, text, bytes.start, bytes.end)
    }

    /// Whether a value, or what holds it, was given but refused when the definition was read: it is
    /// not missing.
    pub(super) fn was_refused(&self, path: &str) -> bool {
        let refused = &self.definition.refused;
        let ends = path.match_indices(['.', '[']).map(|(end, _)| end);
        refused.contains(path) || ends.into_iter().any(|end| refused.contains(&path[..end]))
    }

    /// Whether the definition is refused.
    pub(super) fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }

    /// All diagnostics in the order of the source.
    pub(super) fn finish(mut self) -> Vec<Diagnostic> {
        Diagnostic::sort(&mut self.diagnostics);
        self.diagnostics
    }
}
