//! A peer that asks for a stream and then stops reading: the connection stays, nothing is taken off
//! it, not even HTTP/2's own frames. Speaks just enough HTTP/2 for that.

use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use h2::client::{self, Connection};
use http::{Method, Request, Uri, Version};
use pavane::feed::v1::SubscribeRequest;
use prost::Message;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::stop::Stop;

const METHOD: &str = "/pavane.feed.v1.FeedService/Subscribe";
const PORT: u16 = 80;
/// What gRPC puts before a message: not compressed, and its length.
const PREFIX_BYTES: usize = 5;

/// Holds the connection open as long as it lives.
pub(crate) struct HalfOpen {
    _connection: Connection<TcpStream, Bytes>,
    _body: h2::RecvStream,
}

impl HalfOpen {
    /// Subscribes, and reads no further than the headers of the answer.
    pub(crate) async fn subscribe(
        target: &Uri,
        request: &SubscribeRequest,
        patience: Duration,
    ) -> Result<Self, Stop> {
        if target.scheme_str() == Some("https") {
            return Err(Stop::skipped("the server is reached by TLS"));
        }
        let silence = |_| Stop::failed(format!("silence for {patience:?}"), "a connection");
        timeout(patience, open(target, request))
            .await
            .map_err(silence)?
            .map_err(|reason| Stop::failed(reason, "a subscription over HTTP/2"))
    }
}

async fn open(target: &Uri, request: &SubscribeRequest) -> Result<HalfOpen, String> {
    let host = target.host().unwrap_or_default().trim_matches(['[', ']']);
    let address = (host, target.port_u16().unwrap_or(PORT));
    let socket = TcpStream::connect(address).await.map_err(told)?;
    let (sender, mut connection) = client::handshake(socket).await.map_err(told)?;
    let answered = async {
        let mut sender = sender.ready().await.map_err(told)?;
        let (answer, mut body) = sender.send_request(head(target)?, false).map_err(told)?;
        body.send_data(frame(request), true).map_err(told)?;
        answer.await.map_err(told)
    };
    // The connection is driven until the answer has begun, and never again.
    let answer = tokio::select! {
        answer = answered => answer?,
        ended = &mut connection => {
            return Err(ended.err().map_or_else(|| "the connection was closed".to_owned(), told));
        }
    };
    Ok(HalfOpen {
        _connection: connection,
        _body: answer.into_body(),
    })
}

fn head(target: &Uri) -> Result<Request<()>, String> {
    let authority = target.authority().map_or("", |it| it.as_str());
    Request::builder()
        .method(Method::POST)
        .version(Version::HTTP_2)
        .uri(format!("http://{authority}{METHOD}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(())
        .map_err(told)
}

fn frame(request: &SubscribeRequest) -> Bytes {
    let message = request.encode_to_vec();
    let mut frame = BytesMut::with_capacity(PREFIX_BYTES + message.len());
    frame.put_u8(0);
    frame.put_u32(u32::try_from(message.len()).expect("a request is small"));
    frame.put_slice(&message);
    frame.freeze()
}

fn told(error: impl std::fmt::Display) -> String {
    error.to_string()
}
