//! From an address to a stream of bytes: TCP, and TLS where the target is to be reached by it. The one
//! way in which connections are made, whoever speaks over them.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use http::uri::Scheme;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tonic::transport::{Channel, Endpoint};
use tower::service_fn;

use crate::tls::{NO_HTTP2, SecureStream, Secured};
use crate::{Error, Target};

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    #[error("{}", words(.0))]
    Io(#[source] io::Error),
    #[error("{0}")]
    Tls(String),
    #[error("{NO_HTTP2}")]
    NoHttp2,
    #[error("no connection within {0:?}")]
    TimedOut(Duration),
}

/// Connects to one target.
#[derive(Clone, Debug)]
pub(crate) struct Connector {
    uri: Uri,
    secured: Option<Arc<Secured>>,
    timeout: Duration,
}

/// A connection to a target.
#[derive(Debug)]
pub(crate) enum Stream {
    Plain(TcpStream),
    Secure(Box<SecureStream>),
}

/// What tonic speaks over.
trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

impl Connector {
    /// Reads the files of certificates. Errors: those of what the target names.
    pub(crate) fn new(target: &Target, timeout: Duration) -> Result<Self, Error> {
        Ok(Self {
            uri: target.uri().clone(),
            secured: Secured::new(target)?.map(Arc::new),
            timeout,
        })
    }

    /// How connections are secured, if they are.
    pub(crate) fn secured(&self) -> Option<&Secured> {
        self.secured.as_deref()
    }

    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Connects, for as long as it takes.
    pub(crate) async fn connect(&self) -> Result<Stream, ConnectError> {
        let authority = self.uri.authority().expect("a target has an authority");
        let stream = TcpStream::connect(authority.as_str()).await;
        let stream = stream.map_err(ConnectError::Io)?;
        stream.set_nodelay(true).map_err(ConnectError::Io)?;
        match &self.secured {
            None => Ok(Stream::Plain(stream)),
            Some(secured) => {
                let stream = secured.secure(stream).await?;
                Ok(Stream::Secure(Box::new(stream)))
            }
        }
    }

    /// The same, for somebody who would not say why TLS broke it.
    async fn hear_out(&self) -> Result<Stream, ConnectError> {
        let mut stream = self.connect().await?;
        if let (Stream::Secure(stream), Some(secured)) = (&mut stream, &self.secured) {
            secured.hear_out(stream).await?;
        }
        Ok(stream)
    }

    /// What a tonic channel to the target is made of.
    pub(crate) fn endpoint(&self) -> Endpoint {
        // It is to say the scheme of the target, but TLS is none of its business.
        let mut plain = self.uri.clone().into_parts();
        plain.scheme = Some(Scheme::HTTP);
        let plain = Uri::from_parts(plain).expect("another scheme makes no other URI invalid");
        Endpoint::from(plain).origin(self.uri.clone())
    }

    /// A tonic channel over connections of this kind; connects when it is used.
    pub(crate) fn channel(&self, endpoint: Endpoint) -> Channel {
        let connector = self.clone();
        endpoint.connect_with_connector_lazy(service_fn(move |_: Uri| {
            let connector = connector.clone();
            async move {
                let connecting = tokio::time::timeout(connector.timeout, connector.hear_out());
                let connected = connecting.await;
                let connected = connected.unwrap_or(Err(ConnectError::TimedOut(connector.timeout)));
                let stream: Box<dyn Io> = match connected? {
                    Stream::Plain(stream) => Box::new(stream),
                    Stream::Secure(stream) => stream,
                };
                Ok::<_, ConnectError>(TokioIo::new(stream))
            }
        }))
    }
}

/// What the system says, short where everybody knows it.
fn words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        io::ErrorKind::ConnectionReset => "connection reset".to_owned(),
        _ => error.to_string(),
    }
}
