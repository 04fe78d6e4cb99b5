//! Whatever is sent is answered: no panic, no silence, and the next caller is served.

use bytes::{Buf, BufMut, Bytes};
use pavane::workflow::v1::StartExecutionRequest;
use pavane::workflow::v1::start_execution_request::Input;
use prost_types::{Struct, Value, value::Kind};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::{Code, Request, Status};

use crate::support::{CHAIN, Running, World, reason, within};

/// What garbage may be answered with. Nothing that would say that the server has a bug.
const REFUSALS: [Code; 4] = [
    Code::InvalidArgument,
    Code::NotFound,
    Code::AlreadyExists,
    Code::FailedPrecondition,
];

/// Random choices. The seed is printed, and taken from `PAVANE_SEED` to replay.
#[allow(clippy::print_stdout, reason = "shown when the test fails")]
fn random() -> StdRng {
    let seed = match std::env::var("PAVANE_SEED") {
        Ok(text) => text.parse().unwrap(),
        Err(_) => rand::rng().random_range(1..1_000_000),
    };
    println!("replay: PAVANE_SEED={seed} cargo test -p pavane-orchestrator --test it garbage");
    StdRng::seed_from_u64(seed)
}

/// Sends bytes as they are.
#[derive(Clone, Copy, Default)]
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, message: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(message);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}

async fn knock(orchestrator: &Running, message: Bytes) -> Result<Bytes, Status> {
    let mut client = tonic::client::Grpc::new(orchestrator.channel.clone());
    client.ready().await.unwrap();
    let path = "/pavane.testing.v1.ChainService/Run".parse().unwrap();
    let response = within(client.unary(Request::new(message), path, Raw)).await?;
    Ok(response.into_inner())
}

fn bytes(random: &mut StdRng, most: usize) -> Bytes {
    let length = random.random_range(0..most);
    (0..length).map(|_| random.random::<u8>()).collect()
}

/// A message that is nearly one: field 1 as text, then something is changed, cut or added.
fn nearly_a_message(random: &mut StdRng) -> Bytes {
    let mut message = vec![0x0a, 3];
    message.extend(b"abc");
    for _ in 0..random.random_range(0..3) {
        match random.random_range(0..3) {
            0 if !message.is_empty() => {
                let place = random.random_range(0..message.len());
                message[place] = random.random();
            }
            1 => message.truncate(random.random_range(0..=message.len())),
            _ => message.extend(bytes(random, 8)),
        }
    }
    message.into()
}

fn text(random: &mut StdRng) -> String {
    const PIECES: [&str; 12] = [
        "chain", "x-1", "", "/", "é", "\0", " ", "..", "payload", "\u{202e}", "%", "x",
    ];
    let pieces = random.random_range(0..4);
    let piece = |random: &mut StdRng| PIECES[random.random_range(0..PIECES.len())];
    (0..pieces).map(|_| piece(random)).collect()
}

fn json(random: &mut StdRng, depth: u32) -> Value {
    let kind = match random.random_range(0..if depth == 0 { 5 } else { 7 }) {
        0 => None,
        1 => Some(Kind::NullValue(random.random_range(-1..3))),
        2 => Some(Kind::NumberValue(f64::from_bits(random.random()))),
        3 => Some(Kind::StringValue(text(random))),
        4 => Some(Kind::BoolValue(random.random())),
        5 => Some(Kind::StructValue(object(random, depth - 1))),
        _ => {
            let values = (0..random.random_range(0..3)).map(|_| json(random, depth - 1));
            Some(Kind::ListValue(prost_types::ListValue {
                values: values.collect(),
            }))
        }
    };
    Value { kind }
}

fn object(random: &mut StdRng, depth: u32) -> Struct {
    let fields = (0..random.random_range(0..3)).map(|_| (text(random), json(random, depth)));
    Struct {
        fields: fields.collect(),
    }
}

fn start_request(random: &mut StdRng) -> StartExecutionRequest {
    let workflow = if random.random_bool(0.7) {
        "chain".to_owned()
    } else {
        text(random)
    };
    let input = match random.random_range(0..4) {
        0 => None,
        1 => Some(Input::InputBytes(bytes(random, 40))),
        2 => Some(Input::InputBytes(nearly_a_message(random))),
        _ => Some(Input::InputJson(object(random, 3))),
    };
    StartExecutionRequest {
        workflow,
        execution_id: text(random),
        input,
        mode: random.random_range(-1..4),
    }
}

#[tokio::test]
async fn the_front_door_answers_whatever_is_sent() {
    let world = World::with(CHAIN).await;
    let mut random = random();
    for round in 0..500 {
        let message = if round % 2 == 0 {
            bytes(&mut random, 100)
        } else {
            nearly_a_message(&mut random)
        };
        if let Err(status) = knock(&world.orchestrator, message.clone()).await {
            let answer = (status.code(), reason(&status));
            let expected = (Code::InvalidArgument, "INVALID_REQUEST".to_owned());
            assert_eq!(answer, expected, "{message:?}: {status:?}");
        }
    }
    assert_eq!(
        world.orchestrator.run("sane", "parcel").await.unwrap(),
        "parcel"
    );
}

#[tokio::test]
async fn a_start_is_answered_whatever_is_asked_for() {
    let world = World::with(CHAIN).await;
    let mut random = random();
    for _ in 0..500 {
        let request = start_request(&mut random);
        let mut client = world.orchestrator.executions();
        let answer = within(client.start_execution(request.clone())).await;
        match answer {
            Ok(started) => {
                let id = started.into_inner().execution.unwrap().id;
                let execution = world.orchestrator.wait(&id).await.unwrap();
                assert!(execution.end_time.is_some(), "{request:?}");
            }
            Err(status) => {
                assert!(REFUSALS.contains(&status.code()), "{request:?}: {status:?}");
                assert_ne!(reason(&status), "", "{request:?}: {status:?}");
            }
        }
    }
    assert_eq!(
        world.orchestrator.run("sane", "parcel").await.unwrap(),
        "parcel"
    );
}
