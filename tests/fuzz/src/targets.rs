//! What is thrown at, by name.

use anyhow::{Result, bail};

use crate::Target;

mod definitions;
mod descriptors;
mod expressions;
mod fixtures;
mod messages;
mod shop;

/// The targets that a run of all tests takes.
pub const ALL: [&str; 3] = ["definitions", "expressions", "descriptors"];

/// A target, ready. Errors: there is none of this name.
pub fn named(name: &str) -> Result<Box<dyn Target>> {
    Ok(match name {
        "definitions" => Box::new(definitions::Definitions),
        "expressions" => Box::new(expressions::Expressions::new()),
        "descriptors" => Box::new(descriptors::Descriptors::new()?),
        name => match fixtures::named(name) {
            Some(fixture) => Box::new(fixture),
            None => bail!(
                "there is no target `{name}`, expected one of {}",
                ALL.join(", ")
            ),
        },
    })
}
