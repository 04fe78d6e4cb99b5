//! The file `IDENTITY` beside the database: whose store this is, and which feeds it has, each with
//! its incarnation and a number that its head never falls below. The database says the same; when it
//! says less, it has lost something. Written whole or not at all, and only after the database.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use crate::cursor::Incarnation;
use crate::feed::Core;
use crate::{Error, Sequence};

pub(super) const IDENTITY_FILE: &str = "IDENTITY";

/// What the file says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) owner: Option<String>,
    pub(super) feeds: Vec<Known>,
}

/// A feed that the database has to have.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Known {
    name: String,
    incarnation: Incarnation,
    head: Sequence,
}

impl Identity {
    /// `None` if the store was made before there was such a file.
    pub(super) fn read(folder: &Path) -> Result<Option<Self>, Error> {
        let path = folder.join(IDENTITY_FILE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::io(format!("read {}", path.display()), error)),
        };
        match parse(&text) {
            Ok(identity) => Ok(Some(identity)),
            Err(line) => Err(Error::NotAStore {
                dir: folder.to_owned(),
                problem: format!(
                    "`{IDENTITY_FILE}` says {:?}, expected an owner or a feed",
                    line.chars().take(64).collect::<String>()
                ),
            }),
        }
    }

    pub(super) fn of(owner: Option<&str>, feeds: &HashMap<String, Arc<Core>>) -> Self {
        let mut feeds: Vec<_> = feeds
            .values()
            .map(|core| Known {
                name: core.name.clone(),
                incarnation: core.incarnation,
                head: core.live.head(),
            })
            .collect();
        feeds.sort_by(|a, b| a.name.cmp(&b.name));
        Self {
            owner: owner.map(str::to_owned),
            feeds,
        }
    }

    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        let mut line = |line: std::fmt::Arguments<'_>| {
            writeln!(text, "{line}").expect("writing to a string cannot fail");
        };
        if let Some(owner) = &self.owner {
            line(format_args!("owner {owner}"));
        }
        for feed in &self.feeds {
            let (name, incarnation, head) = (&feed.name, feed.incarnation, feed.head);
            line(format_args!("feed {name} {incarnation} {head}"));
        }
        text
    }

    /// What the database has lost, if it has lost anything.
    pub(super) fn lost(&self, found: &HashMap<String, Arc<Core>>) -> Option<String> {
        self.feeds.iter().find_map(|known| {
            let name = &known.name;
            let Some(core) = found.get(name) else {
                return Some(format!("feed `{name}` is missing"));
            };
            if core.incarnation != known.incarnation {
                return Some(format!("feed `{name}` is another of the same name"));
            }
            let head = core.live.head();
            let (expected, short) = (known.head, head < known.head);
            short.then(|| format!("feed `{name}` ends at {head}, but had come to {expected}"))
        })
    }
}

/// Errors: the line that cannot be read.
fn parse(text: &str) -> Result<Identity, &str> {
    let mut identity = Identity::default();
    for line in text.lines() {
        let words: Vec<_> = line.split(' ').collect();
        match words[..] {
            ["owner", owner] => identity.owner = Some(owner.to_owned()),
            ["feed", name, incarnation, head] => identity.feeds.push(Known {
                name: name.to_owned(),
                incarnation: Incarnation::parse(incarnation).ok_or(line)?,
                head: Sequence::new(head.parse().map_err(|_| line)?),
            }),
            _ => return Err(line),
        }
    }
    Ok(identity)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_read_as_it_was_written() {
        let identity = Identity {
            owner: Some("inventory".to_owned()),
            feeds: vec![Known {
                name: "orders".to_owned(),
                incarnation: Incarnation::random(),
                head: Sequence::new(7),
            }],
        };
        assert_eq!(parse(&identity.text()), Ok(identity));
        assert_eq!(parse(""), Ok(Identity::default()));
        for line in ["owner", "feed orders", "feed orders 0 1", "else"] {
            assert_eq!(parse(line), Err(line));
        }
    }
}
