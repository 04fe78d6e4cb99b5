//! What an operator says of a sidecar.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use pavane_calls::{Target, Tls};
use pavane_choreography as choreography;
use pavane_feed as feed;
use pavane_kit as kit;

use crate::Error;

/// How to run a sidecar.
#[derive(Clone, Debug)]
pub struct Options {
    /// Name of the participant, and of its feed.
    pub name: String,
    /// Where its feed and ParticipantService are served; port 0 takes any that is free.
    pub listen: SocketAddr,
    /// The store: its folder, retention and limits.
    pub store: feed::Options,
    /// Where the service is called.
    pub target: Target,
    /// Full names of the services there whose methods it performs.
    pub services: Vec<String>,
    /// Limits of the calls.
    pub calls: pavane_calls::Limits,
    /// Limits of the transport.
    pub server: pavane_server::Limits,
    /// Whose pages in browsers may call. Default: nobody's.
    pub allow_origins: Vec<pavane_server::Origin>,
    /// How it takes part, and where its peers are, whatever a home says.
    pub choreography: choreography::Options,
    /// How peers are reached whose addresses are `https://`, unless the target has it. Default: by the
    /// CAs of the system.
    pub peer_tls: Tls,
    /// How long calls in flight may go on at shutdown. Default: 10 s.
    pub drain: Duration,
}

impl Options {
    /// With defaults for the limits.
    pub fn new(
        name: impl Into<String>,
        listen: SocketAddr,
        data_dir: impl Into<PathBuf>,
        target: Target,
        services: Vec<String>,
    ) -> Self {
        Self {
            name: name.into(),
            listen,
            store: feed::Options::new(data_dir),
            target,
            services,
            calls: pavane_calls::Limits::default(),
            server: pavane_server::Limits::default(),
            allow_origins: Vec::new(),
            choreography: choreography::Options::default(),
            peer_tls: Tls::default(),
            drain: Duration::from_secs(10),
        }
    }

    /// The names of the services, each once.
    pub(crate) fn services(&self) -> Result<Vec<String>, Error> {
        let services: BTreeSet<&String> = self.services.iter().collect();
        if let Some(service) = services.iter().find(|service| !is_full_name(service)) {
            return Err(Error::InvalidService {
                service: (*service).clone(),
            });
        }
        if services.is_empty() {
            return Err(Error::NoServices);
        }
        Ok(services.into_iter().cloned().collect())
    }

    /// What the kit is to be told.
    pub(crate) fn participant(&self) -> kit::Options {
        kit::Options {
            listen: self.listen,
            store: self.store.clone(),
            limits: self.server.clone(),
            allow_origins: self.allow_origins.clone(),
            allow_faults: false,
            drain: self.drain,
            choreography: self.choreography.clone(),
            peer_tls: self.peer_tls.clone(),
        }
    }
}

/// Names with dots between them, as protobuf has them.
fn is_full_name(text: &str) -> bool {
    let is_name = |name: &str| {
        let mut letters = name.bytes();
        let first = letters.next();
        first.is_some_and(|letter| letter.is_ascii_alphabetic() || letter == b'_')
            && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == b'_')
    };
    text.split('.').all(is_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(services: &[&str], expected: Result<&[&str], &str>) {
        let options = Options::new(
            "shipping",
            ([127, 0, 0, 1], 0).into(),
            "data",
            Target::parse("localhost:1").expect("is one"),
            services.iter().map(|name| (*name).to_owned()).collect(),
        );
        let found = options.services().map_err(|error| error.to_string());
        let expected = expected
            .map(|names| names.iter().map(|name| (*name).to_owned()).collect())
            .map_err(str::to_owned);
        assert_eq!(found, expected);
    }

    #[test]
    fn services_are_full_names_each_once() {
        check(&["b.v1.B", "a.v1.A", "b.v1.B"], Ok(&["a.v1.A", "b.v1.B"]));
        check(&["Plain"], Ok(&["Plain"]));
        check(
            &[],
            Err("a sidecar needs a service to perform steps of, and none is named"),
        );
        for wrong in ["", "a.v1.A/Do", "a..A", ".A", "a.1", "localhost:1"] {
            let expected = format!(
                "`{wrong}` is not the full name of a gRPC service, such as \
                 `acme.shipping.v1.ShippingService`"
            );
            check(&[wrong], Err(&expected));
        }
    }
}
