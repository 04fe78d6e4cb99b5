//! A server on a free port with a service to call, and the clients to call it.

mod feeds;

pub(crate) use feeds::Feeds;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderValue, Request, StatusCode, Version};
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use pavane::error::Details;
use pavane::testing::v1::fault_service_client::FaultServiceClient;
use pavane::testing::v1::fault_service_server::{FaultService, FaultServiceServer};
use pavane::testing::v1::list_calls_response::Call;
use pavane::testing::v1::{
    AddFaultRequest, AddFaultResponse, ClearFaultsRequest, ClearFaultsResponse, ListCallsRequest,
    ListCallsResponse,
};
use pavane::workflow::v1::{StartExecutionRequest, StartExecutionResponse};
use pavane_server::{Descriptors, Error, Health, Limits, Options, Routes, Server};
use prost::Message;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic::transport::Channel;
use tonic::{Code, Request as GrpcRequest, Response, Status};
use tower::Service;

/// A server that runs.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) descriptors: Descriptors,
    pub(crate) health: Health,
    pub(crate) shutdown: CancellationToken,
    pub(crate) task: JoinHandle<Result<(), Error>>,
    /// Notified when a call of `wait` has begun.
    pub(crate) waiting: Arc<Notify>,
    /// Notified to let it end.
    pub(crate) go_on: Arc<Notify>,
}

/// Starts a server with the default limits.
pub(crate) async fn start() -> Running {
    start_with(Limits::default(), Duration::from_secs(5)).await
}

/// Starts a server.
pub(crate) async fn start_with(limits: Limits, drain: Duration) -> Running {
    let mut options = Options::new(([127, 0, 0, 1], 0).into());
    options.limits = limits;
    serve(options, Routes::new(), drain).await
}

/// Starts a server that serves these routes besides.
pub(crate) async fn serve(options: Options, routes: Routes, drain: Duration) -> Running {
    let limits = options.limits.clone();
    let server = Server::bind(options).await.unwrap();
    let descriptors = server.descriptors();
    let services = [
        "pavane.testing.v1.FaultService",
        "pavane.feed.v1.FeedService",
        "shop.order.v1.OrderService",
    ];
    descriptors
        .set("contract", pavane::descriptor_pool(), services)
        .unwrap();

    let tester = Tester::default();
    let (waiting, go_on) = (tester.waiting.clone(), tester.go_on.clone());
    let service =
        FaultServiceServer::new(tester).max_decoding_message_size(limits.max_receive_bytes);
    let shutdown = CancellationToken::new();
    Running {
        address: server.local_addr(),
        descriptors,
        health: server.health(),
        shutdown: shutdown.clone(),
        task: tokio::spawn(server.run(routes.add_service(service), FrontDoor, shutdown, drain)),
        waiting,
        go_on,
    }
}

impl Running {
    pub(crate) async fn channel(&self) -> Channel {
        let endpoint = Channel::from_shared(format!("http://{}", self.address)).unwrap();
        endpoint.connect().await.unwrap()
    }

    pub(crate) async fn client(&self) -> FaultServiceClient<Channel> {
        FaultServiceClient::new(self.channel().await)
    }

    /// Ends the server and waits for that.
    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        self.task.await.unwrap().unwrap();
    }

    /// POSTs JSON to a method over HTTP/1.1.
    pub(crate) async fn post(&self, method: &str, json: &str) -> Answer {
        let headers = [("content-type", "application/json")];
        self.send("POST", method, &headers, json.to_owned()).await
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("http://{}/{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(body.into())).unwrap();
        let client = Client::builder(TokioExecutor::new()).build_http();
        Answer::of(client.request(request).await.unwrap()).await
    }

    /// Sends a request and gives the response whose body is still to come. Over HTTP/2 with prior
    /// knowledge, or over HTTP/1.1.
    pub(crate) async fn open(
        &self,
        version: Version,
        request: http::request::Builder,
        body: impl Into<Bytes>,
    ) -> http::Response<Incoming> {
        let mut client = Client::builder(TokioExecutor::new());
        client.http2_only(version == Version::HTTP_2);
        let request = request.body(Full::new(body.into())).unwrap();
        client.build_http().request(request).await.unwrap()
    }

    /// The address of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }
}

/// Sends bytes to a server with these limits, and reads until it closes the connection.
pub(crate) async fn exchange(limits: Limits, request: &[u8]) -> Vec<u8> {
    let server = start_with(limits, Duration::from_secs(5)).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    server.stop().await;
    answer
}

/// What an HTTP client gets.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    /// Reads a response to its end.
    pub(crate) async fn of(response: http::Response<Incoming>) -> Self {
        let (head, body) = response.into_parts();
        Self {
            status: head.status,
            headers: head.headers,
            body: body.collect().await.unwrap().to_bytes(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Status, code and message of an error in one line.
    pub(crate) fn error(&self) -> String {
        format!("{} {}", self.status.as_u16(), error(&self.json()))
    }
}

/// Code, reason and message of an error in JSON, in one line.
pub(crate) fn error(json: &serde_json::Value) -> String {
    let text = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
    let mut details = json["details"].as_array().into_iter().flatten();
    let reason = details.find_map(|detail| detail["debug"]["reason"].as_str());
    let reason = reason.unwrap_or("-");
    format!("{} {reason}: {}", text("code"), text("message"))
}

/// The reason in a status.
pub(crate) fn reason(status: &Status) -> String {
    use tonic_types::StatusExt;
    let info = status.get_details_error_info();
    info.map_or_else(String::new, |info| info.reason)
}

/// Does what the `method` of a fault says, instead of adding one.
#[derive(Default)]
struct Tester {
    waiting: Arc<Notify>,
    go_on: Arc<Notify>,
}

#[tonic::async_trait]
impl FaultService for Tester {
    async fn add_fault(
        &self,
        request: GrpcRequest<AddFaultRequest>,
    ) -> Result<Response<AddFaultResponse>, Status> {
        match request.get_ref().method.as_str() {
            "panic" => panic!("a test asked for this"),
            "wait" => {
                self.waiting.notify_one();
                self.go_on.notified().await;
            }
            "fail" => {
                let details = Details::new().fact("stock", 3).field("count", "too many");
                let mut status =
                    details.status(Code::FailedPrecondition, "OUT_OF_STOCK", "out of stock");
                let id = "x-1".parse().unwrap();
                status.metadata_mut().insert("pavane-execution-id", id);
                return Err(status);
            }
            _ => {}
        }
        Ok(Response::new(AddFaultResponse {}))
    }

    async fn clear_faults(
        &self,
        _: GrpcRequest<ClearFaultsRequest>,
    ) -> Result<Response<ClearFaultsResponse>, Status> {
        Err(Status::unimplemented("not in this test"))
    }

    /// Says with which metadata it was called.
    async fn list_calls(
        &self,
        request: GrpcRequest<ListCallsRequest>,
    ) -> Result<Response<ListCallsResponse>, Status> {
        let metadata = request.metadata().clone().into_headers();
        let mut calls: Vec<_> = metadata
            .iter()
            .map(|(name, value)| Call {
                idempotency_key: format!("{name}: {}", value.to_str().unwrap()),
                calls: 1,
                ..Call::default()
            })
            .collect();
        calls.sort_by(|a, b| a.idempotency_key.cmp(&b.idempotency_key));
        let mut response = Response::new(ListCallsResponse {
            calls,
            next_page_token: request.get_ref().page_token.clone(),
        });
        let answer = "yes".parse().unwrap();
        response.metadata_mut().insert("x-answer", answer);
        Ok(response)
    }
}

/// Serves PlaceOrder without generated code, as a front door does: with a trailer.
#[derive(Clone)]
struct FrontDoor;

impl Service<Request<Body>> for FrontDoor {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(async move {
            let path = request.uri().path();
            if path == "/pavane.workflow.v1.ExecutionService/StartExecution" {
                return Ok(start_execution(request).await);
            }
            if path != "/shop.order.v1.OrderService/PlaceOrder" {
                return Ok(Status::unimplemented("").into_http());
            }
            let framed = request.into_body().collect().await.unwrap().to_bytes();
            let order = pavane::shop::order::v1::PlaceOrderRequest::decode(&framed[5..]).unwrap();
            let placed = pavane::shop::order::v1::PlaceOrderResponse {
                order_id: order.order_id,
                ..Default::default()
            };
            let mut body = vec![0, 0, 0, 0, placed.encoded_len() as u8];
            placed.encode(&mut body).unwrap();
            let mut trailers = HeaderMap::new();
            trailers.insert("grpc-status", HeaderValue::from_static("0"));
            trailers.insert("pavane-execution-id", HeaderValue::from_static("x-2"));
            let frames = [
                Ok::<_, Infallible>(http_body::Frame::data(Bytes::from(body))),
                Ok(http_body::Frame::trailers(trailers)),
            ];
            let mut response =
                http::Response::new(Body::new(StreamBody::new(tokio_stream::iter(frames))));
            let grpc = HeaderValue::from_static("application/grpc");
            response.headers_mut().insert("content-type", grpc);
            Ok(response)
        })
    }
}

/// Decodes the request as generated code does, and answers with nothing.
async fn start_execution(request: Request<Body>) -> http::Response<Body> {
    let codec = tonic_prost::ProstCodec::<StartExecutionResponse, StartExecutionRequest>::default();
    let answer = tower::service_fn(|_: GrpcRequest<StartExecutionRequest>| async {
        Ok::<_, Status>(Response::new(StartExecutionResponse::default()))
    });
    tonic::server::Grpc::new(codec).unary(answer, request).await
}
