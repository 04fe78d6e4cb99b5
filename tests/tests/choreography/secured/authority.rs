//! A CA of our own, and certificates by which members prove to each other who they are.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair,
};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig, crypto::ring};

/// A CA whose certificate is in a file.
pub(super) struct Authority {
    file: PathBuf,
    certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key, both in files.
pub(super) struct Signed {
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
    der: CertificateDer<'static>,
    key_der: PrivateKeyDer<'static>,
}

impl Authority {
    /// A CA of this name; its certificate is `NAME.pem` in the folder.
    pub(super) fn new(folder: &Path, name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("there is randomness");
        let certificate = params.self_signed(&key).expect("a CA signs itself");
        let file = folder.join(format!("{name}.pem"));
        std::fs::write(&file, certificate.pem()).expect("there is room");
        let issuer = Issuer::new(params, key);
        Self {
            file,
            certificate,
            issuer,
        }
    }

    /// The file of its certificate.
    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    pub(super) fn pem(&self) -> String {
        self.certificate.pem()
    }

    /// A certificate for a name or an address, in `FILE.pem` beside that of the CA. It is good for
    /// either side of a connection.
    pub(super) fn sign(&self, name: &str, file: &str) -> Signed {
        let params = CertificateParams::new([name.to_owned()]);
        let mut params = params.expect("certificates can be for it");
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        let key = KeyPair::generate().expect("there is randomness");
        let certificate = params.signed_by(&key, &self.issuer);
        let certificate = certificate.expect("a CA signs");
        let signed = Signed {
            certificate: self.file.with_file_name(format!("{file}.pem")),
            key: self.file.with_file_name(format!("{file}.key.pem")),
            der: certificate.der().clone(),
            key_der: PrivateKeyDer::try_from(key.serialize_der()).expect("it is a key"),
        };
        std::fs::write(&signed.certificate, certificate.pem()).expect("there is room");
        std::fs::write(&signed.key, key.serialize_pem()).expect("there is room");
        signed
    }
}

impl Signed {
    /// Whether this is the certificate.
    pub(super) fn is(&self, shown: &CertificateDer<'_>) -> bool {
        self.der == *shown
    }

    /// For a server that presents it, speaks HTTP/2, and wants clients to have a certificate of this
    /// CA.
    pub(super) fn server(&self, clients: &Authority) -> ServerConfig {
        let provider = Arc::new(ring::default_provider());
        let mut roots = RootCertStore::empty();
        let added = roots.add(clients.certificate.der().clone());
        added.expect("it is the certificate of a CA");
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
        let builder = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider can do the versions that are the default")
            .with_client_cert_verifier(verifier.build().expect("there is a CA"));
        let config = builder.with_single_cert(vec![self.der.clone()], self.key_der.clone_key());
        let mut config = config.expect("the key is that of the certificate");
        config.alpn_protocols = vec![b"h2".to_vec()];
        config
    }
}
