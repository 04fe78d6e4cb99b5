//! Messages, field by field and through all that is in them.

use std::collections::HashSet;

use prost_reflect::{Kind, MessageDescriptor};

use super::field::{Field, Shape, fields_of};
use super::{Fields, Finding, Severity, Way, enums, exclusive, kinds};

/// The well-known types do not change.
const FROZEN: &str = "google.protobuf.";

/// The comparison of one method.
pub(super) struct Comparison<'a> {
    method: &'a str,
    json: bool,
    /// Messages that were compared: a type may contain itself, and occur in many places.
    seen: HashSet<(Way, String)>,
    found: Vec<Finding>,
}

/// Two messages that take each other's place.
struct Pair<'a> {
    was: &'a MessageDescriptor,
    is: &'a MessageDescriptor,
    way: Way,
    path: &'a str,
}

impl<'a> Comparison<'a> {
    pub(super) fn new(method: &'a str, json: bool) -> Self {
        Self {
            method,
            json,
            seen: HashSet::new(),
            found: Vec::new(),
        }
    }

    pub(super) fn json(&self) -> bool {
        self.json
    }

    pub(super) fn breaking(&mut self, path: &str, was: &str, is: &str, why: &str) {
        self.add(Severity::Breaking, path, was, is, why);
    }

    pub(super) fn compatible(&mut self, path: &str, was: &str, is: &str, why: &str) {
        self.add(Severity::Compatible, path, was, is, why);
    }

    fn add(&mut self, severity: Severity, path: &str, was: &str, is: &str, why: &str) {
        self.found.push(Finding {
            severity,
            method: self.method.to_owned(),
            path: path.to_owned(),
            was: was.to_owned(),
            is: is.to_owned(),
            why: why.to_owned(),
        });
    }

    pub(super) fn finish(mut self) -> Vec<Finding> {
        self.found.sort_by_key(|finding| finding.severity);
        self.found
    }

    /// Compares the message that a method takes or gives.
    pub(super) fn top(
        &mut self,
        way: Way,
        was: &MessageDescriptor,
        is: &MessageDescriptor,
        used: &Fields,
    ) {
        let path = match way {
            Way::Request => "request",
            Way::Response => "response",
        };
        if was.full_name() != is.full_name() {
            let why = "a message of another name is another message";
            self.breaking(path, was.full_name(), is.full_name(), why);
            return;
        }
        let pair = Pair { was, is, way, path };
        self.message(&pair, used);
    }

    fn message(&mut self, pair: &Pair<'_>, used: &Fields) {
        if pair.was.full_name().starts_with(FROZEN) {
            return;
        }
        // What is used only in part at the top may be used whole further down.
        if *used == Fields::All && !pair.was.is_map_entry() {
            let key = (pair.way, pair.was.full_name().to_owned());
            if !self.seen.insert(key) {
                return;
            }
        }
        let (before, after) = (fields_of(pair.was), fields_of(pair.is));
        for was in &before {
            let path = join(pair.path, &was.name);
            let is_used = used.contains(&was.name) || used.contains(&was.json_name);
            match after.iter().find(|is| is.number == was.number) {
                None => self.gone(was, &after, is_used, &path, pair.way),
                Some(is) if !is_used => self.unused(was, is, pair.way, &path),
                Some(is) => self.field(was, is, &before, pair, &path),
            }
        }
        for is in &after {
            if !before.iter().any(|was| was.number == is.number) {
                let path = join(pair.path, &is.name);
                self.added(is, &before, &path, pair.way);
            }
        }
    }

    /// Compares two fields of one number of which nobody writes or reads the one: it may still have to be
    /// there.
    fn unused(&mut self, was: &Field, is: &Field, way: Way, path: &str) {
        let is_required = [was.shape, is.shape].contains(&Shape::Required);
        if let Some(why) = shape_problem(was, is, way).filter(|_| is_required) {
            self.breaking(path, &was.declaration(), &is.declaration(), why);
        }
    }

    fn gone(&mut self, was: &Field, after: &[Field], is_used: bool, path: &str, way: Way) {
        let elsewhere = after.iter().find(|is| is.name == was.name);
        let is = elsewhere.map_or_else(|| "nothing".to_owned(), Field::declaration);
        let (was_shown, required) = (was.declaration(), was.shape == Shape::Required);
        match way {
            Way::Response if required => {
                let why = "it was required: without it the response cannot be read";
                self.breaking(path, &was_shown, &is, why);
            }
            _ if !is_used => {
                self.compatible(path, &was_shown, &is, "it is not used");
            }
            _ if elsewhere.is_some() => {
                let why = "the field has another number: what is sent under the one is not read under the other";
                self.breaking(path, &was_shown, &is, why);
            }
            Way::Request => {
                self.breaking(
                    path,
                    &was_shown,
                    &is,
                    "what is sent in it is not read any more",
                );
            }
            Way::Response => {
                self.breaking(path, &was_shown, &is, "it is never set any more");
            }
        }
    }

    fn added(&mut self, is: &Field, before: &[Field], path: &str, way: Way) {
        if before.iter().any(|was| was.name == is.name) {
            return; // said of the one that is gone
        }
        if is.shape == Shape::Required && way == Way::Request {
            let why = "it is required, and those who send requests do not know of it";
            self.breaking(path, "nothing", &is.declaration(), why);
        } else {
            self.compatible(path, "nothing", &is.declaration(), "a new field");
        }
    }

    /// Compares two fields of one number.
    fn field(&mut self, was: &Field, is: &Field, before: &[Field], pair: &Pair<'_>, path: &str) {
        let (was_shown, is_shown) = (was.declaration(), is.declaration());
        let name_was_elsewhere = before
            .iter()
            .any(|other| other.name == is.name && other.number != is.number);
        if was.name != is.name && name_was_elsewhere {
            let why = "the number belongs to another field now: the one is read as the other";
            self.breaking(path, &was_shown, &is_shown, why);
            return;
        }
        if let Some(why) = shape_problem(was, is, pair.way) {
            self.breaking(path, &was_shown, &is_shown, why);
            return;
        }
        let found = self.found.len();
        self.kind(was, is, pair.way, path);
        if self.found[found..]
            .iter()
            .any(|finding| finding.path == path)
            && self.found[found..]
                .iter()
                .any(|finding| finding.severity == Severity::Breaking)
        {
            return;
        }
        if was.name != is.name || (self.json && was.json_name != is.json_name) {
            self.renamed(was, is, path);
        }
        if was.default != is.default {
            let default = |field: &Field| match &field.default {
                Some(default) => format!("{} [default = {default}]", field.declaration()),
                None => field.declaration(),
            };
            let why = "where it is not set it reads as something else";
            self.breaking(path, &default(was), &default(is), why);
        } else if was.shape != is.shape {
            let why = "whether it is set is told in another way";
            self.compatible(path, &was_shown, &is_shown, why);
        }
        if let Some((change, why)) = exclusive::problem(was.number, pair.was, pair.is, pair.way) {
            self.breaking(path, &was_shown, &change, why);
        }
    }

    /// Compares what the two hold.
    fn kind(&mut self, was: &Field, is: &Field, way: Way, path: &str) {
        let (was_shown, is_shown) = (was.declaration(), is.declaration());
        match (&was.kind, &is.kind) {
            (Kind::Message(one), Kind::Message(other)) => {
                if was.is_group != is.is_group {
                    let why = "a group and a message are encoded differently";
                    self.breaking(path, &was_shown, &is_shown, why);
                } else if one.full_name() != other.full_name() && was.shape != Shape::Map {
                    let why = "a message of another name is another message";
                    self.breaking(path, &was_shown, &is_shown, why);
                } else {
                    let pair = Pair {
                        was: one,
                        is: other,
                        way,
                        path,
                    };
                    self.message(&pair, &Fields::All);
                }
            }
            (Kind::Enum(one), Kind::Enum(other)) if one.full_name() == other.full_name() => {
                let key = (way, one.full_name().to_owned());
                if self.seen.insert(key) {
                    enums::compare(one, other, way, path, self);
                }
            }
            (Kind::Enum(_), Kind::Enum(_)) => {
                let why = "an enum of another name is another enum";
                self.breaking(path, &was_shown, &is_shown, why);
            }
            (one, other) => {
                let (written, read) = match way {
                    Way::Request => (one, other),
                    Way::Response => (other, one),
                };
                match kinds::problem(written, read, way, self.json) {
                    Some(why) => self.breaking(path, &was_shown, &is_shown, why),
                    None if one != other => {
                        let why = "every value of the one is a value of the other";
                        self.compatible(path, &was_shown, &is_shown, why);
                    }
                    None => {}
                }
            }
        }
    }

    fn renamed(&mut self, was: &Field, is: &Field, path: &str) {
        let (was_shown, is_shown) = (was.declaration(), is.declaration());
        if self.json && was.json_name != is.json_name {
            let why = "in JSON fields go by their names";
            let shown = |field: &Field, declaration: String| match was.name == is.name {
                true => format!("{declaration} [json_name = \"{}\"]", field.json_name),
                false => declaration,
            };
            self.breaking(path, &shown(was, was_shown), &shown(is, is_shown), why);
        } else {
            let why = "the number has another name; if it means another thing as well, this breaks";
            self.compatible(path, &was_shown, &is_shown, why);
        }
    }
}

/// Why what is there as often as the one says cannot be read as the other.
fn shape_problem(was: &Field, is: &Field, way: Way) -> Option<&'static str> {
    const OFTEN: &str = "one value and many are written differently";
    match (was.shape, is.shape) {
        (one, other) if one == other => None,
        (Shape::List | Shape::Map, _) | (_, Shape::List | Shape::Map) => Some(OFTEN),
        (_, Shape::Required) if way == Way::Request => {
            Some("it is required now, and may be missing in what is sent")
        }
        (Shape::Required, _) if way == Way::Response => Some(
            "it was required, and may be missing from now on: then the response cannot be read",
        ),
        _ => None,
    }
}

fn join(path: &str, name: &str) -> String {
    format!("{path}.{name}")
}
