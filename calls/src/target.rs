//! Where a service is called, and how: what an operator says of it, parsed once.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use http::Uri;

use crate::{BreakerOptions, Error, Metadata, tls};

/// An address that cannot be called.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "invalid target `{target}`: {problem}; expected host:port, http://host:port or https://host:port"
)]
pub struct InvalidTarget {
    /// As it was given.
    pub target: String,
    /// What is wrong with it.
    pub problem: &'static str,
}

/// Where one service is called, and how. Services whose targets are equal in all share one
/// connection, and the limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    uri: Uri,
    tls: Option<Tls>,
    /// How long an attempt may take whose timeout nobody has given. `None`: as the caller says.
    pub timeout: Option<Duration>,
    /// Calls in flight. `None`: [`Limits::calls_per_target`](crate::Limits::calls_per_target).
    pub calls: Option<usize>,
    /// Calls that wait for their turn. `None`:
    /// [`Limits::queue_per_target`](crate::Limits::queue_per_target).
    pub queue: Option<usize>,
    /// When nothing is sent for a while. `None`: [`Limits::breaker`](crate::Limits::breaker).
    pub breaker: Option<BreakerOptions>,
    /// What is sent along with each call.
    pub metadata: Metadata,
}

/// How a connection is secured, and by what both sides prove who they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// PEM file of the certificates of CAs that are trusted. `None`: those of the system.
    pub ca: Option<PathBuf>,
    /// Who the client is. `None`: it does not say.
    pub identity: Option<Identity>,
    /// The name that the service's certificate must be for. `None`: the host of the address.
    pub domain: Option<String>,
}

/// PEM files by which a client proves who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Its certificate, and those between it and the CA.
    pub certificate: PathBuf,
    /// The private key of the certificate.
    pub key: PathBuf,
}

impl Tls {
    /// Whether the files that it names can be read and used. Reads them, and connects to nothing.
    /// The CAs of the system are not looked at if nothing is named.
    ///
    /// # Errors
    /// What is wrong with the first of them.
    pub fn check(&self) -> Result<(), Error> {
        if *self == Self::default() {
            return Ok(());
        }
        tls::check(self)
    }
}

impl Target {
    /// Reads `host:port`, `http://host:port`, or `https://host:port` for TLS with the CAs of the
    /// system. Errors: [`InvalidTarget`].
    pub fn parse(text: &str) -> Result<Self, InvalidTarget> {
        let invalid = |problem| InvalidTarget {
            target: text.to_owned(),
            problem,
        };
        let full = if text.contains("://") {
            text.to_owned()
        } else {
            format!("http://{text}")
        };
        let uri: Uri = full.parse().map_err(|_| invalid("it is not a URI"))?;
        let tls = match uri.scheme_str() {
            Some("http") => None,
            Some("https") => Some(Tls::default()),
            _ => return Err(invalid("only http:// and https:// targets can be called")),
        };
        if uri
            .authority()
            .is_none_or(|authority| authority.port().is_none())
        {
            return Err(invalid("it names no port"));
        }
        if uri.path() != "/" || uri.query().is_some() {
            return Err(invalid("it has a path, which gRPC services do not have"));
        }
        Ok(Self {
            uri,
            tls,
            timeout: None,
            calls: None,
            queue: None,
            breaker: None,
            metadata: Metadata::default(),
        })
    }

    /// Reads an address that somebody has told, as [`Target::parse`] does; one for TLS is secured in
    /// this way. Errors: [`InvalidTarget`].
    pub fn told(text: &str, tls: &Tls) -> Result<Self, InvalidTarget> {
        let target = Self::parse(text)?;
        Ok(match target.tls {
            Some(_) => target.with_tls(tls.clone()),
            None => target,
        })
    }

    /// The same target, its connection secured in this way.
    #[must_use]
    pub fn with_tls(self, tls: Tls) -> Self {
        let mut parts = self.uri.into_parts();
        parts.scheme = Some(http::uri::Scheme::HTTPS);
        Self {
            uri: Uri::from_parts(parts).expect("another scheme makes no other URI invalid"),
            tls: Some(tls),
            ..self
        }
    }

    /// As a URI with scheme and port.
    pub fn uri(&self) -> &Uri {
        &self.uri
    }

    /// How its connection is secured, if it is.
    pub fn tls(&self) -> Option<&Tls> {
        self.tls.as_ref()
    }

    /// The name that a certificate of the service must be for.
    pub fn name(&self) -> &str {
        let given = self.tls.as_ref().and_then(|tls| tls.domain.as_deref());
        given.unwrap_or_else(|| {
            let host = self.uri.host().unwrap_or_default();
            host.trim_start_matches('[').trim_end_matches(']')
        })
    }
}

impl std::fmt::Display for Target {
    /// `host:port`, or `https://host:port`: what [`Target::parse`] reads.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let authority = self.uri.authority();
        let authority = authority.map_or("", |authority| authority.as_str());
        let scheme = if self.tls.is_some() { "https://" } else { "" };
        write!(f, "{scheme}{authority}")
    }
}

/// Which service is called where, by the service's full name; and how those are reached who are at
/// none of these addresses.
#[derive(Clone, Debug, Default)]
pub struct Targets {
    services: BTreeMap<String, Target>,
    peer_tls: Tls,
}

impl Targets {
    /// Says where a service is called. The last word counts.
    pub fn set(&mut self, service: impl Into<String>, target: Target) {
        self.services.insert(service.into(), target);
    }

    /// Where a service is called, if anything is said about it.
    pub fn get(&self, service: &str) -> Option<&Target> {
        self.services.get(service)
    }

    /// All services and their targets, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Target)> {
        self.services
            .iter()
            .map(|(service, target)| (service.as_str(), target))
    }

    /// Says how an address for TLS is secured that somebody has told, and that no service has.
    /// Default: by the CAs of the system.
    pub fn secure_peers(&mut self, tls: Tls) {
        self.peer_tls = tls;
    }

    /// How such an address is secured.
    pub fn peer_tls(&self) -> &Tls {
        &self.peer_tls
    }
}

#[cfg(test)]
mod tests {
    use super::{Target, Tls};

    #[test]
    fn a_target_is_an_authority_with_a_port() {
        let read = |text| Target::parse(text).map(|target| target.to_string());
        assert_eq!(read("localhost:7401").expect("valid"), "localhost:7401");
        assert_eq!(read("http://[::1]:7401").expect("valid"), "[::1]:7401");
        assert_eq!(read("https://a.b:443").expect("valid"), "https://a.b:443");
        for wrong in [
            "",
            "localhost",
            "https://localhost",
            "http://h:1/path",
            "ftp://h:1",
            "a b",
        ] {
            let error = read(wrong).expect_err(wrong).to_string();
            assert!(error.contains(&format!("`{wrong}`")), "{error}");
        }
    }

    #[test]
    fn an_address_that_was_told_is_secured_only_if_it_says_so() {
        let tls = Tls {
            ca: Some("ca.pem".into()),
            ..Tls::default()
        };
        let told = |text| Target::told(text, &tls).expect("valid");
        assert_eq!(told("https://a.b:443").tls(), Some(&tls));
        assert_eq!(told("a.b:443").tls(), None);
        assert_eq!(told("http://a.b:443").tls(), None);
    }

    #[test]
    fn the_name_to_prove_is_the_host_unless_another_is_given() {
        let check = |target: Target, name: &str| assert_eq!(target.name(), name, "{target}");
        let parse = |text| Target::parse(text).expect("valid");
        check(parse("https://a.b:443"), "a.b");
        check(parse("https://[::1]:443"), "::1");
        let secured = parse("10.0.0.7:443").with_tls(Tls {
            domain: Some("a.b".to_owned()),
            ..Tls::default()
        });
        assert_eq!(secured.to_string(), "https://10.0.0.7:443");
        check(secured, "a.b");
    }
}
