//! A server from its address to its end: bind, accept within limits, drain.
//!
//! Binding and running are two steps, so that a port in use is known before anything is opened or
//! recovered, and clients that connect meanwhile wait instead of being refused.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use crate::connection::{self, End};
use crate::cors::Cors;
use crate::front::Front;
use crate::reflection::Reflection;
use crate::{Descriptors, Error, Fallback, Health, Limits, Options, Origin, Routes};

/// Pause after accepting failed, for instance because there are too many open files: going on at
/// once would only burn a core.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How often accepting may fail in a row before the server gives up.
const MOST_ACCEPT_FAILURES: u32 = 200;

/// A server that is bound to its address and does not serve yet.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    local_addr: SocketAddr,
    limits: Limits,
    allow_origins: Vec<Origin>,
    descriptors: Descriptors,
    health: Health,
}

impl Server {
    /// Listens. Clients can connect from now on, and wait until [`Server::run`].
    ///
    /// # Errors
    ///
    /// [`Error::AddressInUse`], [`Error::Listen`].
    pub async fn bind(options: Options) -> Result<Self, Error> {
        let Options {
            listen,
            limits,
            allow_origins,
        } = options;
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::AddrInUse => Error::AddressInUse { addr: listen },
            _ => Error::Listen {
                addr: listen,
                source,
            },
        };
        let listener = TcpListener::bind(listen).await.map_err(failed)?;
        let local_addr = listener.local_addr().map_err(failed)?;
        Ok(Self {
            listener,
            local_addr,
            limits,
            allow_origins,
            descriptors: Descriptors::new(),
            health: Health::new(),
        })
    }

    /// Where it listens: with the port that was found, if port 0 was asked for.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// What reflection and JSON know.
    pub fn descriptors(&self) -> Descriptors {
        self.descriptors.clone()
    }

    /// What is said to be serving.
    pub fn health(&self) -> Health {
        self.health.clone()
    }

    /// Serves `routes`, health and reflection, and gives `fallback` the calls of all other paths,
    /// until `shutdown`; see [`crate::no_fallback`]. A fallback that does not know a path either
    /// answers UNIMPLEMENTED without a message, and the nearest method is named in its place.
    ///
    /// On `shutdown` no more connections are accepted, clients are told to go elsewhere, health
    /// says NOT_SERVING, and calls in flight may end within `drain`; those that do not are cut.
    ///
    /// # Errors
    ///
    /// [`Error::Accept`], when the listener broke.
    pub async fn run<F: Fallback>(
        self,
        routes: Routes,
        fallback: F,
        shutdown: CancellationToken,
        drain: Duration,
    ) -> Result<(), Error> {
        let end = End {
            politely: CancellationToken::new(),
            now: CancellationToken::new(),
        };
        let reflection = Reflection::new(self.descriptors.clone(), end.politely.clone());
        self.health.start(routes.names());
        let routes = routes
            .add_service(self.health.service())
            .add_service(reflection.v1())
            .add_service(reflection.v1alpha());
        let connections = Connections {
            places: Arc::new(Semaphore::new(self.limits.max_connections)),
            tasks: TaskTracker::new(),
            end: end.clone(),
        };
        let cors = Cors::allowing(&self.allow_origins);
        let front = Front::new(routes, fallback, self.descriptors, self.limits, cors);
        info!(address = %self.local_addr, "serving");

        let accepted = tokio::select! {
            error = connections.accept(self.listener, Arc::new(front)) => Err(error),
            () = shutdown.cancelled() => Ok(()),
        };

        self.health.drain();
        end.politely.cancel();
        connections.tasks.close();
        let in_time = tokio::time::timeout(drain, connections.tasks.wait()).await;
        if in_time.is_err() {
            let connections_cut = connections.tasks.len();
            warn!(
                connections_cut,
                ?drain,
                "calls in flight did not end in time"
            );
            end.now.cancel();
            connections.tasks.wait().await;
        }
        accepted
    }
}

/// The connections of a server that runs.
struct Connections {
    /// One for each connection that may be open.
    places: Arc<Semaphore>,
    tasks: TaskTracker,
    end: End,
}

impl Connections {
    /// Accepts until accepting fails for good; then says why.
    async fn accept<F: Fallback>(&self, listener: TcpListener, front: Arc<Front<F>>) -> Error {
        let protocol = Arc::new(connection::protocol(&front.limits));
        let mut failures = 0;
        loop {
            let place = self.place(front.limits.max_connections).await;
            let stream = match next(&listener, &mut failures).await {
                Ok(Some(stream)) => stream,
                Ok(None) => continue,
                Err(error) => return error,
            };
            let (protocol, front, end) = (protocol.clone(), front.clone(), self.end.clone());
            self.tasks.spawn(async move {
                connection::serve(stream, &protocol, front, end).await;
                drop(place);
            });
        }
    }

    /// A place for one more connection, waiting for it if need be.
    async fn place(&self, limit: usize) -> tokio::sync::OwnedSemaphorePermit {
        if self.places.available_permits() == 0 {
            warn!(
                limit,
                "`max_connections` are open: new ones wait until one ends"
            );
        }
        let place = self.places.clone().acquire_owned().await;
        place.expect("nobody closes this semaphore")
    }
}

/// The next connection; none if there was a failure that may pass.
async fn next(listener: &TcpListener, failures: &mut u32) -> Result<Option<TcpStream>, Error> {
    let source = match listener.accept().await {
        Ok((stream, _peer)) => {
            *failures = 0;
            return Ok(Some(stream));
        }
        Err(source) => source,
    };
    *failures += 1;
    if *failures >= MOST_ACCEPT_FAILURES {
        return Err(Error::Accept {
            failures: *failures,
            source,
        });
    }
    warn!(error = %source, "cannot accept a connection");
    tokio::time::sleep(ACCEPT_PAUSE).await;
    Ok(None)
}
