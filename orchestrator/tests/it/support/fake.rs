//! A programmable service: the three links of the chain, which do as a test has told them and
//! remember every call. The call that undoes one goes by `undo First`, the call itself by `First`.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pavane::metadata::{IDEMPOTENCY_COMPENSATION, IDEMPOTENCY_KEY, TRACEPARENT};
use pavane::testing::v1::first_link_service_server::{FirstLinkService, FirstLinkServiceServer};
use pavane::testing::v1::second_link_service_server::{SecondLinkService, SecondLinkServiceServer};
use pavane::testing::v1::third_link_service_server::{ThirdLinkService, ThirdLinkServiceServer};
use pavane::testing::v1::{
    FirstRequest, FirstResponse, SecondRequest, SecondResponse, ThirdRequest, ThirdResponse,
};
use pavane_server::{Limits, Options, Routes, Server, no_fallback};
use tokio::net::TcpSocket;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status};

use super::within;

/// The services of the three links.
pub(crate) const SERVICES: [&str; 3] = [
    "pavane.testing.v1.FirstLinkService",
    "pavane.testing.v1.SecondLinkService",
    "pavane.testing.v1.ThirdLinkService",
];

/// What is remembered of a call.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Call {
    /// `First`, or `undo First`.
    pub(crate) name: String,
    pub(crate) payload: String,
    pub(crate) key: String,
    pub(crate) traceparent: String,
    pub(crate) timeout: Duration,
}

/// What one call does.
#[derive(Debug)]
struct Act {
    gate: CancellationToken,
    answer: Result<Option<String>, Status>,
}

/// Lets a held call go on.
#[derive(Debug)]
pub(crate) struct Gate(CancellationToken);

impl Gate {
    pub(crate) fn open(self) {
        self.0.cancel();
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Links {
    acts: Arc<Mutex<HashMap<String, VecDeque<Act>>>>,
    calls: watch::Sender<Vec<Call>>,
}

/// The service, which runs until it is dropped.
#[derive(Debug)]
pub(crate) struct Fake {
    pub(crate) limits: Limits,
    address: SocketAddr,
    links: Links,
    running: Option<(CancellationToken, JoinHandle<()>)>,
    /// Keeps the address while nothing listens there.
    reserved: Option<TcpSocket>,
}

impl Fake {
    /// A service that is up.
    pub(crate) async fn up() -> Self {
        let mut fake = Self::down();
        fake.come_up().await;
        fake
    }

    /// A service at whose address nothing listens.
    pub(crate) fn down() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
        Self {
            limits: Limits::default(),
            address: socket.local_addr().unwrap(),
            links: Links {
                acts: Arc::default(),
                calls: watch::Sender::new(Vec::new()),
            },
            running: None,
            reserved: Some(socket),
        }
    }

    /// Serves, with reflection.
    pub(crate) async fn come_up(&mut self) {
        self.reserved = None;
        let options = Options {
            listen: self.address,
            allow_origins: Vec::new(),
            limits: self.limits.clone(),
        };
        let server = Server::bind(options).await.unwrap();
        server
            .descriptors()
            .set("links", pavane::descriptor_pool(), SERVICES)
            .unwrap();
        let links = || self.links.clone();
        let routes = Routes::new()
            .add_service(FirstLinkServiceServer::new(links()))
            .add_service(SecondLinkServiceServer::new(links()))
            .add_service(ThirdLinkServiceServer::new(links()));
        let shutdown = CancellationToken::new();
        let run = server.run(routes, no_fallback(), shutdown.clone(), Duration::ZERO);
        let task = tokio::spawn(async move { run.await.unwrap() });
        self.running = Some((shutdown, task));
    }

    /// Cuts all connections and stops to listen.
    pub(crate) async fn go_down(&mut self) {
        let (shutdown, task) = self.running.take().expect("it is up");
        shutdown.cancel();
        within(task).await.unwrap();
    }

    /// The services, to be served by somebody else.
    pub(crate) fn links(&self) -> Links {
        self.links.clone()
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The next call of this name that nothing was said about yet is answered with this payload.
    pub(crate) fn answer(&self, name: &str, payload: &str) {
        self.then(name, CancellationToken::new(), Ok(Some(payload.to_owned())))
            .open();
    }

    /// That call fails.
    pub(crate) fn fail(&self, name: &str, status: Status) {
        self.hold_then_fail(name, status).open();
    }

    /// That call waits for the gate, and is answered with what it was sent.
    pub(crate) fn hold(&self, name: &str) -> Gate {
        self.then(name, CancellationToken::new(), Ok(None))
    }

    /// That call waits for the gate, and fails.
    pub(crate) fn hold_then_fail(&self, name: &str, status: Status) -> Gate {
        self.then(name, CancellationToken::new(), Err(status))
    }

    fn then(
        &self,
        name: &str,
        gate: CancellationToken,
        answer: Result<Option<String>, Status>,
    ) -> Gate {
        let mut acts = self.links.acts.lock().unwrap();
        acts.entry(name.to_owned()).or_default().push_back(Act {
            gate: gate.clone(),
            answer,
        });
        Gate(gate)
    }

    /// All calls so far, in the order in which they came.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.links.calls.borrow().clone()
    }

    /// The names of all calls so far, in the order in which they came.
    pub(crate) fn names(&self) -> Vec<String> {
        self.calls().into_iter().map(|call| call.name).collect()
    }

    /// The calls of this name so far.
    pub(crate) fn calls_of(&self, name: &str) -> Vec<Call> {
        let mut calls = self.calls();
        calls.retain(|call| call.name == name);
        calls
    }

    /// Waits until this name was called so often.
    pub(crate) async fn called(&self, name: &str, times: usize) {
        let mut calls = self.links.calls.subscribe();
        let enough =
            calls.wait_for(|calls| calls.iter().filter(|call| call.name == name).count() >= times);
        within(enough).await.unwrap();
    }
}

impl Links {
    async fn call(
        &self,
        name: &str,
        metadata: &MetadataMap,
        payload: String,
    ) -> Result<String, Status> {
        let text = |header| {
            let value = metadata.get(header).map(|value| value.to_str().unwrap());
            value.unwrap_or_default().to_owned()
        };
        let name = match text(IDEMPOTENCY_COMPENSATION).as_str() {
            "true" => format!("undo {name}"),
            _ => name.to_owned(),
        };
        let act = {
            let mut acts = self.acts.lock().unwrap();
            acts.get_mut(&name).and_then(VecDeque::pop_front)
        };
        let call = Call {
            name,
            payload: payload.clone(),
            key: text(IDEMPOTENCY_KEY),
            traceparent: text(TRACEPARENT),
            timeout: timeout(&text("grpc-timeout")),
        };
        self.calls.send_modify(|calls| calls.push(call));
        let Some(act) = act else { return Ok(payload) };
        act.gate.cancelled().await;
        Ok(act.answer?.unwrap_or(payload))
    }
}

#[tonic::async_trait]
impl FirstLinkService for Links {
    async fn first(
        &self,
        request: Request<FirstRequest>,
    ) -> Result<Response<FirstResponse>, Status> {
        let (metadata, _, request) = request.into_parts();
        let payload = self.call("First", &metadata, request.payload).await?;
        Ok(Response::new(FirstResponse { payload }))
    }
}

#[tonic::async_trait]
impl SecondLinkService for Links {
    async fn second(
        &self,
        request: Request<SecondRequest>,
    ) -> Result<Response<SecondResponse>, Status> {
        let (metadata, _, request) = request.into_parts();
        let payload = self.call("Second", &metadata, request.payload).await?;
        Ok(Response::new(SecondResponse { payload }))
    }
}

#[tonic::async_trait]
impl ThirdLinkService for Links {
    async fn third(
        &self,
        request: Request<ThirdRequest>,
    ) -> Result<Response<ThirdResponse>, Status> {
        let (metadata, _, request) = request.into_parts();
        let payload = self.call("Third", &metadata, request.payload).await?;
        Ok(Response::new(ThirdResponse { payload }))
    }
}

/// Reads the value of `grpc-timeout`.
fn timeout(text: &str) -> Duration {
    let (digits, unit) = text.split_at(text.len() - 1);
    let unit = match unit {
        "u" => Duration::from_micros(1),
        "m" => Duration::from_millis(1),
        "S" => Duration::from_secs(1),
        other => panic!("the timeout `{text}` has the unit `{other}`"),
    };
    unit * digits.parse().unwrap()
}

impl Drop for Fake {
    fn drop(&mut self) {
        if let Some((shutdown, _)) = &self.running {
            shutdown.cancel();
        }
    }
}
