//! What is said of a file that cannot be read: where, what, and what was probably meant.

/// The message of the parser, and the nearest of the names that it expected.
pub(super) fn explain(error: &toml::de::Error) -> String {
    let text = error.to_string();
    let text = text.trim_end();
    match nearest(error.message()) {
        Some(name) => format!("{text}\ndid you mean `{name}`?"),
        None => text.to_owned(),
    }
}

/// Of `unknown field `x`, expected one of `a`, `b`` the one that is nearest to `x`.
fn nearest(message: &str) -> Option<String> {
    let mut quoted = message.strip_prefix("unknown field ")?.split('`');
    quoted.next()?;
    let found = quoted.next()?;
    // Every other piece is between two names.
    let names: Vec<&str> = quoted.skip(1).step_by(2).collect();
    pavane::nearest(found, names.iter().copied()).map(ToString::to_string)
}
