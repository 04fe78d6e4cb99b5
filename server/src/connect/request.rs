//! From a Connect request to a gRPC one: which method, within which time, with which message.
//!
//! A field that the message does not have is refused, with the nearest that it has. The protocol
//! lets a server ignore it; but a mistyped field that is silently dropped is an order gone wrong.

mod json;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use pavane::error;
use prost::Message;
use prost_reflect::MethodDescriptor;
use tonic::body::Body;
use tonic::{Code, Status};

use super::Codec;
use crate::deadline::{CallEnds, Deadline, GRPC_TIMEOUT};
use crate::descriptors::Snapshot;
use crate::failure::Failure;
use crate::request_body::RequestBody;
use crate::{Limits, fallback, grpc};

const PROTOCOL_VERSION: &str = "connect-protocol-version";
const TIMEOUT_MS: &str = "connect-timeout-ms";
/// How the messages of a stream are compressed.
const CONTENT_ENCODING: &str = "connect-content-encoding";

/// What the head of a request says.
pub(super) struct Call {
    pub(super) method: MethodDescriptor,
    pub(super) codec: Codec,
    pub(super) deadline: Deadline,
    pub(super) ends: CallEnds,
    timeout: Option<HeaderValue>,
}

impl Call {
    /// Reads a request's head.
    pub(super) fn read(
        head: &Parts,
        known: &Snapshot,
        limits: &Limits,
    ) -> Result<Self, Box<Failure>> {
        let path = head.uri.path();
        let Some(method) = known.method(path) else {
            let status = fallback::unknown_method(path, known);
            return Err(Failure::new(status).http(StatusCode::NOT_FOUND));
        };
        if head.method != Method::POST {
            let message = format!("the HTTP method is {}, expected POST", head.method);
            let status = error::status(Code::Unimplemented, "POST_EXPECTED", message);
            return Err(Failure::new(status)
                .http(StatusCode::METHOD_NOT_ALLOWED)
                .header(header::ALLOW, "POST"));
        }
        if method.is_client_streaming() {
            let message = format!(
                "`{}` takes a stream of messages: call it by gRPC",
                path.trim_start_matches('/')
            );
            let status = error::status(Code::Unimplemented, "METHOD_STREAMS", message);
            return Err(status.into());
        }
        let codec = codec(&head.headers, method)?;
        check_protocol(&head.headers, method)?;
        let timeout = timeout(&head.headers)?;
        let deadline = match timeout {
            Some(milliseconds) => Deadline::Caller(std::time::Duration::from_millis(milliseconds)),
            None => Deadline::Server(limits.request_timeout),
        };
        Ok(Self {
            method: method.clone(),
            codec,
            deadline,
            ends: deadline.ends_from_now(),
            timeout: timeout.map(grpc_timeout),
        })
    }

    /// The content type of its responses.
    pub(super) fn content_type(&self) -> &'static str {
        content_type(self.codec, self.method.is_server_streaming())
    }

    /// The gRPC request with the same meaning.
    pub(super) fn to_grpc(&self, head: Parts, body: &Bytes) -> Result<Request<Body>, Status> {
        let message = match self.codec {
            Codec::Proto => body.clone(),
            Codec::Json => {
                let message = json::read(self.method.input(), body)?;
                Bytes::from(message.encode_to_vec())
            }
        };
        let path = head.uri.path_and_query().cloned();
        let path = path.unwrap_or_else(|| PathAndQuery::from_static("/"));
        let mut request = grpc::request(path, head.headers, head.extensions, &message)?;
        if let Some(timeout) = &self.timeout {
            request.headers_mut().insert(GRPC_TIMEOUT, timeout.clone());
        }
        Ok(request)
    }
}

/// Reads a body whose message is not larger than allowed; `framing` bytes may be around it.
pub(super) async fn read_body(
    head: &Parts,
    body: RequestBody,
    allowed: usize,
    framing: usize,
) -> Result<Bytes, Box<Failure>> {
    let most = allowed.saturating_add(framing);
    let announced = head.headers.get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if let Some(found) = announced.filter(|length| *length > most as u64) {
        return Err(fallback::too_large("max_receive_bytes", allowed, Some(found)).into());
    }
    match Limited::new(body, most).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            Err(fallback::too_large("max_receive_bytes", allowed, None).into())
        }
        Err(error) => Err(error::status(
            Code::Unavailable,
            "REQUEST_BROKE_OFF",
            format!("the body of the request broke off: {error}"),
        )
        .into()),
    }
}

/// What a codec is called where one message comes, and where several come.
fn content_type(codec: Codec, streams: bool) -> &'static str {
    match (codec, streams) {
        (Codec::Json, false) => "application/json",
        (Codec::Proto, false) => "application/proto",
        (Codec::Json, true) => "application/connect+json",
        (Codec::Proto, true) => "application/connect+proto",
    }
}

fn codec(headers: &HeaderMap, method: &MethodDescriptor) -> Result<Codec, Box<Failure>> {
    let streams = method.is_server_streaming();
    let found = text(headers, header::CONTENT_TYPE.as_str());
    let essence = found.split(';').next().unwrap_or_default().trim();
    for codec in [Codec::Json, Codec::Proto] {
        if essence.eq_ignore_ascii_case(content_type(codec, streams)) {
            return Ok(codec);
        }
    }
    let found = match essence {
        "" => "there is no content type".to_owned(),
        "application/x-www-form-urlencoded" => {
            format!("the content type is `{essence}` (curl's default)")
        }
        _ => format!("the content type is `{essence}`"),
    };
    let why = match streams {
        true => format!("; `{}` streams its responses", method.name()),
        false => String::new(),
    };
    let [json, proto] = [Codec::Json, Codec::Proto].map(|codec| content_type(codec, streams));
    let message =
        format!("{found}, expected `{json}`, `{proto}` or, for gRPC, `application/grpc`{why}");
    let status = error::status(Code::InvalidArgument, "UNSUPPORTED_CONTENT_TYPE", message);
    let accept = match streams {
        true => "application/connect+json, application/connect+proto",
        false => "application/json, application/proto",
    };
    Err(Failure::new(status)
        .http(StatusCode::UNSUPPORTED_MEDIA_TYPE)
        .header(HeaderName::from_static("accept-post"), accept))
}

fn check_protocol(headers: &HeaderMap, method: &MethodDescriptor) -> Result<(), Status> {
    let version = text(headers, PROTOCOL_VERSION);
    if !matches!(version.as_str(), "" | "1") {
        return Err(error::status(
            Code::InvalidArgument,
            "UNSUPPORTED_PROTOCOL_VERSION",
            format!("`{PROTOCOL_VERSION}` is `{version}`, expected 1"),
        ));
    }
    let mut encodings = vec![text(headers, header::CONTENT_ENCODING.as_str())];
    if method.is_server_streaming() {
        encodings.push(text(headers, CONTENT_ENCODING));
    }
    for encoding in encodings {
        if !matches!(encoding.as_str(), "" | "identity") {
            return Err(error::status(
                Code::Unimplemented,
                "UNSUPPORTED_ENCODING",
                format!("the content encoding is `{encoding}`, supported is only `identity`"),
            ));
        }
    }
    Ok(())
}

/// The caller's deadline, in milliseconds: at most ten digits, says the protocol.
fn timeout(headers: &HeaderMap) -> Result<Option<u64>, Status> {
    if !headers.contains_key(TIMEOUT_MS) {
        return Ok(None);
    }
    let found = text(headers, TIMEOUT_MS);
    let digits = found.len() <= 10 && found.bytes().all(|byte| byte.is_ascii_digit());
    match found.parse() {
        Ok(milliseconds) if digits => Ok(Some(milliseconds)),
        _ => Err(error::status(
            Code::InvalidArgument,
            "INVALID_TIMEOUT",
            format!("`{TIMEOUT_MS}` is `{found}`, expected milliseconds in at most ten digits"),
        )),
    }
}

/// The same time as gRPC writes it, which has eight digits and a unit.
fn grpc_timeout(milliseconds: u64) -> HeaderValue {
    let text = match milliseconds {
        0..=99_999_999 => format!("{milliseconds}m"),
        _ => format!("{}S", milliseconds / 1000),
    };
    HeaderValue::try_from(text).expect("digits and a letter make a header value")
}

fn text(headers: &HeaderMap, name: &str) -> String {
    let value = headers.get(name).map(HeaderValue::as_bytes);
    String::from_utf8_lossy(value.unwrap_or_default()).into_owned()
}
