//! Chooses events. Works on encoded events, so that one that is rejected costs no decoding.

mod parts;

use pavane::feed::v1 as pb;

pub(crate) use parts::is_extension_name;

use self::parts::Parts;
use crate::Error;
use crate::record::EventView;

/// Which events a reader wants; see `pavane.feed.v1.Filter`. The default passes everything.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// What every event must match.
    parts: Parts,
    /// Besides these, one of which it must match; none: no further condition.
    alternatives: Vec<Parts>,
}

impl Filter {
    /// Passes everything.
    pub fn all() -> Self {
        Self::default()
    }

    /// Checks and prepares a filter. Errors: [`Error::InvalidFilter`].
    pub fn parse(mut filter: pb::Filter) -> Result<Self, Error> {
        let any_of = std::mem::take(&mut filter.any_of);
        let parts = Parts::parse(filter, "")?;
        let mut alternatives = any_of
            .into_iter()
            .enumerate()
            .map(|(index, alternative)| parse_alternative(index, alternative))
            .collect::<Result<Vec<_>, _>>()?;
        // One that is always met makes the others pointless.
        if alternatives.iter().any(Parts::pass_everything) {
            alternatives.clear();
        }
        Ok(Self {
            parts,
            alternatives,
        })
    }

    pub(crate) fn passes_everything(&self) -> bool {
        self.parts.pass_everything() && self.alternatives.is_empty()
    }

    /// The subject that every event must have to pass, if there is exactly one.
    pub(crate) fn only_subject(&self) -> Option<&str> {
        self.parts.only_subject()
    }

    pub(crate) fn passes(&self, event: &EventView<'_>) -> Result<bool, Error> {
        if !self.parts.pass(event)? {
            return Ok(false);
        }
        for alternative in &self.alternatives {
            if alternative.pass(event)? {
                return Ok(true);
            }
        }
        Ok(self.alternatives.is_empty())
    }
}

fn parse_alternative(index: usize, alternative: pb::Filter) -> Result<Parts, Error> {
    if !alternative.any_of.is_empty() {
        return Err(Error::InvalidFilter {
            field: format!("any_of[{index}].any_of"),
            problem: "is set: an alternative has no alternatives of its own".to_owned(),
        });
    }
    Parts::parse(alternative, &format!("any_of[{index}]."))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use prost::Message;

    use super::*;

    fn check(types: &[&str], subjects: &[&str], attributes: &[(&str, &str)]) -> bool {
        check_filter(filter(types, subjects, attributes))
    }

    fn check_filter(filter: pb::Filter) -> bool {
        let event = pb::Event {
            r#type: "shop.v1.Reserved".to_owned(),
            subject: "order-1".to_owned(),
            correlation_id: "c-1".to_owned(),
            attributes: HashMap::from([
                ("region".to_owned(), "eu".to_owned()),
                ("step".to_owned(), "w/reserve".to_owned()),
            ]),
            ..pb::Event::default()
        };
        let encoded = event.encode_to_vec();
        let filter = Filter::parse(filter).unwrap();
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

    fn any_of(parts: pb::Filter, alternatives: impl Into<Vec<pb::Filter>>) -> pb::Filter {
        pb::Filter {
            any_of: alternatives.into(),
            ..parts
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
    fn an_event_passes_when_it_also_matches_one_of_the_alternatives() {
        let none = || filter(&[], &[], &[]);
        let reserve = || filter(&["shop.v1.*"], &[], &[("step", "w/reserve")]);
        let charge = || filter(&["shop.v1.*"], &[], &[("step", "w/charge")]);
        let other = || filter(&["other.*"], &[], &[]);
        assert!(check_filter(any_of(none(), [charge(), reserve()])));
        assert!(!check_filter(any_of(none(), [charge(), other()])));
        assert!(!check_filter(any_of(other(), [reserve()])));
        assert!(check_filter(any_of(reserve(), [other(), none()])));
    }

    #[test]
    fn only_one_exact_subject_is_looked_up() {
        let only = |filter| Filter::parse(filter).map(|it| it.only_subject().map(str::to_owned));
        let subjects = |subjects: &[&str]| filter(&["t"], subjects, &[("step", "s")]);
        assert_eq!(only(subjects(&["a"])).unwrap().as_deref(), Some("a"));
        assert_eq!(only(subjects(&["a", "a"])).unwrap().as_deref(), Some("a"));
        for several in [&["a", "b"][..], &["a*"], &["a", "b*"], &[]] {
            assert_eq!(only(subjects(several)).unwrap(), None, "{several:?}");
        }
        let within = any_of(filter(&[], &[], &[]), [subjects(&["a"])]);
        assert_eq!(only(within).unwrap(), None);
    }

    #[test]
    fn a_filter_that_makes_no_sense_is_refused() {
        let none = || filter(&[], &[], &[]);
        let refused = [
            (filter(&["a.*.b"], &[], &[]), "types"),
            (filter(&["**"], &[], &[]), "types"),
            (filter(&[], &[""], &[]), "subjects"),
            (filter(&[], &[], &[("Region", "eu")]), "attributes"),
            (
                any_of(none(), [none(), filter(&["*a"], &[], &[])]),
                "any_of[1].types",
            ),
            (
                any_of(none(), [any_of(none(), [none()])]),
                "any_of[0].any_of",
            ),
        ];
        for (filter, expected) in refused {
            match Filter::parse(filter).unwrap_err() {
                Error::InvalidFilter { field, .. } => assert_eq!(field, expected),
                other => panic!("{other}"),
            }
        }
    }
}
