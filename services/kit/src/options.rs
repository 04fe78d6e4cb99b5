//! What a participant is told when it starts, as values and as flags.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use pavane_calls::{Identity, Tls};
use pavane_choreography as choreography;
use pavane_feed as feed;
use pavane_server::{Limits, Origin, logs};

/// How to start a participant.
#[derive(Debug, Clone)]
pub struct Options {
    /// Address to listen on; port 0 takes any that is free.
    pub listen: SocketAddr,
    /// The store: its folder, retention and limits.
    pub store: feed::Options,
    /// Limits of the transport.
    pub limits: Limits,
    /// Whose pages in browsers may call. Default: nobody's.
    pub allow_origins: Vec<Origin>,
    /// Serve `pavane.testing.v1.FaultService`, and do what it is told. Default: no.
    pub allow_faults: bool,
    /// How long calls in flight may go on at shutdown. Default: 10 s.
    pub drain: Duration,
    /// How it takes part in choreographies, if it does: see [`crate::Participant::take_part`].
    pub choreography: choreography::Options,
    /// How peers are reached whose addresses are `https://`. Default: by the CAs of the system.
    pub peer_tls: Tls,
}

impl Options {
    /// Listens on `listen` and keeps its state in `data_dir`, with defaults for all else.
    pub fn new(listen: SocketAddr, data_dir: impl Into<PathBuf>) -> Self {
        Self {
            listen,
            store: feed::Options::new(data_dir),
            limits: Limits::default(),
            allow_origins: Vec::new(),
            allow_faults: false,
            drain: Duration::from_secs(10),
            choreography: choreography::Options::default(),
            peer_tls: Tls::default(),
        }
    }
}

/// The flags that every participant's program has. The program gives `--listen` and `--data-dir`
/// their defaults.
#[derive(Debug, Clone, clap::Args)]
pub struct Flags {
    /// Address to listen on; port 0 takes any that is free
    #[arg(long, env = "PAVANE_LISTEN", value_name = "ADDRESS")]
    pub listen: SocketAddr,
    /// Folder of the service's state and feed; made if there is none
    #[arg(long, env = "PAVANE_DATA_DIR", value_name = "FOLDER")]
    pub data_dir: PathBuf,
    /// Serve FaultService, by which calls can be made to fail: for tests and demos
    #[arg(long, env = "PAVANE_ALLOW_FAULTS")]
    pub allow_faults: bool,
    /// Where another participant, or the home of choreographed executions, is reached, whatever the
    /// home says; may be given again
    #[arg(
        long = "peer",
        env = "PAVANE_PEERS",
        value_name = "NAME=ADDRESS",
        value_delimiter = ',',
        value_parser = peer
    )]
    pub peers: Vec<(String, String)>,
    /// PEM file of the CAs that are trusted of peers at `https://` addresses, instead of the system's
    #[arg(long, env = "PAVANE_PEER_CA", value_name = "FILE")]
    pub peer_ca: Option<PathBuf>,
    /// Name that the certificates of peers must be for [default: the host of each address]
    #[arg(long, env = "PAVANE_PEER_DOMAIN", value_name = "NAME")]
    pub peer_domain: Option<String>,
    /// PEM file of the certificate by which this service proves to peers who it is
    #[arg(
        long,
        env = "PAVANE_PEER_CERTIFICATE",
        value_name = "FILE",
        requires = "peer_key"
    )]
    pub peer_certificate: Option<PathBuf>,
    /// PEM file of the private key of that certificate
    #[arg(
        long,
        env = "PAVANE_PEER_KEY",
        value_name = "FILE",
        requires = "peer_certificate"
    )]
    pub peer_key: Option<PathBuf>,
    /// Origin whose pages in browsers may call, such as `https://shop.example`; `*`: all; may be given
    /// again
    #[arg(
        long = "allow-origin",
        env = "PAVANE_ALLOW_ORIGINS",
        value_name = "ORIGIN",
        value_delimiter = ','
    )]
    pub allow_origins: Vec<Origin>,
    /// How logs are written to stderr: `text` or `json`
    #[arg(
        long,
        env = "PAVANE_LOG_FORMAT",
        value_name = "FORMAT",
        default_value_t
    )]
    pub log_format: logs::Format,
    /// What is logged, such as `info,pavane_feed=debug` [default: $RUST_LOG, or `info`]
    #[arg(long, env = "PAVANE_LOG_FILTER", value_name = "FILTER")]
    pub log_filter: Option<String>,
}

impl Flags {
    /// The logs that the flags ask for.
    pub fn log_options(&self) -> logs::LogOptions {
        logs::LogOptions {
            format: self.log_format,
            filter: self.log_filter.clone(),
        }
    }

    /// The participant that the flags ask for.
    pub fn options(&self) -> Options {
        let choreography = choreography::Options {
            peers: self.peers.iter().cloned().collect(),
            ..choreography::Options::default()
        };
        Options {
            allow_faults: self.allow_faults,
            allow_origins: self.allow_origins.clone(),
            choreography,
            peer_tls: self.peer_tls(),
            ..Options::new(self.listen, &self.data_dir)
        }
    }

    fn peer_tls(&self) -> Tls {
        let identity = self.peer_certificate.clone().zip(self.peer_key.clone());
        Tls {
            ca: self.peer_ca.clone(),
            identity: identity.map(|(certificate, key)| Identity { certificate, key }),
            domain: self.peer_domain.clone(),
        }
    }
}

/// Reads `NAME=ADDRESS`.
fn peer(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, address)) if !name.is_empty() && address.contains(':') => {
            Ok((name.to_owned(), address.to_owned()))
        }
        Some(_) | None => Err("expected NAME=HOST:PORT".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::peer;

    #[test]
    fn a_peer_is_a_name_and_an_address() {
        let known = ("inventory".to_owned(), "10.0.0.7:7401".to_owned());
        assert_eq!(peer("inventory=10.0.0.7:7401"), Ok(known));
        for wrong in ["inventory", "=10.0.0.7:7401", "inventory=10.0.0.7", ""] {
            assert_eq!(
                peer(wrong).unwrap_err(),
                "expected NAME=HOST:PORT",
                "{wrong}"
            );
        }
    }
}
