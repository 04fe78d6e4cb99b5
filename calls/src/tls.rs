//! TLS to one target: whom it trusts, by what the client proves who it is, and which HTTP is spoken.
//!
//! Files are read again for each connection, so that a certificate that was replaced is used from the
//! next connection on. One that cannot be read then is as it was before: certificate and key are
//! rarely replaced at the same instant.

mod explain;
mod watched;

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::ring};

use crate::target::{Identity, Target, Tls};
use crate::{ConnectError, Error};

pub(crate) use explain::NO_HTTP2;
use explain::{explain, explain_cause};
pub(crate) use watched::{Cause, Watched};

/// What HTTP/2 is called when a connection is set up.
const ALPN_H2: &[u8] = b"h2";

/// How long the other side may take to say something of itself.
const FIRST_WORDS: Duration = Duration::from_secs(1);

/// A connection that is secure.
pub(crate) type SecureStream = Watched<TlsStream<TcpStream>>;

/// Secures connections to one target.
#[derive(Debug)]
pub(crate) struct Secured {
    tls: Tls,
    name: ServerName<'static>,
    current: Mutex<Material>,
    /// Why the last connection broke that was handed on unheard, if TLS broke it.
    last: Mutex<Cause>,
}

/// What was in the files when they were last read, and what was made of it.
#[derive(Clone, Debug)]
struct Material {
    files: Files,
    config: Arc<ClientConfig>,
}

/// The content of the files that are named.
#[derive(Clone, PartialEq, Eq)]
struct Files {
    ca: Option<Vec<u8>>,
    certificate: Option<Vec<u8>>,
    key: Option<Vec<u8>>,
}

impl std::fmt::Debug for Files {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Files") // a private key is among them
    }
}

/// Whether what is named can be used. Errors: what is wrong with the first that cannot.
pub(crate) fn check(tls: &Tls) -> Result<(), Error> {
    if let Some(domain) = &tls.domain {
        server_name(domain)?;
    }
    Material::new(tls, Files::read(tls)?).map(drop)
}

fn server_name(name: &str) -> Result<ServerName<'static>, Error> {
    ServerName::try_from(name.to_owned()).map_err(|_| Error::InvalidDomain {
        name: name.to_owned(),
    })
}

impl Secured {
    /// Reads the files. `None`: the target is called in the clear.
    pub(crate) fn new(target: &Target) -> Result<Option<Self>, Error> {
        let Some(tls) = target.tls() else {
            return Ok(None);
        };
        let name = server_name(target.name())?;
        let material = Material::new(tls, Files::read(tls)?)?;
        Ok(Some(Self {
            tls: tls.clone(),
            name,
            current: Mutex::new(material),
            last: Mutex::default(),
        }))
    }

    /// Makes the connection a secure one.
    pub(crate) async fn secure(
        self: &Arc<Self>,
        stream: TcpStream,
    ) -> Result<SecureStream, ConnectError> {
        let this = Arc::clone(self);
        let config = tokio::task::spawn_blocking(move || this.config()).await;
        let config = config.map_err(|error| ConnectError::Io(io::Error::other(error)))?;
        let connecting = TlsConnector::from(config).connect(self.name.clone(), stream);
        let stream = connecting
            .await
            .map_err(|error| ConnectError::Tls(explain(&error, &self.name.to_str(), &self.tls)))?;
        match stream.get_ref().1.alpn_protocol() {
            Some(ALPN_H2) => Ok(Watched::new(stream)),
            Some(_) | None => Err(ConnectError::NoHttp2),
        }
    }

    /// By TLS 1.3 a service refuses a client's certificate only after the handshake, when the
    /// connection belongs to somebody who would not say why it broke. So after one that was refused
    /// the next is not handed on before the other side has said something; or has said nothing for
    /// a while, because it waits to be spoken to.
    pub(crate) async fn hear_out(&self, stream: &mut SecureStream) -> Result<(), ConnectError> {
        let cause = stream.cause();
        let last = std::mem::replace(&mut *self.last.lock(), Arc::clone(&cause));
        if last.get().is_none() {
            return Ok(());
        }
        let heard = tokio::time::timeout(FIRST_WORDS, stream.listen()).await;
        heard.unwrap_or(Ok(())).map_err(|error| {
            let explained = self.explain(&cause);
            explained.map_or(ConnectError::Io(error), ConnectError::Tls)
        })
    }

    /// Why a secure connection broke, in words, if it was TLS that broke it.
    pub(crate) fn explain(&self, cause: &Cause) -> Option<String> {
        let cause = cause.get()?;
        Some(explain_cause(cause, &self.name.to_str(), &self.tls))
    }

    /// What to connect with now.
    fn config(&self) -> Arc<ClientConfig> {
        let current = self.current.lock().clone();
        let read = Files::read(&self.tls);
        let changed = match read {
            Ok(files) if files == current.files => return current.config,
            Ok(files) => Material::new(&self.tls, files),
            Err(error) => Err(error),
        };
        match changed {
            Ok(material) => {
                tracing::info!(name = %self.name.to_str(), "certificates have changed");
                let config = Arc::clone(&material.config);
                *self.current.lock() = material;
                config
            }
            Err(error) => {
                tracing::warn!(%error, "the certificates stay as they were");
                current.config
            }
        }
    }
}

impl Files {
    fn read(tls: &Tls) -> Result<Self, Error> {
        let read = |what, path: &Path| {
            std::fs::read(path).map_err(|error| Error::Unreadable {
                what,
                path: path.to_owned(),
                problem: error.to_string(),
            })
        };
        let ca = tls.ca.as_deref();
        let identity = tls.identity.as_ref();
        let certificate = identity.map(|identity| identity.certificate.as_path());
        let key = identity.map(|identity| identity.key.as_path());
        Ok(Self {
            ca: ca.map(|path| read("the CA", path)).transpose()?,
            certificate: certificate
                .map(|path| read("the client certificate", path))
                .transpose()?,
            key: key.map(|path| read("the client key", path)).transpose()?,
        })
    }
}

impl Material {
    fn new(tls: &Tls, files: Files) -> Result<Self, Error> {
        let roots = match (&tls.ca, &files.ca) {
            (Some(path), Some(pem)) => roots_of_file(path, pem)?,
            (Some(_) | None, _) => roots_of_system()?,
        };
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the provider can do the versions that are the default")
            .with_root_certificates(roots);
        let mut config = match (&tls.identity, &files.certificate, &files.key) {
            (Some(identity), Some(certificate), Some(key)) => {
                let chain = certificates(&identity.certificate, certificate)?;
                let key = private_key(&identity.key, key)?;
                let built = builder.with_client_auth_cert(chain, key);
                built.map_err(|error| unusable(identity, &error.to_string()))?
            }
            _ => builder.with_no_client_auth(),
        };
        config.alpn_protocols = vec![ALPN_H2.to_vec()];
        let config = Arc::new(config);
        Ok(Self { files, config })
    }
}

fn unusable(identity: &Identity, problem: &str) -> Error {
    Error::UnusableIdentity {
        certificate: identity.certificate.clone(),
        key: identity.key.clone(),
        problem: problem.to_owned(),
    }
}

fn roots_of_file(path: &Path, pem: &[u8]) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path, pem)? {
        roots.add(certificate).map_err(|error| Error::Malformed {
            expected: "certificate of a CA",
            path: path.to_owned(),
            problem: error.to_string(),
        })?;
    }
    Ok(roots)
}

fn roots_of_system() -> Result<RootCertStore, Error> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(found.certs);
    if added == 0 {
        let problem = found.errors.first();
        let problem = problem.map_or_else(|| "none was found".to_owned(), ToString::to_string);
        return Err(Error::NoSystemRoots { problem });
    }
    Ok(roots)
}

fn certificates(path: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Error> {
    let malformed = |problem: String| Error::Malformed {
        expected: "PEM certificate",
        path: path.to_owned(),
        problem,
    };
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let certificates = certificates.map_err(|error| malformed(error.to_string()))?;
    if certificates.is_empty() {
        return Err(malformed("nothing in it begins as one does".to_owned()));
    }
    Ok(certificates)
}

fn private_key(path: &Path, pem: &[u8]) -> Result<PrivateKeyDer<'static>, Error> {
    PrivateKeyDer::from_pem_slice(pem).map_err(|error| Error::Malformed {
        expected: "PEM private key",
        path: path.to_owned(),
        problem: error.to_string(),
    })
}
