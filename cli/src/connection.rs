//! A channel to a server, and the stubs on it.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use pavane::feed::v1::feed_service_client::FeedServiceClient;
use pavane::workflow::v1::execution_service_client::ExecutionServiceClient;
use pavane::workflow::v1::workflow_service_client::WorkflowServiceClient;
use pavane_calls::Target;
use tonic::transport::{Channel, Endpoint, Uri};
use tonic::{Code, Request, Status, TimeoutExpired};

use crate::error::Error;

/// Longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest wait for the answer to a call that is not meant to wait.
pub(crate) const CALL_TIMEOUT: Duration = Duration::from_secs(30);
/// Largest response that is accepted.
const MAX_RESPONSE_BYTES: usize = 64 << 20;

/// A server that has answered.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    address: String,
    channel: Channel,
}

impl Connection {
    /// Connects to `HOST:PORT`, `:PORT` (this machine) or an `http` URL.
    pub(crate) async fn open(server: &str) -> Result<Self, Error> {
        let (address, endpoint) = endpoint(server)?;
        match endpoint.connect().await {
            Ok(channel) => Ok(Self { address, channel }),
            Err(error) => Err(Error::Unreachable {
                cause: root_cause(&error),
                address,
            }),
        }
    }

    /// One that connects when it is used, by what is said of the target. Errors: the files that the
    /// target names cannot be used.
    pub(crate) fn to(target: &Target) -> Result<Self, Error> {
        let address = target.to_string();
        let authority = address.trim_start_matches("https://");
        let (_, endpoint) = endpoint(authority)?;
        let channel = pavane_calls::dial(target, endpoint, CONNECT_TIMEOUT);
        let channel = channel.map_err(Error::usage)?;
        Ok(Self { address, channel })
    }

    /// Host and port.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// For stubs that only one command needs.
    pub(crate) fn channel(&self) -> Channel {
        self.channel.clone()
    }

    pub(crate) fn executions(&self) -> ExecutionServiceClient<Channel> {
        ExecutionServiceClient::new(self.channel()).max_decoding_message_size(MAX_RESPONSE_BYTES)
    }

    pub(crate) fn workflows(&self) -> WorkflowServiceClient<Channel> {
        WorkflowServiceClient::new(self.channel()).max_decoding_message_size(MAX_RESPONSE_BYTES)
    }

    pub(crate) fn feeds(&self) -> FeedServiceClient<Channel> {
        FeedServiceClient::new(self.channel()).max_decoding_message_size(MAX_RESPONSE_BYTES)
    }

    /// What a failed call means to the user.
    pub(crate) fn error(&self, status: Status) -> Error {
        let lost = status.code() == Code::Unavailable && status.source().is_some();
        match status.source() {
            Some(source) if is_timeout(source) => Error::Unanswered {
                address: self.address.clone(),
                waited: CALL_TIMEOUT,
            },
            Some(source) if lost => Error::Unreachable {
                address: self.address.clone(),
                cause: root_cause(source),
            },
            _ => Error::Refused(Box::new(status)),
        }
    }
}

/// Why the connection is of no use, if that is why a call failed: another attempt may go well.
pub(crate) fn lost(status: &Status) -> Option<String> {
    match status.source() {
        Some(source) => Some(root_cause(source)),
        // What a server says after a semicolon is what to do about it, and that is done.
        None if status.code() == Code::Unavailable => {
            status.message().split(';').next().map(str::to_owned)
        }
        None => None,
    }
}

/// Whether it is the end of the time that `unary` gives.
fn is_timeout(error: &(dyn StdError + 'static)) -> bool {
    error.is::<TimeoutExpired>() || error.source().is_some_and(is_timeout)
}

/// A request that is given up after half a minute.
pub(crate) fn unary<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(CALL_TIMEOUT);
    request
}

/// `HOST:PORT` for messages, and where to dial.
pub(crate) fn endpoint(server: &str) -> Result<(String, Endpoint), Error> {
    let wrong = |problem: &str| {
        Error::usage(format!(
            "`{server}` is not the address of a server: {problem}"
        ))
        .with_hint("write HOST:PORT, such as 127.0.0.1:7400")
    };
    let url = match server.split_once("://") {
        Some(("http", _)) => server.to_owned(),
        Some((scheme, _)) => {
            return Err(wrong(&format!("only http is spoken, this is {scheme}")));
        }
        None if server.starts_with(':') => format!("http://127.0.0.1{server}"),
        None => format!("http://{server}"),
    };
    let uri: Uri = url.parse().map_err(|_| wrong("it is not a URL"))?;
    if uri.path() != "/" {
        return Err(wrong("it has a path"));
    }
    let host = uri
        .host()
        .filter(|host| !host.is_empty())
        .ok_or_else(|| wrong("it has no host"))?;
    let port = uri.port_u16().ok_or_else(|| wrong("it has no port"))?;
    let endpoint = Endpoint::from(uri.clone())
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_nodelay(true);
    Ok((format!("{host}:{port}"), endpoint))
}

/// The innermost error, which says what happened, in words.
fn root_cause(error: &(dyn StdError + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    match innermost.downcast_ref::<io::Error>().map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionRefused) => "connection refused".to_owned(),
        Some(io::ErrorKind::TimedOut) => "no answer within 5 s".to_owned(),
        _ => innermost.to_string().trim_end_matches('.').to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::{Code, Connection, Request, endpoint};
    use pavane::workflow::v1::GetExecutionRequest;
    use std::time::Duration;

    #[tokio::test]
    async fn a_server_that_does_not_answer_is_told_from_one_that_cannot_be_reached() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound").to_string();
        let connection = Connection::open(&address).await.expect("it listens");
        let mut request = Request::new(GetExecutionRequest::default());
        request.set_timeout(Duration::from_millis(1));
        let answer = connection.executions().get_execution(request).await;
        let status = answer.expect_err("nobody answers");
        assert_eq!(status.code(), Code::Cancelled);
        assert_eq!(
            connection.error(status).to_string(),
            format!("{address} was reached but did not answer within 30 s")
        );
    }

    fn check(server: &str, expected: &str) {
        let found = match endpoint(server) {
            Ok((address, _)) => address,
            Err(error) => error.to_string(),
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn an_address_can_be_written_in_several_ways() {
        check("127.0.0.1:7400", "127.0.0.1:7400");
        check("localhost:7400", "localhost:7400");
        check("http://localhost:7400", "localhost:7400");
        check("http://localhost:7400/", "localhost:7400");
        check(":7401", "127.0.0.1:7401");
        check("[::1]:7400", "[::1]:7400");
    }

    #[test]
    fn a_wrong_address_says_what_is_wrong() {
        check(
            "localhost",
            "`localhost` is not the address of a server: it has no port",
        );
        check(
            "https://localhost:7400",
            "`https://localhost:7400` is not the address of a server: only http is spoken, this is https",
        );
        check(
            "a b:1",
            "`a b:1` is not the address of a server: it is not a URL",
        );
        check("", "`` is not the address of a server: it is not a URL");
        check(
            "localhost:1/x",
            "`localhost:1/x` is not the address of a server: it has a path",
        );
    }
}
