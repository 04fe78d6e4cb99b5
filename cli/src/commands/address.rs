//! Addresses as operators write them, parsed in one way wherever they are written.

use std::net::SocketAddr;

use pavane_calls::{Target, Tls};

use crate::error::Error;

/// Where a server is to listen.
pub(super) fn listen(text: &str) -> Result<SocketAddr, Error> {
    text.parse().map_err(|_| {
        Error::usage(format!(
            "cannot listen on `{text}`: it is not an IP address and a port"
        ))
        .with_hint("write ADDRESS:PORT, such as 127.0.0.1:7400 or 0.0.0.0:7400")
    })
}

/// Where something is called. `origin` is for messages: where the address was written.
pub(super) fn target(origin: &str, address: &str) -> Result<Target, Error> {
    Target::parse(address).map_err(|error| Error::usage(format!("{origin}: {error}")))
}

/// Where somebody is who takes part; at an address for TLS, reached in this way.
pub(super) fn peer(origin: &str, address: &str, tls: &Tls) -> Result<Target, Error> {
    Target::told(address, tls).map_err(|error| Error::usage(format!("{origin}: {error}")))
}

/// `KEY=ADDRESS`. `kind` is what the key is called, `example` is one that is right.
pub(super) fn pair<'a>(
    flag: &str,
    kind: &str,
    text: &'a str,
    example: &str,
) -> Result<(&'a str, &'a str), Error> {
    let parts = text.split_once('=');
    let parts = parts.filter(|(key, address)| !key.is_empty() && !address.is_empty());
    parts.ok_or_else(|| {
        Error::usage(format!("{flag} `{text}` is not {kind}=ADDRESS"))
            .with_hint(format!("such as {flag} {example}"))
    })
}
