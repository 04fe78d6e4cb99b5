//! Random expressions of a type. Where the grammar is sloppy, an operand is now and then of another.

use super::kind::{Kind, SCALARS, list, map, optional};
use super::random::Random;

mod containers;
mod scalars;

pub(super) struct Grammar<'r> {
    random: &'r mut Random,
    /// How often an operand is of a random type, in percent.
    sloppiness: usize,
    /// The variables around.
    locals: Vec<(String, Kind)>,
}

impl<'r> Grammar<'r> {
    pub(super) fn new(random: &'r mut Random, sloppiness: usize) -> Self {
        Self {
            random,
            sloppiness,
            locals: Vec::new(),
        }
    }

    pub(super) fn any_kind(&mut self) -> Kind {
        let scalar = SCALARS[self.random.below(SCALARS.len())].clone();
        match self.random.below(6) {
            0 => list(scalar),
            1 => map(self.key_kind(), scalar),
            2 => optional(scalar),
            3 if self.random.chance(30) => list(list(scalar)),
            _ => scalar,
        }
    }

    fn key_kind(&mut self) -> Kind {
        let keys = [Kind::String, Kind::Int, Kind::Bool, Kind::Uint];
        keys[self.random.below(4)].clone()
    }

    fn ordered_kind(&mut self) -> Kind {
        loop {
            let kind = SCALARS[self.random.below(SCALARS.len())].clone();
            if kind.has_order() {
                return kind;
            }
        }
    }

    /// An expression of a kind, nested at most so deep.
    pub(super) fn expression(&mut self, kind: &Kind, depth: usize) -> String {
        if self.random.chance(self.sloppiness) {
            let other = self.any_kind();
            return self.exactly(&other, depth);
        }
        self.exactly(kind, depth)
    }

    fn exactly(&mut self, kind: &Kind, depth: usize) -> String {
        let locals = self.locals.iter().filter(|(_, local)| local == kind);
        let locals: Vec<_> = locals.map(|(name, _)| name.clone()).collect();
        if !locals.is_empty() && self.random.chance(35) {
            return locals[self.random.below(locals.len())].clone();
        }
        if depth == 0 || self.random.chance(15) {
            return self.leaf(kind);
        }
        if self.random.chance(30) {
            return self.general(kind, depth - 1);
        }
        self.special(kind, depth - 1)
    }

    fn leaf(&mut self, kind: &Kind) -> String {
        let (paths, literals) = (kind.paths(), kind.literals());
        let takes_path = !paths.is_empty() && self.random.chance(65);
        let from = if takes_path { paths } else { literals };
        from[self.random.below(from.len())].to_owned()
    }

    /// Checks something with one more variable of a kind, whose name is given.
    fn with_local<T>(&mut self, kind: Kind, run: impl FnOnce(&mut Self, &str) -> T) -> T {
        let name = format!("v{}", self.locals.len());
        self.locals.push((name.clone(), kind));
        let result = run(self, &name);
        self.locals.pop();
        result
    }

    /// The elements of a list literal: of one kind, whatever the sloppiness, for a list of several
    /// kinds is one whose elements are checked when it is evaluated.
    fn elements(&mut self, kind: &Kind, depth: usize) -> String {
        let sloppiness = std::mem::take(&mut self.sloppiness);
        let count = 1 + self.random.below(3);
        let items: Vec<_> = (0..count).map(|_| self.exactly(kind, depth)).collect();
        self.sloppiness = sloppiness;
        items.join(", ")
    }

    /// What there is of any kind.
    fn general(&mut self, kind: &Kind, depth: usize) -> String {
        let of = |this: &mut Self, kind: &Kind| this.expression(kind, depth);
        match self.random.below(9) {
            0 => {
                let (condition, yes) = (of(self, &Kind::Bool), of(self, kind));
                format!("({condition} ? {yes} : {})", of(self, kind))
            }
            1 => format!(
                "{}[{}]",
                of(self, &list(kind.clone())),
                of(self, &Kind::Int)
            ),
            2 => {
                let key = self.key_kind();
                format!(
                    "{}[{}]",
                    of(self, &map(key.clone(), kind.clone())),
                    of(self, &key)
                )
            }
            3 => {
                let bound = self.any_kind();
                let value = of(self, &bound);
                self.with_local(bound, |this, name| {
                    format!(
                        "cel.bind({name}, {value}, {})",
                        this.expression(kind, depth)
                    )
                })
            }
            4 => {
                let maybe = of(self, &optional(kind.clone()));
                format!("{maybe}.orValue({})", of(self, kind))
            }
            5 => format!("{}.value()", of(self, &optional(kind.clone()))),
            6 => format!("{}.last().value()", of(self, &list(kind.clone()))),
            7 => format!("[{}].first().value()", self.elements(kind, depth)),
            _ => format!("{{'a': {}}}.a", of(self, kind)),
        }
    }

    fn special(&mut self, kind: &Kind, depth: usize) -> String {
        match kind {
            Kind::Bool => self.bool(depth),
            Kind::Int => self.int(depth),
            Kind::List(element) => self.list(element, depth),
            Kind::Map(key, value) => self.map(key, value, depth),
            Kind::Optional(inner) => self.optional(inner, depth),
            _ => self.scalar(kind, depth),
        }
    }

    /// Fills the places of a random one of some patterns: `%b` with a bool, and so on.
    fn pattern(&mut self, patterns: &[&str], depth: usize) -> String {
        let pattern = patterns[self.random.below(patterns.len())];
        let mut made = String::new();
        let mut rest = pattern;
        while let Some(at) = rest.find('%') {
            made.push_str(&rest[..at]);
            let letter = rest[at + 1..].chars().next().expect("a letter follows");
            rest = &rest[at + 2..];
            if letter == '%' {
                made.push('%');
                continue;
            }
            let kind = match letter {
                'b' => Kind::Bool,
                'i' => Kind::Int,
                'u' => Kind::Uint,
                'd' => Kind::Double,
                's' => Kind::String,
                'y' => Kind::Bytes,
                't' => Kind::Timestamp,
                'p' => Kind::Duration,
                'c' => Kind::Color,
                'm' => Kind::Inner,
                'a' => Kind::Amount,
                'n' => Kind::Any,
                'w' => Kind::Wrapped,
                'I' => list(Kind::Int),
                'S' => list(Kind::String),
                'M' => list(Kind::Inner),
                'A' => list(Kind::Amount),
                'D' => list(Kind::Double),
                'P' => list(Kind::Duration),
                'Q' => map(Kind::String, Kind::Int),
                'O' => optional(Kind::Int),
                other => unreachable!("{other} stands for nothing"),
            };
            made.push_str(&self.expression(&kind, depth));
        }
        made + rest
    }

    fn bool(&mut self, depth: usize) -> String {
        match self.random.below(8) {
            0 => {
                let kind = self.any_kind();
                let left = self.expression(&kind, depth);
                format!("({left} == {})", self.expression(&kind, depth))
            }
            1 => {
                let kind = self.ordered_kind();
                let sign = self.random.one_of(&["<", "<=", ">", ">="]);
                let left = self.expression(&kind, depth);
                format!("({left} {sign} {})", self.expression(&kind, depth))
            }
            2 => {
                let kind = self.any_kind();
                let element = self.expression(&kind, depth);
                format!("({element} in {})", self.expression(&list(kind), depth))
            }
            3 => self.quantified(depth),
            _ => self.pattern(
                &[
                    "(%b && %b)",
                    "(%b || %b)",
                    "!%b",
                    "%s.contains(%s)",
                    "%s.startsWith(%s)",
                    "%s.matches('^[a-z]+$')",
                    "%s.matches(%s)",
                    "%O.hasValue()",
                    "%n.is(test.Inner)",
                    "bool(%s)",
                    "math.isNaN(%d)",
                    "sets.contains(%I, %I)",
                    "sets.intersects(%M, %M)",
                    "has(%m.inner)",
                    "has(%m.maybe)",
                    "(%s in %Q)",
                    "(%w == null)",
                    "(%m.inner.texts == %S)",
                    "(type(%i) == type(%s))",
                    "(%i < %d)",
                    "(%u >= %i)",
                ],
                depth,
            ),
        }
    }

    fn quantified(&mut self, depth: usize) -> String {
        let kind = self.any_kind();
        let range = self.expression(&list(kind.clone()), depth);
        let name = self.random.one_of(&["all", "exists", "exists_one"]);
        if self.random.chance(70) {
            return self.with_local(kind, |this, element| {
                let body = this.expression(&Kind::Bool, depth);
                format!("{range}.{name}({element}, {body})")
            });
        }
        self.with_local(Kind::Int, |this, index| {
            this.with_local(kind, |this, element| {
                let body = this.expression(&Kind::Bool, depth);
                format!("{range}.{name}({index}, {element}, {body})")
            })
        })
    }
}
