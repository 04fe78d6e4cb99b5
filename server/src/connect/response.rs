//! From a gRPC response to a Connect one: the message as the body, metadata as headers, trailers as
//! headers that begin with `trailer-`; or the error.

use bytes::{Buf, Bytes};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Response, response};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use pavane::error;
use prost_reflect::{DescriptorPool, DynamicMessage, MethodDescriptor};
use tonic::body::Body;
use tonic::{Code, Status};

use super::Codec;
use super::request::Call;
use crate::descriptors::Snapshot;
use crate::failure::Failure;
use crate::grpc::{FRAME_HEADER, failure, response_metadata};
use crate::{fallback, json};

/// Translates the response to `call`, whose message may have `allowed` bytes.
pub(super) async fn from_grpc(
    response: Response<Body>,
    call: &Call,
    known: &Snapshot,
    allowed: usize,
) -> Result<Response<Body>, Box<Failure>> {
    let Call { method, codec, .. } = call;
    let (head, body) = response.into_parts();
    // An error without a message comes in the headers alone.
    fail(&head.headers, HeaderMap::new())?;

    let body = match Limited::new(body, FRAME_HEADER + allowed).collect().await {
        Ok(body) => body,
        Err(error) if error.is::<LengthLimitError>() => {
            return Err(fallback::too_large("max_send_bytes", allowed, None).into());
        }
        Err(error) => return Err(Status::from_error(error).into()),
    };
    let trailers = body.trailers().cloned().unwrap_or_default();
    fail(&trailers, response_metadata(&head.headers))?;

    let message = unframe(body.to_bytes()).ok_or_else(|| {
        error::status(
            Code::Internal,
            "INVALID_RESPONSE",
            format!(
                "`{}` did not answer with exactly one uncompressed message",
                method.full_name()
            ),
        )
    })?;
    let body = match codec {
        Codec::Proto => message,
        Codec::Json => to_json(method, message, &known.pools_of(method))?,
    };
    Ok(succeed(head, &trailers, call.content_type(), body))
}

/// Fails if `headers` hold a status other than OK; `more` is metadata that came before.
fn fail(headers: &HeaderMap, mut more: HeaderMap) -> Result<(), Box<Failure>> {
    match failure(headers) {
        Some(status) => {
            more.extend(response_metadata(headers));
            Err(Failure::new(status).metadata(more))
        }
        None => Ok(()),
    }
}

fn unframe(mut body: Bytes) -> Option<Bytes> {
    if body.len() < FRAME_HEADER || body.get_u8() != 0 {
        return None;
    }
    let length = body.get_u32();
    (body.len() == length as usize).then_some(body)
}

/// A response message as JSON.
pub(super) fn to_json(
    method: &MethodDescriptor,
    message: Bytes,
    known: &[DescriptorPool],
) -> Result<Bytes, Status> {
    let failed = |error: String| {
        error::status(
            Code::Internal,
            "RESPONSE_NOT_JSON",
            format!(
                "the response of `{}` cannot be written as JSON: {error}",
                method.full_name()
            ),
        )
    };
    let message = DynamicMessage::decode(method.output(), message)
        .map_err(|error| failed(error.to_string()))?;
    let json = json::write(&message, known).map_err(|error| failed(error.to_string()))?;
    Ok(json.into())
}

fn succeed(
    head: response::Parts,
    trailers: &HeaderMap,
    content_type: &'static str,
    body: Bytes,
) -> Response<Body> {
    let mut response = Response::new(Body::new(Full::new(body)));
    *response.extensions_mut() = head.extensions;
    let headers = response.headers_mut();
    *headers = response_metadata(&head.headers);
    for (name, value) in &response_metadata(trailers) {
        let name = format!("trailer-{name}");
        let name = HeaderName::try_from(name).expect("a header's name may be longer");
        headers.append(name, value.clone());
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
