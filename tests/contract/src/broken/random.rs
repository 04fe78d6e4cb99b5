//! Random messages around the bounds of their rules: sound, at the bound, broken in one place or in
//! several.

use prost_reflect::{DynamicMessage, Kind, MessageDescriptor};
use rand::Rng;
use rand::seq::IndexedRandom;

use super::options::of_field;
use super::{values, within};

/// How deep something is changed.
const DEPTH: usize = 3;

/// A message in which each field is left, or made sound, or is at a bound, or broken.
pub fn random(message: &MessageDescriptor, random: &mut impl Rng) -> DynamicMessage {
    let mut made = super::sound(message);
    if random.random_ratio(1, 3) {
        let broken = within(message, DEPTH);
        if let Some(one) = broken.choose(random) {
            made = one.message.clone();
        }
    }
    for field in message.fields() {
        let options = of_field(&field);
        let choices = match random.random_range(0..4) {
            0 => vec![values::sound(&field, &options)],
            1 => values::edges(&field, &options),
            2 => values::wrong(&field, &options)
                .into_iter()
                .map(|(_, _, value)| value)
                .collect(),
            _ => Vec::new(),
        };
        // A recursive message would have no end.
        let is_recursive = matches!(field.kind(), Kind::Message(inner) if inner == *message);
        if let Some(value) = choices.choose(random).filter(|_| !is_recursive) {
            made.set_field(&field, value.clone());
        }
        if random.random_ratio(1, 12) {
            made.clear_field(&field);
        }
    }
    made
}
