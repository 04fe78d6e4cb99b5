//! What prost calls messages, fields and choices in Rust, and where it puts them.

use protox::prost_reflect::MessageDescriptor;

/// The words that Rust keeps for itself, of those that fields are called by.
const KEYWORDS: [&str; 8] = ["as", "await", "for", "in", "match", "ref", "type", "where"];

/// Where prost puts a message: `crate::feed::v1::subscribe_response::Batch`.
pub(crate) fn type_path(message: &MessageDescriptor) -> String {
    match message.parent_message() {
        Some(parent) => format!("{}::{}", module_of(&parent), message.name()),
        None => format!("{}::{}", package_path(message), message.name()),
    }
}

/// Where prost puts what is within a message.
pub(crate) fn module_of(message: &MessageDescriptor) -> String {
    let name = snake(message.name());
    match message.parent_message() {
        Some(parent) => format!("{}::{name}", module_of(&parent)),
        None => format!("{}::{name}", package_path(message)),
    }
}

fn package_path(message: &MessageDescriptor) -> String {
    let package = message.package_name();
    let package = package.strip_prefix("pavane.").unwrap_or(package);
    format!("crate::{}", package.replace('.', "::"))
}

pub(crate) fn ident(name: &str) -> String {
    match KEYWORDS.contains(&name) {
        true => format!("r#{name}"),
        false => name.to_owned(),
    }
}

fn snake(name: &str) -> String {
    let mut snake = String::new();
    for character in name.chars() {
        if character.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(character.to_ascii_lowercase());
    }
    snake
}

pub(crate) fn upper_camel(name: &str) -> String {
    let words = name.split('_').map(|word| {
        let (first, rest) = word.split_at(1);
        first.to_ascii_uppercase() + rest
    });
    words.collect()
}
