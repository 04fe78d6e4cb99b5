//! gRPC statuses with their details.

use pavane::workflow::v1::Failure;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use super::table::one_line;
use super::{Cell, Paint, Table, duration};

/// The canonical name of a gRPC code: `NOT_FOUND`.
pub(crate) fn code_name(code: i32) -> &'static str {
    match Code::from_i32(code) {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

/// `FAILED_PRECONDITION: address is not serviceable`.
pub(crate) fn failure(failure: &Failure) -> String {
    let name = code_name(failure.code);
    if failure.message.is_empty() {
        name.to_owned()
    } else {
        format!("{name}: {}", one_line(&failure.message))
    }
}

/// The message, then a line for each detail, then what to do.
pub(crate) fn status(status: &Status, paint: Paint) -> String {
    let code = code_name(status.code() as i32);
    let message = match status.message() {
        "" => format!("the server answered {code}"),
        message => one_line(message),
    };
    let mut text = format!("{} {message}\n", paint.error("error:"));
    let details = status.get_error_details();
    let mut table = Table::indented();
    let mut line = |name: &str, value: &str| {
        table.row([Cell::new(name).style(Paint::accent), Cell::new(value)]);
    };
    match details.error_info() {
        Some(info) => {
            line("reason", &format!("{} ({code})", info.reason));
            let mut facts: Vec<_> = info.metadata.iter().collect();
            facts.sort();
            facts
                .into_iter()
                .for_each(|(name, value)| line(name, value));
        }
        None => line("code", code),
    }
    for violation in details
        .bad_request()
        .into_iter()
        .flat_map(|bad| &bad.field_violations)
    {
        // Often the message has said it.
        if !message.contains(&one_line(&violation.description)) {
            line(&violation.field, &violation.description);
        }
    }
    text.push_str(&table.render(paint));
    if let Some(delay) = details.retry_info().and_then(|info| info.retry_delay) {
        text.push_str(&format!(
            "{} try again in {}\n",
            paint.accent("hint:"),
            duration(delay)
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use pavane::error::Details;

    use super::*;

    #[test]
    fn details_are_shown_below_the_message() {
        let refused = Details::new()
            .fact("sku", "sku-3")
            .fact("available", 1)
            .field("lines[0].quantity", "must be 1 to 1,000, found 0")
            .retry_after(Duration::from_secs(2))
            .status(
                Code::FailedPrecondition,
                "OUT_OF_STOCK",
                "only 1 of sku-3 is left",
            );
        insta::assert_snapshot!(status(&refused, Paint::PLAIN), @r"
        error: only 1 of sku-3 is left
          reason              OUT_OF_STOCK (FAILED_PRECONDITION)
          available           1
          sku                 sku-3
          lines[0].quantity   must be 1 to 1,000, found 0
        hint: try again in 2.00 s
        ");
    }

    #[test]
    fn a_status_without_details_shows_its_code() {
        insta::assert_snapshot!(status(&Status::internal("oh\nno"), Paint::PLAIN), @r"
        error: oh no
          code   INTERNAL
        ");
        insta::assert_snapshot!(status(&Status::unknown(""), Paint::PLAIN), @r"
        error: the server answered UNKNOWN
          code   UNKNOWN
        ");
    }
}
