//! `GET /openapi.json`: what can be called with JSON, as an OpenAPI 3.1 document made from the
//! descriptors, with their comments. <https://spec.openapis.org/oas/v3.1.1.html>
//!
//! It says what this server takes and gives at this moment: it changes with what is deployed.

mod comments;
mod fields;
mod paths;
mod rules;
mod schemas;
mod well_known;

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use pavane::error;
use serde_json::{Value, json};
use tonic::Code;
use tonic::body::Body;

use crate::descriptors::Snapshot;
use crate::failure::Failure;
use comments::Comments;
use schemas::Schemas;

/// Where the document is.
pub(crate) const PATH: &str = "/openapi.json";

const DESCRIPTION: &str = "\
Every unary method of this server, as a POST of JSON: the Connect protocol. It is the same call as by \
gRPC, on the same port.

- Fields may be left out, or written in snake_case as in the .proto files. A field that a message does \
not have is refused.
- `connect-timeout-ms` is the deadline of a call. Other headers are its metadata, such as \
`idempotency-key`.
- An error has the HTTP status of its code, and says in `details` what is wrong: `reason` is for \
programs.
- Methods that stream their responses are called by gRPC, gRPC-Web or Connect, and are not in this \
document.";

/// Answers a request for the document.
pub(crate) fn answer<B>(request: &Request<B>, known: &Snapshot) -> Response<Body> {
    if request.method() != Method::GET {
        let message = format!("the HTTP method is {}, expected GET", request.method());
        let status = error::status(Code::Unimplemented, "GET_EXPECTED", message);
        let failure = Failure::new(status).http(StatusCode::METHOD_NOT_ALLOWED);
        return failure.header(ALLOW, "GET").into_response(&[]);
    }
    let mut response = Response::new(Body::new(Full::new(known.openapi())));
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

/// The document on what is known.
pub(crate) fn document(known: &Snapshot) -> Bytes {
    let comments = Comments::default();
    let mut schemas = Schemas::new(&comments);
    let paths = paths::all(known, &comments, &mut schemas);
    let tags: Vec<Value> = known
        .services()
        .filter_map(|name| known.service(name))
        .map(|service| {
            let description = comments.of(&service.parent_file(), service.path());
            json!({ "name": service.full_name(), "description": description })
        })
        .collect();
    let document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Pavane",
            "version": env!("CARGO_PKG_VERSION"),
            "description": DESCRIPTION,
        },
        "tags": tags,
        "paths": paths,
        "components": { "schemas": schemas.finish() },
    });
    document.to_string().into()
}
