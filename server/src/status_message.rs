//! The sentence of a status, as it travels.
//!
//! gRPC has it percent-encoded, and tonic encodes more than it has to, question marks among it. Clients that
//! decode it by JavaScript's `decodeURI`, as grpc-js does, leave just those marks encoded.

use http::{HeaderValue, Response};
use tonic::Status;

/// What need not be encoded, and what `decodeURI` does not decode.
const NEEDLESS: [(&str, &str); 2] = [("%23", "#"), ("%3F", "?")];

/// The same response, its sentence encoded no more than it has to be. Most have none.
pub(crate) fn readable<B>(mut response: Response<B>) -> Response<B> {
    if let Some(message) = response.headers_mut().get_mut(Status::GRPC_MESSAGE)
        && let Some(readable) = decode(message)
    {
        *message = readable;
    }
    response
}

fn decode(message: &HeaderValue) -> Option<HeaderValue> {
    let encoded = message.to_str().ok()?;
    if !NEEDLESS.iter().any(|(escape, _)| encoded.contains(escape)) {
        return None;
    }
    let decoded = NEEDLESS
        .iter()
        .fold(encoded.to_owned(), |text, (escape, mark)| {
            text.replace(escape, mark)
        });
    HeaderValue::try_from(decoded).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_that_need_no_escape_have_none() {
        let check = |message: &str, expected: &str| {
            let response = readable(Status::not_found(message).into_http::<()>());
            let sent = &response.headers()[Status::GRPC_MESSAGE];
            assert_eq!(sent, expected);
            let read = Status::from_header_map(response.headers()).expect("it is a status");
            assert_eq!(read.message(), message);
        };
        check("did you mean `a`?", "did%20you%20mean%20%60a%60?");
        check("#1: 100%, %3F ça", "#1:%20100%25,%20%253F%20%C3%A7a");
    }
}
