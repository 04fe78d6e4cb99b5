//! What a server is told when it starts: where to listen, which pages may call it, and the limits of
//! its transport.
//!
//! Every limit has a default, and an error that names it when it is reached.

use std::net::SocketAddr;
use std::time::Duration;

use crate::Origin;

/// Where a server listens, and within which limits.
#[derive(Clone, Debug)]
pub struct Options {
    /// Address to listen on. Port 0 takes any free port: see [`crate::Server::local_addr`].
    pub listen: SocketAddr,
    /// Limits of the transport.
    pub limits: Limits,
    /// Whose pages in browsers may call. Default: nobody's.
    pub allow_origins: Vec<Origin>,
}

impl Options {
    /// Listens on `listen`, with the default limits.
    pub fn new(listen: SocketAddr) -> Self {
        Self {
            listen,
            limits: Limits::default(),
            allow_origins: Vec::new(),
        }
    }
}

/// Limits of the transport. The sizes of messages are enforced here for JSON; for gRPC each
/// service enforces them itself: give `max_receive_bytes` to its `max_decoding_message_size` and
/// `max_send_bytes` to its `max_encoding_message_size`.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Connections open at once. Those beyond wait in the listener's backlog. Default: 1,024.
    pub max_connections: usize,
    /// Calls in flight at once on one connection. A client that respects HTTP/2 waits. Default:
    /// 1,024.
    pub max_concurrent_streams: u32,
    /// Calls in flight at once on all connections, from the request's head to the response's.
    /// Those beyond are refused with RESOURCE_EXHAUSTED, at once. Default: 16,384.
    pub max_requests_in_flight: usize,
    /// Size of a request's headers. Default: 16 KiB.
    pub max_header_bytes: u32,
    /// Size of a message that is received. Default: 4 MiB, what most clients expect.
    pub max_receive_bytes: usize,
    /// Size of a message that is sent. Default: 4 MiB, the most that most clients accept.
    pub max_send_bytes: usize,
    /// How long a call may take, until its response begins, when its caller set no deadline. A
    /// deadline that the caller set is honoured instead, however long. Default: 60 s.
    pub request_timeout: Duration,
    /// How long a new connection may go without a request, and how long the head of an HTTP/1.1
    /// request may take. Clients that connect early and call late have to connect again. Default:
    /// 10 s.
    pub first_byte_timeout: Duration,
    /// Age at which a connection is asked to end, so that clients spread over servers anew.
    /// Default: 1 h. `None`: never.
    pub connection_age: Option<Duration>,
    /// How long the calls of a connection that reached its age may go on. Default: 5 min.
    pub connection_age_grace: Duration,
    /// Silence after which an HTTP/2 client is asked whether it is still there. Default: 30 s.
    pub keepalive_interval: Duration,
    /// How long it may take to answer that before its connection is closed. Default: 10 s.
    pub keepalive_timeout: Duration,
    /// Bytes that a client may send on one call before they are read. Default: 1 MiB.
    pub stream_window_bytes: u32,
    /// The same for all calls of a connection together. Default: 4 MiB.
    pub connection_window_bytes: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: 1024,
            max_concurrent_streams: 1024,
            max_requests_in_flight: 16 * 1024,
            max_header_bytes: 16 * 1024,
            max_receive_bytes: 4 * 1024 * 1024,
            max_send_bytes: 4 * 1024 * 1024,
            request_timeout: Duration::from_secs(60),
            first_byte_timeout: Duration::from_secs(10),
            connection_age: Some(Duration::from_secs(60 * 60)),
            connection_age_grace: Duration::from_secs(5 * 60),
            keepalive_interval: Duration::from_secs(30),
            keepalive_timeout: Duration::from_secs(10),
            stream_window_bytes: 1024 * 1024,
            connection_window_bytes: 4 * 1024 * 1024,
        }
    }
}
