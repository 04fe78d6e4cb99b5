//! Lists, maps and optionals.

use super::Grammar;
use crate::soundness::kind::{Kind, list, map, optional};

impl Grammar<'_> {
    pub(super) fn list(&mut self, element: &Kind, depth: usize) -> String {
        let whole = list(element.clone());
        match self.random.below(12) {
            0 => {
                let left = self.expression(&whole, depth);
                format!("({left} + {})", self.expression(&whole, depth))
            }
            1 => {
                let from = self.any_kind();
                let range = self.expression(&list(from.clone()), depth);
                self.with_local(from, |this, name| {
                    format!("{range}.map({name}, {})", this.expression(element, depth))
                })
            }
            2 => {
                let range = self.expression(&whole, depth);
                self.with_local(element.clone(), |this, name| {
                    format!(
                        "{range}.filter({name}, {})",
                        this.expression(&Kind::Bool, depth)
                    )
                })
            }
            3 => {
                let range = self.expression(&whole, depth);
                let by = self.ordered_kind();
                self.with_local(element.clone(), |this, name| {
                    format!("{range}.sortBy({name}, {})", this.expression(&by, depth))
                })
            }
            4 => {
                let (key, value) = (self.key_kind(), self.any_kind());
                let range = self.expression(&map(key.clone(), value.clone()), depth);
                self.with_local(key, |this, key| {
                    this.with_local(value, |this, value| {
                        let body = this.expression(element, depth);
                        format!("{range}.transformList({key}, {value}, {body})")
                    })
                })
            }
            5 => format!("{}.distinct()", self.expression(&whole, depth)),
            6 => format!("{}.reverse()", self.expression(&whole, depth)),
            7 => {
                let range = self.expression(&whole, depth);
                format!(
                    "{range}.slice({})",
                    self.pattern(&["0, %i", "%i, 2"], depth)
                )
            }
            8 if !matches!(element, Kind::List(_)) => {
                format!("{}.flatten()", self.expression(&list(whole), depth))
            }
            9 => format!("[?{}]", self.expression(&optional(element.clone()), depth)),
            10 if element.has_order() => format!("{}.sort()", self.expression(&whole, depth)),
            11 if *element == Kind::String => {
                self.pattern(&["%s.split(%s)", "%s.split('', %i)"], depth)
            }
            11 if *element == Kind::Int => self.pattern(&["lists.range(%s.size())"], depth),
            _ => format!("[{}]", self.elements(element, depth)),
        }
    }

    pub(super) fn map(&mut self, key: &Kind, value: &Kind, depth: usize) -> String {
        match self.random.below(4) {
            0 => {
                let from = self.any_kind();
                let range = self.expression(&map(key.clone(), from.clone()), depth);
                self.with_local(key.clone(), |this, key| {
                    this.with_local(from, |this, from| {
                        let body = this.expression(value, depth);
                        format!("{range}.transformMap({key}, {from}, {body})")
                    })
                })
            }
            1 => {
                let from = self.any_kind();
                let range = self.expression(&list(from.clone()), depth);
                self.with_local(Kind::Int, |this, index| {
                    this.with_local(from, |this, from| {
                        let (key, value) =
                            (this.expression(key, depth), this.expression(value, depth));
                        format!("{range}.transformMapEntry({index}, {from}, {{{key}: {value}}})")
                    })
                })
            }
            _ => {
                let key = self.expression(key, depth);
                let value = self.expression(value, depth);
                format!("{{{key}: {value}}}")
            }
        }
    }

    pub(super) fn optional(&mut self, inner: &Kind, depth: usize) -> String {
        let whole = optional(inner.clone());
        match self.random.below(8) {
            0 => format!("{}.first()", self.expression(&list(inner.clone()), depth)),
            1 => {
                let range = self.expression(&list(inner.clone()), depth);
                format!("{range}[?{}]", self.expression(&Kind::Int, depth))
            }
            2 => {
                let key = self.key_kind();
                let range = self.expression(&map(key.clone(), inner.clone()), depth);
                format!("{range}[?{}]", self.expression(&key, depth))
            }
            3 => {
                let from = self.any_kind();
                let range = self.expression(&optional(from.clone()), depth);
                self.with_local(from, |this, name| {
                    format!("{range}.optMap({name}, {})", this.expression(inner, depth))
                })
            }
            4 => {
                let from = self.any_kind();
                let range = self.expression(&optional(from.clone()), depth);
                self.with_local(from, |this, name| {
                    format!(
                        "{range}.optFlatMap({name}, {})",
                        this.expression(&whole, depth)
                    )
                })
            }
            5 => {
                let left = self.expression(&whole, depth);
                format!("{left}.or({})", self.expression(&whole, depth))
            }
            6 => format!("optional.ofNonZeroValue({})", self.expression(inner, depth)),
            _ => format!("optional.of({})", self.expression(inner, depth)),
        }
    }
}
