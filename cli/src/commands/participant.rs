//! `pavane participant`: a sidecar, until a signal.

use std::path::PathBuf;

use pavane_server::{Origin, logs, shutdown};

use super::{Context, address};
use crate::config::{ParticipantEntry, Settings};
use crate::error::Error;

mod probe;

const EXAMPLES: &str = "\
Examples:
  pavane participant --name shipping --target localhost:50051 \\
    --service acme.shipping.v1.ShippingService
  pavane participant --config shipping.toml

shipping.toml, whose paths are relative to it:
  listen = \"127.0.0.1:7404\"
  data_dir = \"data/shipping\"
  peer_tls = { ca = \"ca.pem\" }    # whom to trust of peers at https:// addresses

  [participant]
  name = \"shipping\"              # of the participant and of its feed
  target = \"localhost:50051\"     # where the service is: any gRPC server, in any language
  services = [\"acme.shipping.v1.ShippingService\"]

  [participant.peers]              # only if they are not where the home says
  payment = \"10.0.0.7:7402\"

Then tell the orchestrator, and choreograph:
  pavane serve --participant localhost:7404 ...
  pavane start place-order --mode choreographed --input @order.json

The service needs no change: it is called with an idempotency-key, at least once, and with the same
key and idempotency-compensation: true to undo. If it is down, its steps are tried again. It may be
stopped and started at any time; so may the sidecar. Flags win over the environment, and that over
the file.";

/// Where a sidecar listens unless told otherwise.
const DEFAULT_LISTEN: &str = "127.0.0.1:7404";

/// Give a service a feed and a part in choreographies, beside it: a sidecar
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Name of the participant, and of its feed
    #[arg(long)]
    name: Option<String>,
    /// Where its feed is served [default: 127.0.0.1:7404]
    #[arg(
        long,
        env = "PAVANE_LISTEN",
        hide_env_values = true,
        value_name = "ADDRESS"
    )]
    listen: Option<String>,
    /// Folder for the data; made if there is none [default: data/NAME]
    #[arg(
        long,
        env = "PAVANE_DATA_DIR",
        hide_env_values = true,
        value_name = "DIR"
    )]
    data_dir: Option<PathBuf>,
    /// Where the service is called: HOST:PORT
    #[arg(long, value_name = "ADDRESS")]
    target: Option<String>,
    /// Full name of a service there whose methods are its steps; may be given several times
    #[arg(long = "service", value_name = "SERVICE")]
    services: Vec<String>,
    /// Origin whose pages in browsers may call, such as https://shop.example; `*`: all; may be given
    /// several times
    #[arg(
        long = "allow-origin",
        env = "PAVANE_ALLOW_ORIGINS",
        hide_env_values = true,
        value_name = "ORIGIN",
        value_delimiter = ','
    )]
    allow_origins: Vec<Origin>,
    /// Where another who takes part is reached, whatever the home says; may be given several times
    #[arg(long = "peer", value_name = "NAME=ADDRESS")]
    peers: Vec<String>,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<(), Error> {
    let settings = &context.settings;
    logs::init(&settings.log_options(settings.log_filter.clone()))
        .map_err(|error| Error::usage(error.to_string()))?;
    let options = options(args, settings)?;
    let (target, services) = (options.target.clone(), options.services.clone());
    // Before the start, so that no signal is missed.
    let signal = shutdown::on_signal();
    let mut handle = pavane_sidecar::start(options).await.map_err(cannot_start)?;
    tracing::info!(address = %handle.local_addr(), %target, "serving");
    let probe = tokio::spawn(probe::probe(target, services));
    let ended = tokio::select! {
        ended = handle.wait() => ended,
        () = signal.cancelled() => handle.shutdown().await,
    };
    probe.abort();
    ended.map_err(|error| cannot_start(error.into()))
}

/// Flags, environment and file put together.
fn options(args: Args, settings: &Settings) -> Result<pavane_sidecar::Options, Error> {
    let file = &settings.file;
    let entry = file.participant.clone().unwrap_or_default();
    let missing = |flag: &str, key: &str, example: &str| {
        Error::usage(format!(
            "{flag} is missing, and `{key}` of [participant] in the file too"
        ))
        .with_hint(format!("such as {flag} {example}"))
    };
    let ParticipantEntry {
        name,
        target,
        services,
        peers,
    } = entry;
    let name = args.name.or(name);
    let name = name.ok_or_else(|| missing("--name", "name", "shipping"))?;
    let given = args.target.as_deref();
    let given = given.map(|address| address::target("the target", address));
    let target = given.transpose()?.or_else(|| Some(target?.target()));
    let target = target.ok_or_else(|| missing("--target", "target", "localhost:50051"))?;
    let services = if args.services.is_empty() {
        services
    } else {
        args.services
    };
    if services.is_empty() {
        let example = "acme.shipping.v1.ShippingService";
        return Err(missing("--service", "services", example));
    }
    let listen = args.listen.or_else(|| file.listen.clone());
    let listen = address::listen(listen.as_deref().unwrap_or(DEFAULT_LISTEN))?;
    let data_dir = args.data_dir.or_else(|| file.data_dir.clone());
    let data_dir = data_dir.unwrap_or_else(|| PathBuf::from("data").join(&name));
    let mut options = pavane_sidecar::Options::new(name, listen, data_dir, target, services);
    for (name, at) in &peers {
        let at = address::target(&format!("peers in the file, {name}"), at)?;
        let peers = &mut options.choreography.peers;
        peers.insert(name.clone(), at.to_string());
    }
    for pair in &args.peers {
        let (name, at) = address::pair("--peer", "NAME", pair, "payment=10.0.0.7:7402")?;
        let at = address::target(&format!("--peer, {name}"), at)?;
        let peers = &mut options.choreography.peers;
        peers.insert(name.to_owned(), at.to_string());
    }
    options.peer_tls = file.peer_tls.tls();
    options.allow_origins = file.origins_or(args.allow_origins);
    file.limits.apply_to_sidecar(&mut options);
    Ok(options)
}

fn cannot_start(error: pavane_sidecar::Error) -> Error {
    use pavane_kit::Error as Kit;
    use pavane_sidecar::Error as Sidecar;
    match &error {
        Sidecar::NoServices | Sidecar::InvalidService { .. } | Sidecar::Target(_) => {
            Error::usage(error.to_string())
        }
        Sidecar::Kit(Kit::Store(pavane_feed::Error::InvalidName { .. })) => {
            Error::usage(error.to_string())
        }
        Sidecar::Kit(Kit::Server(pavane_server::Error::AddressInUse { .. })) => {
            Error::failed("ADDRESS_IN_USE", error.to_string())
                .with_hint("choose another with --listen")
        }
        Sidecar::Kit(_) => Error::failed("CANNOT_SERVE", error.to_string()),
    }
}
