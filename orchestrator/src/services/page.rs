//! Pages of lists (AIP-158): sizes that are cut, tokens that are checked.

use crate::Error;

/// How many to return: 0 is the default, more than the most is the most. That there are not less than
/// 0 is a rule of the contract.
pub(super) fn size(asked: i32, default: usize, most: usize) -> usize {
    match usize::try_from(asked) {
        Ok(0) | Err(_) => default,
        Ok(size) => size.min(most),
    }
}

/// A token that was not made by an earlier page.
pub(super) fn invalid_token(token: &str) -> Error {
    Error::InvalidArgument {
        field: "page_token",
        problem: format!("`{token}` is none; expected `next_page_token` of the page before"),
    }
}
