//! One connection, and what can be done over it.

use std::time::Duration;

use prost::Message;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Response, Status};

use crate::error::root_cause;
use crate::{Call, Error, Executions, Subscribe, Workflows};

/// Batches of events are larger than HTTP/2's first window.
const STREAM_WINDOW_BYTES: u32 = 4 << 20;
const CONNECTION_WINDOW_BYTES: u32 = 8 << 20;

/// How a [`Client`] connects and calls.
#[derive(Debug, Clone)]
pub struct Options {
    /// How long a connection may take to be made. Default: 10 s.
    pub connect_timeout: Duration,
    /// How long a unary call may take, unless the call says otherwise. Default: 30 s.
    pub call_timeout: Duration,
    /// Largest answer that is accepted, in bytes. Default: 16 MiB.
    pub max_answer_bytes: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            call_timeout: Duration::from_secs(30),
            max_answer_bytes: 16 << 20,
        }
    }
}

/// A client of one server. Cheap to clone: all clones share a connection, which is made again when it
/// was lost.
#[derive(Debug, Clone)]
pub struct Client {
    channel: Channel,
    options: Options,
}

impl Client {
    /// Connects to `host:port` or `http://host:port`. Errors: [`Error::InvalidAddress`],
    /// [`Error::Unreachable`].
    pub async fn connect(address: &str) -> Result<Self, Error> {
        Self::connect_with(address, Options::default()).await
    }

    /// As [`Client::connect`], with other limits.
    pub async fn connect_with(address: &str, options: Options) -> Result<Self, Error> {
        let endpoint = endpoint(address)?.connect_timeout(options.connect_timeout);
        let connected = endpoint.connect().await;
        let channel = connected.map_err(|error| Error::Unreachable {
            address: address.to_owned(),
            cause: root_cause(&error),
        })?;
        Ok(Self { channel, options })
    }

    /// Over a channel of one's own: with TLS, with an authority, or one that connects when it is used.
    pub fn over(channel: Channel, options: Options) -> Self {
        Self { channel, options }
    }

    /// For generated stubs.
    pub fn channel(&self) -> Channel {
        self.channel.clone()
    }

    /// Checks and deploys workflows.
    pub fn workflows(&self) -> Workflows {
        Workflows::new(self)
    }

    /// Starts, shows and steers executions.
    pub fn executions(&self) -> Executions {
        Executions::new(self)
    }

    /// Calls a method that a workflow implements, such as `shop.order.v1.OrderService/PlaceOrder`, or any
    /// other unary method of the server.
    pub fn call<Q: Message + 'static, A: Message + Default + 'static>(
        &self,
        method: &str,
        request: Q,
    ) -> Call<Q, A> {
        Call::new(self, method, request)
    }

    /// Subscribes to a feed of the server, from its oldest event unless told otherwise.
    pub fn subscribe(&self, feed: impl Into<String>) -> Subscribe {
        Subscribe::new(self.channel(), feed.into())
    }

    pub(crate) fn options(&self) -> &Options {
        &self.options
    }
}

/// A request that is given up after this time, by both sides.
pub(crate) fn within<T>(timeout: Duration, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(timeout);
    request
}

/// The answer to a call that was made with [`within`].
pub(crate) async fn answer<A>(
    call: impl Future<Output = Result<Response<A>, Status>>,
    timeout: Duration,
) -> Result<A, Error> {
    let answered = call.await;
    let answer = answered.map_err(|status| Error::of_call(status, timeout))?;
    Ok(answer.into_inner())
}

fn endpoint(address: &str) -> Result<Endpoint, Error> {
    let invalid = || Error::InvalidAddress {
        found: address.to_owned(),
    };
    let authority = match address.split_once("://") {
        Some(("http", authority)) => authority,
        Some(_) => return Err(invalid()),
        None => address,
    };
    let endpoint = Endpoint::from_shared(format!("http://{authority}")).map_err(|_| invalid())?;
    let uri = endpoint.uri();
    let is_whole = uri.port_u16().is_some() && uri.host().is_some_and(|host| !host.is_empty());
    if !is_whole || uri.path() != "/" {
        return Err(invalid());
    }
    Ok(endpoint
        .tcp_nodelay(true)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES))
}

#[cfg(test)]
mod tests {
    use super::endpoint;

    fn check(address: &str, expected: Option<&str>) {
        let found = endpoint(address).ok().map(|one| one.uri().to_string());
        assert_eq!(found.as_deref(), expected, "{address}");
    }

    #[test]
    fn an_address_has_a_host_and_a_port() {
        check("127.0.0.1:7400", Some("http://127.0.0.1:7400/"));
        check("http://localhost:7400", Some("http://localhost:7400/"));
        check("http://localhost:7400/", Some("http://localhost:7400/"));
        check("[::1]:7400", Some("http://[::1]:7400/"));
        check("localhost", None);
        check(":7400", None);
        check("https://localhost:7400", None);
        check("localhost:7400/path", None);
        check("a b:1", None);
        check("", None);
    }
}
