//! From a Connect request to a gRPC one: which method, within which time, with which message.
//!
//! A field that the message does not have is refused, with the nearest that it has. The protocol
//! lets a server ignore it; but a mistyped field that is silently dropped is an order gone wrong.

mod json;

use bytes::{BufMut, Bytes, BytesMut};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::request::Parts;
use http::{Method, Request, StatusCode, Version};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use pavane::error;
use prost::Message;
use prost_reflect::MethodDescriptor;
use tonic::body::Body;
use tonic::{Code, Status};

use super::Codec;
use super::failure::Failure;
use crate::deadline::{Deadline, GRPC_TIMEOUT};
use crate::descriptors::Snapshot;
use crate::{Limits, fallback};

const PROTOCOL_VERSION: &str = "connect-protocol-version";
const TIMEOUT_MS: &str = "connect-timeout-ms";

/// Headers that belong to the HTTP request and not to the call.
const NOT_METADATA: [HeaderName; 12] = [
    header::ACCEPT,
    header::ACCEPT_ENCODING,
    header::CONNECTION,
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::EXPECT,
    header::HOST,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// What the head of a request says.
pub(super) struct Call {
    pub(super) method: MethodDescriptor,
    pub(super) codec: Codec,
    pub(super) deadline: Deadline,
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
        if method.is_client_streaming() || method.is_server_streaming() {
            let message = format!(
                "`{}` streams: call it by gRPC, JSON is for unary methods",
                path.trim_start_matches('/')
            );
            let status = error::status(Code::Unimplemented, "METHOD_STREAMS", message);
            return Err(status.into());
        }
        let codec = codec(&head.headers)?;
        check_protocol(&head.headers)?;
        let timeout = timeout(&head.headers)?;
        let deadline = match timeout {
            Some(milliseconds) => Deadline::Caller(std::time::Duration::from_millis(milliseconds)),
            None => Deadline::Server(limits.request_timeout),
        };
        Ok(Self {
            method: method.clone(),
            codec,
            deadline,
            timeout: timeout.map(grpc_timeout),
        })
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
        let length = u32::try_from(message.len()).map_err(|_| {
            let found = message.len() as u64;
            fallback::too_large("gRPC frame", u32::MAX as usize, Some(found))
        })?;
        let mut frame = BytesMut::with_capacity(5 + message.len());
        frame.put_u8(0); // not compressed
        frame.put_u32(length);
        frame.put(message);

        let mut request = Request::new(Body::new(Full::new(frame.freeze())));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = head.uri;
        *request.version_mut() = Version::HTTP_2;
        *request.extensions_mut() = head.extensions;
        *request.headers_mut() = metadata(head.headers);
        let headers = request.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/grpc"),
        );
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
        if let Some(timeout) = &self.timeout {
            headers.insert(GRPC_TIMEOUT, timeout.clone());
        }
        Ok(request)
    }
}

/// Reads a body that is not larger than allowed.
pub(super) async fn read_body(
    head: &Parts,
    body: Incoming,
    allowed: usize,
) -> Result<Bytes, Box<Failure>> {
    let announced = head.headers.get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if let Some(found) = announced.filter(|length| *length > allowed as u64) {
        return Err(fallback::too_large("max_receive_bytes", allowed, Some(found)).into());
    }
    match Limited::new(body, allowed).collect().await {
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

fn codec(headers: &HeaderMap) -> Result<Codec, Box<Failure>> {
    let found = text(headers, header::CONTENT_TYPE.as_str());
    let essence = found.split(';').next().unwrap_or_default().trim();
    for codec in [Codec::Json, Codec::Proto] {
        if essence.eq_ignore_ascii_case(codec.content_type()) {
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
    let message = format!(
        "{found}, expected `application/json`, `application/proto` or, for gRPC, \
         `application/grpc`"
    );
    let status = error::status(Code::InvalidArgument, "UNSUPPORTED_CONTENT_TYPE", message);
    Err(Failure::new(status)
        .http(StatusCode::UNSUPPORTED_MEDIA_TYPE)
        .header(
            HeaderName::from_static("accept-post"),
            "application/json, application/proto",
        ))
}

fn check_protocol(headers: &HeaderMap) -> Result<(), Status> {
    let version = text(headers, PROTOCOL_VERSION);
    if !matches!(version.as_str(), "" | "1") {
        return Err(error::status(
            Code::InvalidArgument,
            "UNSUPPORTED_PROTOCOL_VERSION",
            format!("`{PROTOCOL_VERSION}` is `{version}`, expected 1"),
        ));
    }
    let encoding = text(headers, header::CONTENT_ENCODING.as_str());
    if !matches!(encoding.as_str(), "" | "identity") {
        return Err(error::status(
            Code::Unimplemented,
            "UNSUPPORTED_ENCODING",
            format!("the content encoding is `{encoding}`, supported is only `identity`"),
        ));
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

fn metadata(mut headers: HeaderMap) -> HeaderMap {
    for name in NOT_METADATA {
        headers.remove(name);
    }
    let reserved: Vec<HeaderName> = headers
        .keys()
        .filter(|name| name.as_str().starts_with("connect-") || name.as_str().starts_with("grpc-"))
        .cloned()
        .collect();
    for name in reserved {
        headers.remove(name);
    }
    headers
}

fn text(headers: &HeaderMap, name: &str) -> String {
    let value = headers.get(name).map(HeaderValue::as_bytes);
    String::from_utf8_lossy(value.unwrap_or_default()).into_owned()
}
