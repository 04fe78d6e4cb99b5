//! `pavane serve`: runs the orchestrator until a signal.

use std::path::PathBuf;

use pavane::workflow::v1::{CheckWorkflowResponse, Source};
use pavane_flow::diagnostic::Diagnostic;
use pavane_orchestrator::{Definition, Orchestrator};
use pavane_server::{Origin, logs, shutdown};

use super::{Context, address, definition};
use crate::config::{DEFAULT_LISTEN, Settings, WorkflowEntry};
use crate::error::Error;
use crate::output::Output;

mod targets;

const EXAMPLES: &str = "\
Examples:
  pavane serve --data-dir ./data \\
    --target shop.inventory.v1.InventoryService=127.0.0.1:7401
  pavane serve --config pavane.toml

pavane.toml, whose paths are relative to it:
  listen = \"127.0.0.1:7400\"
  data_dir = \"data\"
  participants = [\"127.0.0.1:7404\"]      # who takes part in choreographies, besides the targets
  advertise = \"orchestrator.local:7400\"  # where they reach it, if it listens on 0.0.0.0
  peer_tls = { ca = \"ca.pem\" }           # whom to trust at their https:// addresses
  allow_origins = [\"https://shop.example\"] # whose pages in browsers may call

  [targets]
  \"shop.inventory.v1.InventoryService\" = \"127.0.0.1:7401\"

  [targets.\"shop.payment.v1.PaymentService\"]
  address = \"https://payment.example:443\"
  tls = { ca = \"ca.pem\", client_certificate = \"client.pem\", client_key = \"client.key\" }
  timeout = \"5s\"
  metadata = { authorization = { file = \"token\", prefix = \"Bearer \" } }

  [[workflows]]
  file = \"place-order.yaml\"
  proto = [\"proto\"]

PAVANE_TARGETS names targets as --target does, with commas between them. Flags win over the
environment, and that over the file. SIGTERM and Ctrl-C end it in good order.";

/// Where data is kept unless told otherwise.
const DEFAULT_DATA_DIR: &str = "data/orchestrator";

/// Run the orchestrator
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Where to listen [default: 127.0.0.1:7400]
    #[arg(
        long,
        env = "PAVANE_LISTEN",
        hide_env_values = true,
        value_name = "ADDRESS"
    )]
    listen: Option<String>,
    /// Folder for the data; made if there is none [default: data/orchestrator]
    #[arg(
        long,
        env = "PAVANE_DATA_DIR",
        hide_env_values = true,
        value_name = "DIR"
    )]
    data_dir: Option<PathBuf>,
    /// Where a service is called, instead of what the file says of it; may be given several times
    #[arg(long = "target", value_name = "SERVICE=ADDRESS")]
    targets: Vec<String>,
    /// Where someone who takes part in choreographies is, such as a sidecar; the targets are asked
    /// as well; may be given several times
    #[arg(long = "participant", value_name = "ADDRESS")]
    participants: Vec<String>,
    /// Where those who take part reach this orchestrator: HOST:PORT [default: where it listens]
    #[arg(
        long,
        env = "PAVANE_ADVERTISE",
        hide_env_values = true,
        value_name = "ADDRESS"
    )]
    advertise: Option<String>,
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
    /// Workflow to deploy at the start; may be given several times
    #[arg(long = "workflow", value_name = "FILE")]
    workflows: Vec<PathBuf>,
    /// Folder of .proto files for --workflow; may be given several times
    #[arg(long, value_name = "DIR", requires = "workflows")]
    proto: Vec<PathBuf>,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<(), Error> {
    let settings = &context.settings;
    logs::init(&settings.log_options(settings.log_filter.clone()))
        .map_err(|error| Error::usage(error.to_string()))?;
    let options = options(args, settings)?;
    let definitions = options.workflows.clone();
    // Before the start, so that no signal is missed.
    let signal = shutdown::on_signal();
    let handle = match Orchestrator::start(options, signal).await {
        Ok(handle) => handle,
        Err(pavane_orchestrator::Error::InvalidDefinition {
            file_name,
            diagnostics,
        }) => {
            return Err(mistakes(
                &definitions,
                file_name,
                &diagnostics,
                context.output,
            ));
        }
        Err(error) => return Err(cannot_serve(error)),
    };
    tracing::info!(address = %handle.local_addr(), "serving");
    handle.wait().await.map_err(cannot_serve)
}

/// Flags, environment and file put together.
fn options(args: Args, settings: &Settings) -> Result<pavane_orchestrator::Options, Error> {
    let file = &settings.file;
    let listen = args.listen.or_else(|| file.listen.clone());
    let listen = listen.unwrap_or_else(|| DEFAULT_LISTEN.to_owned());
    let listen = address::listen(&listen)?;
    let data_dir = args.data_dir.or_else(|| file.data_dir.clone());
    let data_dir = data_dir.unwrap_or_else(|| PathBuf::from(DEFAULT_DATA_DIR));

    let environment = std::env::var(targets::VARIABLE).unwrap_or_default();
    let mut targets = targets::all(file, &environment, &args.targets)?;
    let peer_tls = file.peer_tls.tls();
    targets.secure_peers(peer_tls.clone());
    let from_flags = args.workflows.into_iter();
    let from_flags = from_flags.map(|file| WorkflowEntry {
        file,
        proto: args.proto.clone(),
    });
    let workflows = file.workflows.iter().cloned().chain(from_flags);
    let in_file = file.participants.iter();
    let in_file =
        in_file.map(|address| address::peer("participants in the file", address, &peer_tls));
    let in_flags = args.participants.iter();
    let in_flags = in_flags.map(|address| address::peer("--participant", address, &peer_tls));
    let feeds = file.feeds.iter().map(|(name, address)| {
        let target = address::target("feeds in the file", address)?;
        Ok((name.clone(), target))
    });
    let advertise = args.advertise.or_else(|| file.advertise.clone());
    let advertise = advertise.map(|address| address::target("the address to advertise", &address));
    let mut options = pavane_orchestrator::Options {
        targets,
        feeds: feeds.collect::<Result<_, Error>>()?,
        participants: in_file.chain(in_flags).collect::<Result<_, _>>()?,
        advertise: advertise.transpose()?,
        workflows: workflows.map(definition).collect::<Result<_, _>>()?,
        allow_origins: file.origins_or(args.allow_origins),
        ..pavane_orchestrator::Options::new(listen, data_dir)
    };
    options.retention = file.retention.to_options()?;
    file.limits.apply(&mut options.limits, &mut options.server);
    Ok(options)
}

fn definition(entry: WorkflowEntry) -> Result<Definition, Error> {
    let types = definition::Types {
        proto: entry.proto,
        ..definition::Types::default()
    };
    let source = definition::read_source(&entry.file)?;
    Ok(Definition {
        descriptors: types.to_message(&source)?,
        file_name: source.file_name,
        text: source.text,
    })
}

/// Prints the mistakes of a definition as `check` does.
fn mistakes(
    definitions: &[Definition],
    file_name: String,
    found: &[Diagnostic],
    output: &Output,
) -> Error {
    let of_file = |definition: &&Definition| definition.file_name == file_name;
    let text = definitions.iter().find(of_file);
    let text = text.map(|definition| definition.text.clone());
    let source = Source {
        file_name,
        text: text.unwrap_or_default(),
    };
    let answer = CheckWorkflowResponse {
        diagnostics: found.iter().map(Into::into).collect(),
        ..CheckWorkflowResponse::default()
    };
    match definition::show(&source, &answer, output) {
        Ok(()) => Error::Diagnostics,
        Err(error) => error,
    }
}

fn cannot_serve(error: pavane_orchestrator::Error) -> Error {
    match &error {
        pavane_orchestrator::Error::Server(pavane_server::Error::AddressInUse { .. }) => {
            Error::failed("ADDRESS_IN_USE", error.to_string())
                .with_hint("`pavane demo` listens there by default; choose another with --listen")
        }
        _ => Error::failed("CANNOT_SERVE", error.to_string()),
    }
}
