//! The way to a value within a request. Kept on the stack while a request is walked, and written out
//! only for what is wrong.

use std::fmt;

/// Where a value is: a way of fields, elements and keys.
#[derive(Debug, Clone, Copy)]
pub(super) struct Path<'a> {
    before: Option<&'a Path<'a>>,
    part: Part<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Part<'a> {
    /// The request itself.
    Root,
    Field(&'static str),
    Index(usize),
    /// The value of a map's key.
    Key(&'a str),
    /// The key itself.
    Name(&'a str),
}

impl<'a> Path<'a> {
    pub(super) fn root() -> Self {
        Self {
            before: None,
            part: Part::Root,
        }
    }

    pub(super) fn field(&'a self, name: &'static str) -> Self {
        self.then(Part::Field(name))
    }

    pub(super) fn index(&'a self, index: usize) -> Self {
        self.then(Part::Index(index))
    }

    #[allow(dead_code, reason = "written where a map's values have rules")]
    pub(super) fn key(&'a self, key: &'a str) -> Self {
        self.then(Part::Key(key))
    }

    pub(super) fn name_of(&'a self, key: &'a str) -> Self {
        self.then(Part::Name(key))
    }

    /// Whether this leads to a map's key, rather than to a value.
    pub(super) fn is_name(&self) -> bool {
        matches!(self.part, Part::Name(_))
    }

    fn then(&'a self, part: Part<'a>) -> Self {
        Self {
            before: Some(self),
            part,
        }
    }
}

/// As protovalidate writes it: `events[3].attributes["region"]`.
impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(before) = self.before else {
            return Ok(());
        };
        before.fmt(f)?;
        match self.part {
            Part::Root => Ok(()),
            Part::Field(name) if before.before.is_none() => f.write_str(name),
            Part::Field(name) => write!(f, ".{name}"),
            Part::Index(index) => write!(f, "[{index}]"),
            // Quoted as JSON does it.
            Part::Key(key) | Part::Name(key) => write!(f, "[{}]", serde_json::Value::from(key)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_written_as_in_the_proto_file() {
        let root = Path::root();
        assert_eq!(root.to_string(), "");
        let events = root.field("events");
        let event = events.index(3);
        let attributes = event.field("attributes");
        assert_eq!(
            attributes.name_of("Bad").to_string(),
            r#"events[3].attributes["Bad"]"#
        );
    }
}
