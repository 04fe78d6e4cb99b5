//! gRPC by hand: any bytes as the body of a call, whether or not they are a message.

use std::time::Duration;

use http_body_util::{BodyExt, Full};
use tonic::body::Body;
use tonic::codegen::http::{Request, header};
use tonic::transport::Channel;
use tonic::{Code, Status};
use tower::{Service, ServiceExt};

/// No call may take longer, whatever it was sent.
const PATIENCE: Duration = Duration::from_secs(60);

/// Sends a body to a method, and gives what the call ended with: the first message is as good as OK, since
/// a stream may have no end.
///
/// # Panics
/// There is no answer, or none that is gRPC.
pub(crate) async fn call(channel: &Channel, method: &str, body: Vec<u8>) -> Status {
    let answered = tokio::time::timeout(PATIENCE, answer(channel, method, body)).await;
    answered.unwrap_or_else(|_| panic!("{method} does not answer"))
}

async fn answer(channel: &Channel, method: &str, body: Vec<u8>) -> Status {
    let request = Request::post(format!("http://localhost/{method}"))
        .header(header::CONTENT_TYPE, "application/grpc")
        .header(header::TE, "trailers")
        .body(Body::new(Full::from(body)))
        .expect("it is a request");
    let mut channel = channel.clone();
    let ready = channel.ready().await.expect("the server is there");
    let response = ready.call(request).await.expect("the server answers");
    if let Some(status) = Status::from_header_map(response.headers()) {
        return status;
    }
    match response.into_body().frame().await {
        Some(Ok(frame)) if frame.is_data() => Status::new(Code::Ok, ""),
        Some(Ok(frame)) => {
            let trailers = frame.trailers_ref().and_then(Status::from_header_map);
            trailers.expect("trailers have a status")
        }
        Some(Err(status)) => Status::unknown(format!("the stream broke: {status}")),
        None => panic!("{method} ends without a status"),
    }
}

/// A message as gRPC frames it.
pub(crate) fn framed(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).expect("it is small");
    [&[0], length.to_be_bytes().as_slice(), message].concat()
}
