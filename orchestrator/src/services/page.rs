//! Pages of lists (AIP-158): sizes that are cut, tokens that are checked.

use crate::Error;

/// How many to return: 0 is the default, more than the most is the most.
/// Errors: [`Error::InvalidArgument`] for less than 0.
pub(super) fn size(asked: i32, default: usize, most: usize) -> Result<usize, Error> {
    match usize::try_from(asked) {
        Ok(0) => Ok(default),
        Ok(size) => Ok(size.min(most)),
        Err(_) => Err(Error::InvalidArgument {
            field: "page_size",
            problem: format!("is {asked}; expected 0 or more"),
        }),
    }
}

/// A token that was not made by an earlier page.
pub(super) fn invalid_token(token: &str) -> Error {
    Error::InvalidArgument {
        field: "page_token",
        problem: format!("`{token}` is none; expected `next_page_token` of the page before"),
    }
}
