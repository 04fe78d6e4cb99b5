//! A gRPC call inside the process, for those who came by something else: the request that stands for
//! theirs, and the messages of the response, one after the other.
//!
//! Nothing is read ahead: the next message is asked for when the one before has been taken.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::uri::PathAndQuery;
use http::{Extensions, Method, Request, Response, Uri, Version};
use http_body_util::{BodyExt, Full};
use pavane::error;
use tonic::body::Body;
use tonic::{Code, Status};

use crate::fallback;

/// Bytes before a message: whether it is compressed, and its length.
pub(crate) const FRAME_HEADER: usize = 5;

/// Headers that belong to the HTTP request and not to the call.
const NOT_METADATA: [HeaderName; 13] = [
    header::ACCEPT,
    header::ACCEPT_ENCODING,
    header::CONNECTION,
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::EXPECT,
    header::HOST,
    header::ORIGIN,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// A call of the method at `path` with this message. What of `headers` is metadata goes with it.
pub(crate) fn request(
    path: PathAndQuery,
    headers: HeaderMap,
    extensions: Extensions,
    message: &[u8],
) -> Result<Request<Body>, Status> {
    let length = u32::try_from(message.len()).map_err(|_| {
        let found = message.len() as u64;
        fallback::too_large("gRPC frame", u32::MAX as usize, Some(found))
    })?;
    let mut frame = BytesMut::with_capacity(FRAME_HEADER + message.len());
    frame.put_u8(0); // not compressed
    frame.put_u32(length);
    frame.put(message);

    let mut request = Request::new(Body::new(Full::new(frame.freeze())));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = Uri::from(path);
    *request.version_mut() = Version::HTTP_2;
    *request.extensions_mut() = extensions;
    *request.headers_mut() = request_metadata(headers);
    let headers = request.headers_mut();
    let grpc = HeaderValue::from_static("application/grpc");
    headers.insert(header::CONTENT_TYPE, grpc);
    headers.insert(header::TE, HeaderValue::from_static("trailers"));
    Ok(request)
}

fn request_metadata(mut headers: HeaderMap) -> HeaderMap {
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

/// What handlers said in the headers or trailers of a response, without what gRPC says.
pub(crate) fn response_metadata(headers: &HeaderMap) -> HeaderMap {
    headers
        .iter()
        .filter(|(name, _)| {
            !name.as_str().starts_with("grpc-")
                && !matches!(
                    *name,
                    &header::CONTENT_TYPE | &header::CONTENT_LENGTH | &header::TRAILER
                )
        })
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// The status in headers or trailers, unless it is OK or there is none.
pub(crate) fn failure(headers: &HeaderMap) -> Option<Status> {
    Status::from_header_map(headers).filter(|status| status.code() != Code::Ok)
}

/// The messages of a streaming response, as they come.
#[derive(Debug)]
pub(crate) struct Messages {
    body: Body,
    /// What has come and was not taken: less than a message, or as much as came together.
    buffer: BytesMut,
    allowed: usize,
    trailers: HeaderMap,
}

impl Messages {
    /// The messages of a response, each of at most `allowed` bytes, and the metadata that came
    /// before them. Fails if it has none but is an error.
    pub(crate) fn of(
        response: Response<Body>,
        allowed: usize,
    ) -> Result<(HeaderMap, Self), Status> {
        let (head, body) = response.into_parts();
        if let Some(status) = failure(&head.headers) {
            return Err(status);
        }
        let messages = Self {
            body,
            buffer: BytesMut::new(),
            allowed,
            trailers: HeaderMap::new(),
        };
        Ok((response_metadata(&head.headers), messages))
    }

    /// The next message; none after the last. Fails with the status with which the call failed.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Status> {
        loop {
            if let Some(message) = self.take()? {
                return Ok(Some(message));
            }
            let Some(frame) = self.body.frame().await else {
                return self.end();
            };
            match frame?.into_data() {
                Ok(data) => self.buffer.extend_from_slice(&data),
                Err(frame) => {
                    // What comes behind trailers is not asked for: it need not ever come.
                    self.trailers = frame.into_trailers().unwrap_or_default();
                    return self.end();
                }
            }
        }
    }

    /// The metadata that came after the last message.
    pub(crate) fn trailers(&self) -> HeaderMap {
        response_metadata(&self.trailers)
    }

    fn take(&mut self) -> Result<Option<Bytes>, Status> {
        let Some((head, rest)) = self.buffer.split_first_chunk::<FRAME_HEADER>() else {
            return Ok(None);
        };
        let [compressed, length @ ..] = *head;
        let length = u32::from_be_bytes(length) as usize;
        if compressed != 0 {
            return Err(broken("a compressed message"));
        }
        if length > self.allowed {
            let found = Some(length as u64);
            return Err(fallback::too_large("max_send_bytes", self.allowed, found));
        }
        if rest.len() < length {
            return Ok(None);
        }
        self.buffer.advance(FRAME_HEADER);
        Ok(Some(self.buffer.split_to(length).freeze()))
    }

    fn end(&self) -> Result<Option<Bytes>, Status> {
        match failure(&self.trailers) {
            Some(status) => Err(status),
            None if !self.buffer.is_empty() => Err(broken("a message that breaks off")),
            None => Ok(None),
        }
    }
}

fn broken(what: &str) -> Status {
    error::status(
        Code::Internal,
        "INVALID_RESPONSE",
        format!("the handler of this call answered with {what}"),
    )
}
