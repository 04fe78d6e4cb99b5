//! The chain: bare, orchestrated and choreographed, in turn.

use pavane::testing::v1::chain_service_client::ChainServiceClient;
use pavane::testing::v1::first_link_service_client::FirstLinkServiceClient;
use pavane::testing::v1::{FirstRequest, RunRequest};
use pavane::workflow::v1::{Descriptors, Mode, descriptors};
use pavane_orchestrator::{Definition, Options, Orchestrator, Target};
use prost::Message;
use tokio_util::sync::CancellationToken;
use tonic::metadata::MetadataValue;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};

use super::ChainArgs;
use super::load::{self, Round};
use super::{dancers, links};
use crate::error::Error;
use crate::render::timeline;

/// The chain as a workflow over the same three links.
const WORKFLOW: &str = "
name: chain
implements: pavane.testing.v1.ChainService/Run
steps:
  - id: first
    call: pavane.testing.v1.FirstLinkService/First
    request: { payload: input.payload }
  - id: second
    call: pavane.testing.v1.SecondLinkService/Second
    request: { payload: first.payload }
  - id: third
    call: pavane.testing.v1.ThirdLinkService/Third
    request: { payload: second.payload }
output: { payload: third.payload }
";

/// About the size of an order.
const PAYLOAD: &str = "2 x sku-17, 1 x sku-3; Ada Lovelace, 12 St James's Square, London; tok-visa";

/// What is measured: the bare chain, which nobody runs, and the workflow in each mode.
const CHAINS: [Option<Mode>; 3] = [None, Some(Mode::Orchestrated), Some(Mode::Choreographed)];

/// What was measured at one number of calls in flight.
pub(super) struct Line {
    pub(super) in_flight: u16,
    pub(super) bare: Round,
    pub(super) orchestrated: Round,
    pub(super) choreographed: Round,
}

impl Line {
    /// How much of the bare chain's throughput is left when somebody conducts.
    pub(super) fn ratio(&self) -> f64 {
        self.orchestrated.per_second / self.bare.per_second
    }

    /// The choreographed throughput, by the bare one.
    pub(super) fn choreographed_to_bare(&self) -> f64 {
        self.choreographed.per_second / self.bare.per_second
    }

    /// The choreographed throughput, by the orchestrated one.
    pub(super) fn choreographed_to_orchestrated(&self) -> f64 {
        self.choreographed.per_second / self.orchestrated.per_second
    }
}

/// Measures all chains at each number of calls in flight, round by round in turn.
pub(super) async fn measure(
    args: &ChainArgs,
    mut note: impl FnMut(&str),
) -> Result<Vec<Line>, Error> {
    let shutdown = CancellationToken::new();
    let _stop = shutdown.clone().drop_guard();
    let addresses = links::serve(&shutdown).await?;
    let temporary = match &args.data_dir {
        Some(_) => None,
        None => Some(tempfile::tempdir().map_err(|error| {
            Error::failed(
                "NO_FOLDER",
                format!("cannot make a temporary folder: {error}"),
            )
        })?),
    };
    let folder = args
        .data_dir
        .as_deref()
        .or(temporary.as_ref().map(|folder| folder.path()));
    let folder = folder.expect("one of the two");

    let dancers = dancers::start(folder).await?;
    let mut options = Options::new(([127, 0, 0, 1], 0).into(), folder.join("orchestrator"));
    for dancer in &dancers {
        let target = Target::parse(&dancer.local_addr().to_string()).map_err(failed)?;
        options.participants.push(target);
    }
    for (link, address) in ["First", "Second", "Third"].iter().zip(addresses) {
        let target = Target::parse(&address.to_string()).map_err(failed)?;
        options
            .targets
            .set(format!("pavane.testing.v1.{link}LinkService"), target);
    }
    let files = prost_types::FileDescriptorSet::decode(pavane::FILE_DESCRIPTOR_SET)
        .expect("the contract's own descriptors");
    options.workflows.push(Definition {
        file_name: "chain.yaml".to_owned(),
        text: WORKFLOW.to_owned(),
        descriptors: Descriptors {
            from: Some(descriptors::From::FileDescriptorSet(files)),
        },
    });
    let orchestrator = Orchestrator::start(options, shutdown.clone())
        .await
        .map_err(failed)?;

    let bare = FirstLinkServiceClient::new(links::connect(addresses[0])?);
    let door = ChainServiceClient::new(links::connect(orchestrator.local_addr())?);
    let mut lines = Vec::new();
    for &in_flight in &args.in_flight {
        let mut measured = CHAINS.map(|_| Vec::new());
        for round in 0..args.rounds.max(1) {
            note(&format!(
                "{in_flight} in flight, round {} of {}",
                round + 1,
                args.rounds.max(1)
            ));
            // There and back: a store flushes and compacts for a while, and what a round leaves to be
            // done must not always be done in the rounds of the same chain.
            let mut order = [0, 1, 2];
            if round % 2 == 1 {
                order.reverse();
            }
            for at in order {
                measured[at].push(match CHAINS[at] {
                    None => run_bare(&bare, in_flight, args).await?,
                    Some(mode) => run_chain(&door, mode, in_flight, args).await?,
                });
            }
        }
        let [bare, orchestrated, choreographed] = measured.map(|rounds| load::median(&rounds));
        lines.push(Line {
            in_flight,
            bare,
            orchestrated,
            choreographed,
        });
    }
    shutdown.cancel();
    orchestrator.wait().await.map_err(failed)?;
    for dancer in dancers {
        dancer.shutdown().await.map_err(failed)?;
    }
    Ok(lines)
}

async fn run_bare(
    client: &FirstLinkServiceClient<Channel>,
    in_flight: u16,
    args: &ChainArgs,
) -> Result<Round, Error> {
    let client = client.clone();
    let call = move || {
        let mut client = client.clone();
        async move {
            let request = FirstRequest {
                payload: PAYLOAD.to_owned(),
                forward: true,
            };
            check(&client.first(request).await?.into_inner().payload)
        }
    };
    load::run(in_flight, args.round(), call)
        .await
        .map_err(refused)
}

async fn run_chain(
    client: &ChainServiceClient<Channel>,
    mode: Mode,
    in_flight: u16,
    args: &ChainArgs,
) -> Result<Round, Error> {
    let client = client.clone();
    let call = move || {
        let mut client = client.clone();
        async move {
            let mut request = Request::new(RunRequest {
                payload: PAYLOAD.to_owned(),
            });
            let mode = MetadataValue::from_static(timeline::mode(mode));
            request.metadata_mut().insert(pavane::metadata::MODE, mode);
            check(&client.run(request).await?.into_inner().payload)
        }
    };
    load::run(in_flight, args.round(), call)
        .await
        .map_err(refused)
}

/// An answer that is wrong is no result.
fn check(payload: &str) -> Result<(), Status> {
    if payload == PAYLOAD {
        return Ok(());
    }
    Err(Status::new(
        Code::DataLoss,
        format!("the payload came back as `{payload}`"),
    ))
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::failed("CANNOT_MEASURE", error.to_string())
}

fn refused(status: Status) -> Error {
    Error::Refused(Box::new(status))
}
