//! The assembly that all participants share: a store with the service's own feed, the ledger, and
//! a server that shows feed, health and reflection beside the service itself. It must never go on
//! after a failed write: the health says so, the server stops, the process is to exit.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use pavane::workflow::v1::participant_service_server::ParticipantServiceServer;
use pavane_choreography::{self as choreography, Host, Runtime};
use pavane_feed::{self as feed, Access, Feed, Store, TransactError, Transaction};
use pavane_server::{self as server, Health, Routes, Server, no_fallback};
use prost_reflect::DescriptorPool;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic::server::NamedService;
use tower::{Layer, Service};

use crate::choreography::{Handlers, ServiceHost};
use crate::{Error, Faults, Ledger, Options};

/// A service that is being put together: its store is open, its address bound, nothing is served
/// yet. Clients that connect meanwhile wait.
///
/// ```no_run
/// # use pavane::shop::payment::v1::payment_service_server::{PaymentService, PaymentServiceServer};
/// # use pavane_kit::{Error, Ledger, Options, Participant};
/// # async fn start<Payments: PaymentService>(
/// #     make: impl FnOnce(Ledger) -> Payments,
/// # ) -> Result<(), Error> {
/// let options = Options::new(([127, 0, 0, 1], 7402).into(), "data/payment");
/// let participant = Participant::open("payment", options).await?;
/// let payments = make(participant.ledger().clone());
/// let participant = participant.add_service(PaymentServiceServer::new(payments));
/// let mut handle = participant.serve(pavane::descriptor_pool())?;
/// handle.wait().await
/// # }
/// ```
#[derive(Debug)]
pub struct Participant {
    server: Server,
    store: Store,
    feed: Feed,
    ledger: Ledger,
    faults: Option<Faults>,
    routes: Routes,
    handlers: Handlers,
    choreography: Option<Runtime>,
    options: Options,
}

impl Participant {
    /// Binds the address, opens the store, and in it the feed of this name, which nobody else may
    /// write to. The name owns the store too, unless the options say who does: the folder of one
    /// service is not opened for another.
    ///
    /// # Errors
    /// [`Error::Server`] if the address cannot be used, [`Error::Store`] if the folder cannot.
    pub async fn open(name: &str, options: Options) -> Result<Self, Error> {
        let listen = server::Options {
            listen: options.listen,
            limits: options.limits.clone(),
            allow_origins: options.allow_origins.clone(),
        };
        let server = Server::bind(listen).await?;
        let (mut folder, name) = (options.store.clone(), name.to_owned());
        folder.owner.get_or_insert_with(|| name.clone());
        // Opening reads the journal: that takes a while after a crash.
        let opening = tokio::task::spawn_blocking(move || {
            let store = Store::open(folder)?;
            let feed = store.feed(&name, Access::Owner)?;
            Ok::<_, feed::Error>((store, feed))
        });
        let (store, feed) = opening.await.map_err(|_| Error::Panicked)??;
        let ledger = Ledger::open(&store)?;
        let faults = options.allow_faults.then(Faults::default);
        Ok(Self {
            server,
            store,
            feed,
            ledger,
            faults,
            routes: Routes::new(),
            handlers: Handlers::default(),
            choreography: None,
            options,
        })
    }

    /// The store, for the service's own state: see [`crate::Table`].
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The service's own feed.
    pub fn feed(&self) -> &Feed {
        &self.feed
    }

    /// Idempotency for the service's methods.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Writes to the state before anything is served.
    ///
    /// # Errors
    /// What `write` returns, and [`Error::Store`].
    pub async fn transact<F>(&self, write: F) -> Result<(), Error>
    where
        F: FnOnce(&mut Transaction<'_>) -> Result<(), Error> + Send + 'static,
    {
        self.store
            .transact(write)
            .await
            .map_err(|error| match error {
                TransactError::Aborted(error) => error,
                TransactError::Store(error) => Error::Store(error),
            })
    }

    /// Adds a service, such as a generated `FooServer`. If faults are allowed, its methods can be
    /// made to fail.
    #[must_use]
    pub fn add_service<S>(self, service: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>
            + NamedService
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send + 'static,
    {
        match &self.faults {
            Some(faults) => {
                let service = faults.layer().layer(service);
                self.add(service)
            }
            None => self.add(service),
        }
    }

    fn add<S>(mut self, service: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>
            + NamedService
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send + 'static,
    {
        self.handlers.add(service.clone());
        self.routes = self.routes.add_service(service);
        self
    }

    /// Takes part in choreographies, as the one who performs the methods of the services that were
    /// added before: it answers ParticipantService, hears the feeds of its peers, and calls its own
    /// handlers for the steps that are its own. It goes on where it was when it was last stopped.
    ///
    /// Its name is that of its feed.
    ///
    /// # Errors
    /// [`Error::PeerTls`] if the files of [`Options::peer_tls`] cannot be used, [`Error::Choreography`]
    /// if what it remembers cannot be read.
    pub async fn take_part(self) -> Result<Self, Error> {
        let (handlers, peer_tls) = (self.handlers.clone(), self.options.peer_tls.clone());
        let host = ServiceHost::new(self.store.clone(), self.feed.clone(), handlers, peer_tls)?;
        self.take_part_as(host).await
    }

    /// As [`Participant::take_part`], for one who performs its steps in another way than by the
    /// services that were added. The host writes to this store and this feed.
    ///
    /// # Errors
    /// As of [`Participant::take_part`].
    pub async fn take_part_as(mut self, host: impl Host) -> Result<Self, Error> {
        let options = self.options.choreography.clone();
        // Reads the disk, and compiles workflows.
        let starting =
            tokio::task::spawn_blocking(|| Runtime::participant(Arc::new(host), options));
        self.choreography = Some(starting.await.map_err(|_| Error::Panicked)??);
        Ok(self)
    }

    /// Serves what was added, the feed, health and reflection. `descriptors` define the services
    /// that were added.
    ///
    /// # Errors
    /// [`Error::Server`] if the descriptors lack a service.
    pub fn serve(mut self, descriptors: &DescriptorPool) -> Result<Handle, Error> {
        let stop = CancellationToken::new();
        let limits = self.options.limits.clone();
        let known = self.server.descriptors();
        known.set("services", descriptors, self.routes.names())?;
        let subscriptions = feed::ServiceOptions::default();
        let feeds = feed::Service::new(self.store.clone(), subscriptions, stop.clone());
        let feeds = feed::Server::new(feeds, limits.max_receive_bytes, limits.max_send_bytes);
        self = self.add_service(feeds);
        let mut ours = vec![FEED_SERVICE];
        if let Some(faults) = &self.faults {
            let pools = [descriptors, pavane::descriptor_pool()];
            faults.cover(self.routes.names().flat_map(|name| methods(&pools, name)));
            self.routes = self.routes.add_service(faults.service(self.ledger.clone()));
            ours.push(FAULT_SERVICE);
        }
        if let Some(runtime) = &self.choreography {
            let service = choreography::Service::new(runtime.clone());
            let service = ParticipantServiceServer::new(service)
                .max_decoding_message_size(limits.max_receive_bytes)
                .max_encoding_message_size(limits.max_send_bytes);
            self.routes = self.routes.add_service(service);
            ours.push(PARTICIPANT_SERVICE);
        }
        known.set("kit", pavane::descriptor_pool(), ours)?;

        let local_addr = self.server.local_addr();
        let task = tokio::spawn(self.run(stop.clone()));
        Ok(Handle {
            local_addr,
            stop,
            task,
        })
    }

    async fn run(self, stop: CancellationToken) -> Result<(), Error> {
        let Self {
            server,
            store,
            routes,
            choreography,
            options,
            ..
        } = self;
        let names: Vec<_> = routes.names().collect();
        let health = server.health();
        let serving = server.run(routes, no_fallback(), stop.clone(), options.drain);
        let serving = async {
            let served = serving.await;
            // The streams of the feed, and choreographies, end by this if the server ended by itself.
            stop.cancel();
            served
        };
        // Both drain at the same time, each within the bound.
        let parting = part(choreography.clone(), stop.clone(), options.drain);
        let serving = async { tokio::join!(serving, parting).0 };
        tokio::pin!(serving);
        let outcome = tokio::select! {
            served = &mut serving => served.map_err(Error::Server),
            error = failure(&store, choreography.as_ref()) => {
                tracing::error!(%error, "nothing can be written any more: the server stops");
                say_not_serving(&health, &names);
                stop.cancel();
                serving.await?;
                Err(error)
            }
        };
        store.close().await;
        outcome
    }
}

/// Takes no part any more, once `stop` says so.
async fn part(choreography: Option<Runtime>, stop: CancellationToken, drain: Duration) {
    if let Some(runtime) = choreography {
        stop.cancelled().await;
        runtime.stop(drain).await;
    }
}

/// Waits until something has failed for good.
async fn failure(store: &Store, choreography: Option<&Runtime>) -> Error {
    let choreography = async {
        match choreography {
            Some(runtime) => runtime.failed().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        error = store.failed() => Error::Store(error),
        error = choreography => Error::Choreography(error),
    }
}

const FEED_SERVICE: &str = "pavane.feed.v1.FeedService";
const PARTICIPANT_SERVICE: &str = "pavane.workflow.v1.ParticipantService";
const FAULT_SERVICE: &str = "pavane.testing.v1.FaultService";

/// Full names of a service's methods.
fn methods(pools: &[&DescriptorPool], service: &str) -> Vec<String> {
    let service = pools
        .iter()
        .find_map(|pool| pool.get_service_by_name(service));
    let name = |method: prost_reflect::MethodDescriptor| {
        format!("{}/{}", method.parent_service().full_name(), method.name())
    };
    service.map_or_else(Vec::new, |service| service.methods().map(name).collect())
}

fn say_not_serving(health: &Health, names: &[&'static str]) {
    health.not_serving("");
    names.iter().for_each(|name| health.not_serving(name));
}

/// A participant that serves. Dropping the handle leaves it running.
#[derive(Debug)]
pub struct Handle {
    local_addr: SocketAddr,
    stop: CancellationToken,
    task: JoinHandle<Result<(), Error>>,
}

impl Handle {
    /// Where it listens: with the port that was found, if port 0 was asked for.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Waits until it ends by itself, which it does only if it has to. Can be given up and called
    /// again.
    ///
    /// # Errors
    /// Why it had to end: [`Error::Store`] after a failed write, [`Error::Server`].
    pub async fn wait(&mut self) -> Result<(), Error> {
        (&mut self.task).await.unwrap_or(Err(Error::Panicked))
    }

    /// Takes no more calls, lets those in flight end within the bound of [`Options::drain`], writes
    /// what is to be written, and releases the folder.
    ///
    /// # Errors
    /// As of [`Handle::wait`].
    pub async fn shutdown(mut self) -> Result<(), Error> {
        self.stop.cancel();
        self.wait().await
    }
}
