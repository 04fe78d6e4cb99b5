//! Chooses events. Works on encoded events, so that one that is rejected costs no decoding.

use pavane::feed::v1 as pb;

use crate::Error;
use crate::record::EventView;

const MAX_TYPES: usize = 64;
const MAX_SUBJECTS: usize = 1_024;
const MAX_ATTRIBUTES: usize = 16;

/// Which events a reader wants; see `pavane.feed.v1.Filter`. The default passes everything.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    types: Vec<Pattern>,
    subjects: Vec<Pattern>,
    attributes: Vec<(Attribute, String)>,
}

#[derive(Debug, Clone)]
enum Pattern {
    Exactly(String),
    StartsWith(String),
}

impl Pattern {
    fn matches(&self, text: &str) -> bool {
        match self {
            Self::Exactly(expected) => text == expected,
            Self::StartsWith(prefix) => text.starts_with(prefix.as_str()),
        }
    }
}

#[derive(Debug, Clone)]
enum Attribute {
    Id,
    Source,
    CorrelationId,
    CausationId,
    Extension(String),
}

impl Filter {
    /// Passes everything.
    pub fn all() -> Self {
        Self::default()
    }

    /// Checks and prepares a filter. Errors: [`Error::InvalidFilter`].
    pub fn parse(filter: pb::Filter) -> Result<Self, Error> {
        let attributes = filter.attributes.len();
        if attributes > MAX_ATTRIBUTES {
            return Err(too_many("attributes", attributes, MAX_ATTRIBUTES));
        }
        Ok(Self {
            types: patterns("types", filter.types, MAX_TYPES)?,
            subjects: patterns("subjects", filter.subjects, MAX_SUBJECTS)?,
            attributes: filter
                .attributes
                .into_iter()
                .map(|(name, value)| Ok((attribute(name)?, value)))
                .collect::<Result<_, Error>>()?,
        })
    }

    pub(crate) fn passes_everything(&self) -> bool {
        self.types.is_empty() && self.subjects.is_empty() && self.attributes.is_empty()
    }

    pub(crate) fn passes(&self, event: &EventView<'_>) -> Result<bool, Error> {
        let any = |patterns: &[Pattern], text: &str| {
            patterns.is_empty() || patterns.iter().any(|pattern| pattern.matches(text))
        };
        if !any(&self.types, event.r#type) || !any(&self.subjects, event.subject) {
            return Ok(false);
        }
        for (attribute, expected) in &self.attributes {
            let found = match attribute {
                Attribute::Id => Some(event.id),
                Attribute::Source => Some(event.source),
                Attribute::CorrelationId => Some(event.correlation_id),
                Attribute::CausationId => Some(event.causation_id),
                Attribute::Extension(name) => event.attribute(name)?,
            };
            if found != Some(expected) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn patterns(field: &'static str, texts: Vec<String>, limit: usize) -> Result<Vec<Pattern>, Error> {
    if texts.len() > limit {
        return Err(too_many(field, texts.len(), limit));
    }
    texts.into_iter().map(|text| pattern(field, text)).collect()
}

fn pattern(field: &'static str, text: String) -> Result<Pattern, Error> {
    match text.find('*') {
        None if text.is_empty() => Err(Error::InvalidFilter {
            field,
            problem: "has an empty entry".to_owned(),
        }),
        None => Ok(Pattern::Exactly(text)),
        Some(position) if position + 1 == text.len() => {
            Ok(Pattern::StartsWith(text[..position].to_owned()))
        }
        Some(_) => Err(Error::InvalidFilter {
            field,
            problem: format!("has `{text}`: `*` is understood at the end only"),
        }),
    }
}

fn attribute(name: String) -> Result<Attribute, Error> {
    match name.as_str() {
        "id" => Ok(Attribute::Id),
        "source" => Ok(Attribute::Source),
        "correlation_id" => Ok(Attribute::CorrelationId),
        "causation_id" => Ok(Attribute::CausationId),
        _ if is_extension_name(&name) => Ok(Attribute::Extension(name)),
        _ => Err(Error::InvalidFilter {
            field: "attributes",
            problem: format!(
                "names `{name}`: expected `id`, `source`, `correlation_id`, `causation_id` or an \
                 extension attribute (a-z, 0-9)"
            ),
        }),
    }
}

/// CloudEvents 1.0: extension attributes are named with lower-case letters and digits.
pub(crate) fn is_extension_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

fn too_many(field: &'static str, found: usize, limit: usize) -> Error {
    Error::InvalidFilter {
        field,
        problem: format!("has {found} entries, expected at most {limit}"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use prost::Message;

    use super::*;

    fn check(types: &[&str], subjects: &[&str], attributes: &[(&str, &str)]) -> bool {
        let event = pb::Event {
            r#type: "shop.v1.Reserved".to_owned(),
            subject: "order-1".to_owned(),
            correlation_id: "c-1".to_owned(),
            attributes: HashMap::from([("region".to_owned(), "eu".to_owned())]),
            ..pb::Event::default()
        };
        let filter = Filter::parse(filter(types, subjects, attributes)).unwrap();
        let encoded = event.encode_to_vec();
        filter.passes(&EventView::parse(&encoded).unwrap()).unwrap()
    }

    fn filter(types: &[&str], subjects: &[&str], attributes: &[(&str, &str)]) -> pb::Filter {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        pb::Filter {
            types: owned(types),
            subjects: owned(subjects),
            attributes: attributes
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            any_of: Vec::new(),
        }
    }

    #[test]
    fn an_event_passes_when_it_matches_each_part_that_is_not_empty() {
        assert!(check(&[], &[], &[]));
        assert!(check(&["x", "shop.v1.Reserved"], &[], &[]));
        assert!(check(&["shop.v1.*"], &["order-*"], &[("region", "eu")]));
        assert!(check(&["*"], &[], &[("correlation_id", "c-1")]));
        assert!(!check(&["shop.v1.Reserve"], &[], &[]));
        assert!(!check(&["shop.v1.*"], &["order-2"], &[]));
        assert!(!check(&[], &[], &[("region", "us")]));
        assert!(!check(&[], &[], &[("tenant", "")]));
    }

    #[test]
    fn a_filter_that_makes_no_sense_is_refused() {
        let many = vec!["t"; MAX_TYPES + 1];
        let refused = [
            filter(&["a.*.b"], &[], &[]),
            filter(&["**"], &[], &[]),
            filter(&[], &[""], &[]),
            filter(&[], &[], &[("Region", "eu")]),
            filter(&many, &[], &[]),
        ];
        for filter in refused {
            let error = Filter::parse(filter).unwrap_err();
            assert!(matches!(error, Error::InvalidFilter { .. }), "{error}");
        }
    }
}
