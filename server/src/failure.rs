//! An error as the Connect protocol writes it: an HTTP status, and a JSON object with code, message
//! and details. <https://connectrpc.com/docs/protocol#error-end-stream>

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use http_body_util::Full;
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage};
use serde_json::{Value, json};
use tonic::body::Body;
use tonic::{Code, Status};

use crate::descriptors::error_details;

/// An error on its way to a caller.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) status: Status,
    http: StatusCode,
    headers: HeaderMap,
}

impl From<Status> for Box<Failure> {
    fn from(status: Status) -> Self {
        Failure::new(status)
    }
}

impl Failure {
    /// With the HTTP status that the protocol gives to the code. Boxed, as it is the large and rare
    /// half of many results.
    pub(crate) fn new(status: Status) -> Box<Self> {
        Box::new(Self {
            http: http_status(status.code()),
            status,
            headers: HeaderMap::new(),
        })
    }

    /// With another HTTP status than that of the code.
    pub(crate) fn http(mut self: Box<Self>, status: StatusCode) -> Box<Self> {
        self.http = status;
        self
    }

    /// With a header that helps.
    pub(crate) fn header(mut self: Box<Self>, name: HeaderName, value: &'static str) -> Box<Self> {
        self.headers.insert(name, HeaderValue::from_static(value));
        self
    }

    /// With the metadata of the call.
    pub(crate) fn metadata(mut self: Box<Self>, metadata: HeaderMap) -> Box<Self> {
        self.headers.extend(metadata);
        self
    }

    /// Writes it. The pools are for showing details in plain text, besides their bytes.
    pub(crate) fn into_response(self, known: &[DescriptorPool]) -> Response<Body> {
        let body = Full::new(Bytes::from(to_json(&self.status, known).to_string()));
        let mut response = Response::new(Body::new(body));
        *response.status_mut() = self.http;
        *response.headers_mut() = self.headers;
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }
}

/// The JSON object of an error.
pub(crate) fn to_json(status: &Status, known: &[DescriptorPool]) -> Value {
    let mut error = json!({ "code": name(status.code()) });
    if !status.message().is_empty() {
        error["message"] = status.message().into();
    }
    let details = details(status, known);
    if !details.is_empty() {
        error["details"] = details.into();
    }
    error
}

fn details(status: &Status, known: &[DescriptorPool]) -> Vec<Value> {
    // A handler may put there what it likes; what is no status has no details to show.
    let status = tonic_types::pb::Status::decode(status.details()).unwrap_or_default();
    let detail = |any: prost_types::Any| {
        let name = any.type_url.rsplit('/').next().unwrap_or_default();
        let mut detail = json!({ "type": name, "value": STANDARD_NO_PAD.encode(&any.value) });
        if let Some(debug) = plain(name, &any.value, known) {
            detail["debug"] = debug;
        }
        detail
    };
    status.details.into_iter().map(detail).collect()
}

/// A detail in JSON, if its type is known.
fn plain(name: &str, encoded: &[u8], known: &[DescriptorPool]) -> Option<Value> {
    let message = std::iter::once(error_details())
        .chain(known)
        .filter_map(|pool| pool.get_message_by_name(name))
        .find_map(|found| DynamicMessage::decode(found, encoded).ok())?;
    let json = crate::json::write(&message, known).ok()?;
    serde_json::from_slice(&json).ok()
}

/// <https://connectrpc.com/docs/protocol#error-codes>
fn http_status(code: Code) -> StatusCode {
    let status = match code {
        Code::Ok => 200,
        Code::Cancelled => 499,
        Code::Unknown => 500,
        Code::InvalidArgument => 400,
        Code::DeadlineExceeded => 504,
        Code::NotFound => 404,
        Code::AlreadyExists => 409,
        Code::PermissionDenied => 403,
        Code::ResourceExhausted => 429,
        Code::FailedPrecondition => 400,
        Code::Aborted => 409,
        Code::OutOfRange => 400,
        Code::Unimplemented => 501,
        Code::Internal => 500,
        Code::Unavailable => 503,
        Code::DataLoss => 500,
        Code::Unauthenticated => 401,
    };
    StatusCode::from_u16(status).expect("each is between 200 and 504")
}

/// What the protocol calls a code.
pub(crate) fn name(code: Code) -> &'static str {
    match code {
        Code::Ok => "ok",
        Code::Cancelled => "canceled",
        Code::Unknown => "unknown",
        Code::InvalidArgument => "invalid_argument",
        Code::DeadlineExceeded => "deadline_exceeded",
        Code::NotFound => "not_found",
        Code::AlreadyExists => "already_exists",
        Code::PermissionDenied => "permission_denied",
        Code::ResourceExhausted => "resource_exhausted",
        Code::FailedPrecondition => "failed_precondition",
        Code::Aborted => "aborted",
        Code::OutOfRange => "out_of_range",
        Code::Unimplemented => "unimplemented",
        Code::Internal => "internal",
        Code::Unavailable => "unavailable",
        Code::DataLoss => "data_loss",
        Code::Unauthenticated => "unauthenticated",
    }
}
