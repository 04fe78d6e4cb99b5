//! Certificates for tests: CAs of our own, and what they sign.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use pavane_calls::{Identity, Tls};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd,
};
use tempfile::TempDir;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig, crypto::ring};

/// A CA, and the folder of its files.
pub(crate) struct Authority {
    folder: TempDir,
    certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key, as files.
pub(crate) struct Signed {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        // Whoever has the name of another one is taken for it, and said to sign badly.
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let name = format!("authority {}", NEXT.fetch_add(1, Ordering::Relaxed));
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let issuer = Issuer::new(params, key);
        let this = Self {
            folder: TempDir::new().unwrap(),
            certificate,
            issuer,
        };
        std::fs::write(this.file(), this.pem()).unwrap();
        this
    }

    pub(crate) fn pem(&self) -> String {
        self.certificate.pem()
    }

    /// Its certificate.
    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// To trust whom it signs.
    pub(crate) fn tls(&self) -> Tls {
        Tls {
            ca: Some(self.file()),
            ..Tls::default()
        }
    }

    /// A certificate for a name or an address.
    pub(crate) fn sign(&self, name: &str) -> Signed {
        self.sign_with(name, |_| {})
    }

    /// One that was valid once.
    pub(crate) fn sign_expired(&self, name: &str) -> Signed {
        self.sign_with(name, |params| {
            params.not_before = date_time_ymd(2019, 1, 1);
            params.not_after = date_time_ymd(2020, 1, 1);
        })
    }

    fn sign_with(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Signed {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let file = |kind: &str| self.folder.path().join(format!("{name}.{kind}.pem"));
        let signed = Signed {
            certificate: file("certificate"),
            key: file("key"),
        };
        std::fs::write(&signed.certificate, certificate.pem()).unwrap();
        std::fs::write(&signed.key, key.serialize_pem()).unwrap();
        signed
    }
}

impl Signed {
    pub(crate) fn identity(&self) -> Identity {
        Identity {
            certificate: self.certificate.clone(),
            key: self.key.clone(),
        }
    }

    /// For a server that speaks HTTP/2.
    pub(crate) fn server(&self) -> ServerConfig {
        self.configure(None)
    }

    /// For one that wants clients to have a certificate of this CA.
    pub(crate) fn server_for(&self, clients: &Authority) -> ServerConfig {
        self.configure(Some(clients))
    }

    fn configure(&self, clients: Option<&Authority>) -> ServerConfig {
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap();
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(clients) => {
                let mut roots = RootCertStore::empty();
                roots.add(clients.certificate.der().clone()).unwrap();
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                builder.with_client_cert_verifier(verifier.build().unwrap())
            }
        };
        let certificate = CertificateDer::from_pem_slice(&read(&self.certificate)).unwrap();
        let key = PrivateKeyDer::from_pem_slice(&read(&self.key)).unwrap();
        let mut config = builder.with_single_cert(vec![certificate], key).unwrap();
        config.alpn_protocols = vec![b"h2".to_vec()];
        config
    }
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap()
}
