//! `grpc.health.v1`: what is serving, for load balancers and those who wait for a server.
//!
//! A watcher costs a receiver and no entry, so that names nobody serves do not accumulate.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use pavane::error::Details;
use tokio::sync::watch;
use tonic::{Code, Request, Response, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_server::{self, HealthServer};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

/// Name of the server as a whole.
const SERVER: &str = "";

/// What is serving: a cheap handle, of which all clones are one. The name `""` is the server as a
/// whole; it and the services of the routes are serving from [`crate::Server::run`] on, unless
/// they were set before.
#[derive(Clone, Debug)]
pub struct Health {
    statuses: Arc<watch::Sender<Statuses>>,
}

#[derive(Debug, Default)]
struct Statuses {
    serving: HashMap<String, bool>,
    /// The server is going away: nothing is serving any more, whatever is said.
    draining: bool,
}

impl Statuses {
    fn get(&self, service: &str) -> Option<ServingStatus> {
        match self.serving.get(service)? {
            true if !self.draining => Some(ServingStatus::Serving),
            _ => Some(ServingStatus::NotServing),
        }
    }
}

impl Health {
    pub(crate) fn new() -> Self {
        Self {
            statuses: Arc::new(watch::Sender::new(Statuses::default())),
        }
    }

    /// Says that a service is serving. Once the server is draining, nothing is.
    pub fn serving(&self, service: &str) {
        self.set(service, true);
    }

    /// Says that a service exists and is not serving.
    pub fn not_serving(&self, service: &str) {
        self.set(service, false);
    }

    /// Forgets a service: asking for it is NOT_FOUND from now on.
    pub fn remove(&self, service: &str) {
        self.statuses
            .send_modify(|statuses| _ = statuses.serving.remove(service));
    }

    /// Says that the server and `services` are serving, but for those of which something was said.
    pub(crate) fn start(&self, services: impl Iterator<Item = &'static str>) {
        self.statuses.send_modify(|statuses| {
            for service in services.chain([SERVER]) {
                statuses.serving.entry(service.to_owned()).or_insert(true);
            }
        });
    }

    /// Says that nothing is serving any more, and ends all watches.
    pub(crate) fn drain(&self) {
        self.statuses
            .send_modify(|statuses| statuses.draining = true);
    }

    /// The service that answers.
    pub(crate) fn service(&self) -> HealthServer<impl health_server::Health + use<>> {
        HealthServer::new(Service {
            statuses: self.statuses.subscribe(),
        })
    }

    fn set(&self, service: &str, serving: bool) {
        self.statuses.send_modify(|statuses| {
            statuses.serving.insert(service.to_owned(), serving);
        });
    }
}

struct Service {
    statuses: watch::Receiver<Statuses>,
}

#[tonic::async_trait]
impl health_server::Health for Service {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        let service = request.into_inner().service;
        let statuses = self.statuses.borrow();
        match statuses.get(&service) {
            Some(status) => Ok(Response::new(response(status))),
            None => Err(unknown(&service, &statuses)),
        }
    }

    type WatchStream = BoxStream<'static, Result<HealthCheckResponse, Status>>;

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let watcher = Watcher {
            statuses: self.statuses.clone(),
            service: request.into_inner().service,
            last: None,
        };
        let responses = stream::unfold(watcher, |mut watcher| async {
            let status = watcher.next().await?;
            Some((Ok(response(status)), watcher))
        });
        Ok(Response::new(responses.boxed()))
    }
}

/// One call of Watch.
struct Watcher {
    statuses: watch::Receiver<Statuses>,
    service: String,
    last: Option<ServingStatus>,
}

impl Watcher {
    /// The next status that differs from the last; none when the server goes away.
    async fn next(&mut self) -> Option<ServingStatus> {
        loop {
            let (status, draining) = {
                let statuses = self.statuses.borrow_and_update();
                // The protocol wants an unknown service watched too: it may become known.
                let status = statuses.get(&self.service);
                (
                    status.unwrap_or(ServingStatus::ServiceUnknown),
                    statuses.draining,
                )
            };
            if self.last.replace(status) != Some(status) {
                return Some(status);
            }
            if draining {
                return None;
            }
            self.statuses.changed().await.ok()?;
        }
    }
}

fn response(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse {
        status: status.into(),
    }
}

fn unknown(service: &str, known: &Statuses) -> Status {
    let nearest = pavane::nearest(service, known.serving.keys().map(String::as_str))
        .filter(|name| !name.is_empty())
        .map(str::to_owned);
    Details::new().fact("service", service).status(
        Code::NotFound,
        "UNKNOWN_SERVICE",
        format!(
            "no service `{service}` here{}",
            crate::error::did_you_mean(&nearest)
        ),
    )
}
