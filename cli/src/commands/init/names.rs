//! Names of one kind made of names of another.

use pavane_flow::language;

use crate::error::Error;

/// Longest name of a workflow.
const MAX_BYTES: usize = 64;

/// Whether expressions cannot say it.
pub(super) fn is_reserved(word: &str) -> bool {
    // The last two only where a step awaits an event; that may come.
    language::is_reserved(word) || matches!(word, "event" | "data")
}

/// Errors: it is no name of a workflow.
pub(super) fn check_workflow(name: &str) -> Result<(), Error> {
    let begins = name.starts_with(|c: char| c.is_ascii_lowercase());
    let goes_on = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if begins && name.chars().all(goes_on) && name.len() <= MAX_BYTES {
        return Ok(());
    }
    Err(Error::usage(format!(
        "`{name}` cannot be the name of a workflow: expected lower-case letters, digits and `-`, \
         beginning with a letter, at most {MAX_BYTES} bytes"
    )))
}

/// `place_order` of `PlaceOrder`, `get_http_url` of `GetHTTPUrl`.
pub(super) fn snake(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut made = String::new();
    for (at, letter) in letters.iter().enumerate() {
        let after_small = at > 0 && !letters[at - 1].is_uppercase();
        let before_small = at > 0 && letters.get(at + 1).is_some_and(|next| next.is_lowercase());
        if letter.is_uppercase() && (after_small || before_small) && !made.ends_with('_') {
            made.push('_');
        }
        made.push(letter.to_ascii_lowercase());
    }
    made
}

/// `PlaceOrder` of `place-order` or `place_order`.
pub(super) fn pascal(name: &str) -> String {
    let words = name.split(['-', '_']);
    words
        .flat_map(|word| {
            let mut letters = word.chars();
            let first = letters.next().map(|first| first.to_ascii_uppercase());
            first.into_iter().chain(letters)
        })
        .collect()
}

/// The id of a step that calls a method, unlike those that there are.
pub(super) fn step(method: &str, taken: &[String]) -> String {
    let stem: String = snake(method).chars().take(MAX_BYTES - 5).collect();
    let stem = stem.trim_matches('_');
    if !is_reserved(stem) && !taken.iter().any(|id| id == stem) {
        return stem.to_owned();
    }
    (1..)
        .map(|number| format!("{stem}_{number}"))
        .find(|id| !taken.contains(id))
        .expect("there is always another number")
}
