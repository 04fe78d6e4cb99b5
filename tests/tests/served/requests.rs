//! What nobody should send: bodies that are no frames, frames that are no messages, messages that make no
//! sense.

use pavane_tests::seed;
use prost::encoding::{WireType, encode_key, encode_varint};
use prost_reflect::{Kind, MessageDescriptor};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::call::framed;

/// How many messages in each other no reader can be expected to follow.
const DEEP: usize = 5_000;

/// A body, and what it is.
pub(crate) type Nonsense = (String, Vec<u8>);

/// Makes nonsense from a seed.
#[derive(Debug)]
pub(crate) struct Requests {
    random: StdRng,
}

impl Requests {
    /// With a seed that is printed.
    pub(crate) fn new() -> Self {
        Self {
            random: StdRng::seed_from_u64(seed::get("served")),
        }
    }

    /// For a method with this request: an empty message, and every kind of nonsense.
    pub(crate) fn of(&mut self, request: &MessageDescriptor) -> Vec<Nonsense> {
        let mut all = bodies();
        let messages = messages(request).into_iter().chain(self.random_bytes());
        all.extend(messages.map(|(name, message)| (name, framed(&message))));
        all
    }

    fn random_bytes(&mut self) -> Vec<Nonsense> {
        let lengths = [1, 2, 3, 8, 40, 200];
        let bytes = lengths.map(|length| {
            let bytes: Vec<u8> = (0..length).map(|_| self.random.random()).collect();
            (format!("random bytes {bytes:02x?}"), bytes)
        });
        bytes.into()
    }
}

/// Bodies that are not one frame.
fn bodies() -> Vec<Nonsense> {
    let bodies: [(&str, &[u8]); 7] = [
        ("no frame", &[]),
        ("half a frame header", &[0, 0]),
        ("a frame that ends early", &[0, 0, 0, 0, 9, 1]),
        ("a frame of 4 GiB", &[0, 255, 255, 255, 255, 1]),
        (
            "a compressed frame, with no encoding said",
            &[1, 0, 0, 0, 1, 0],
        ),
        (
            "a frame that is neither compressed nor not",
            &[7, 0, 0, 0, 0],
        ),
        ("bytes after the message", &[0, 0, 0, 0, 0, 1, 2, 3]),
    ];
    let owned = |(name, body): (&str, &[u8])| (name.to_owned(), body.to_vec());
    bodies.into_iter().map(owned).collect()
}

/// Messages that are none, or whose fields make no sense.
fn messages(request: &MessageDescriptor) -> Vec<Nonsense> {
    let mut all = vec![
        ("an empty message".to_owned(), Vec::new()),
        ("groups without end".to_owned(), groups()),
    ];
    for field in request.fields() {
        let (name, number) = (field.name().to_owned(), field.number());
        all.push((
            format!("{name} of a wrong wire type"),
            wrong(number, &field.kind()),
        ));
        let mut huge = Vec::new();
        encode_key(number, WireType::LengthDelimited, &mut huge);
        let mut truncated = huge.clone();
        encode_varint(u64::MAX >> 1, &mut huge);
        all.push((format!("{name} of a length without end"), huge));
        encode_varint(20, &mut truncated);
        truncated.extend([10, 200]);
        all.push((format!("{name} cut off"), truncated));
        match field.kind() {
            Kind::String => all.push((format!("{name} that is no UTF-8"), not_text(number))),
            Kind::Message(inner) => all.push((format!("{name} too deep"), nested(number, &inner))),
            _ => {}
        }
    }
    all.extend(golden(request));
    all
}

/// The golden vectors of the message, whole and cut in half.
fn golden(request: &MessageDescriptor) -> Vec<Nonsense> {
    let vectors = pavane_contract::vectors::all().expect("there are vectors");
    let of_request = vectors
        .into_iter()
        .filter(|vector| vector.message == request.full_name());
    let both = of_request.flat_map(|vector| {
        let whole = vector.bytes().expect("the index names what there is");
        let half = whole[..whole.len() / 2].to_vec();
        [
            (format!("vector {}", vector.name), whole),
            (format!("half of vector {}", vector.name), half),
        ]
    });
    both.collect()
}

fn groups() -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..DEEP {
        encode_key(1_000, WireType::StartGroup, &mut bytes);
    }
    bytes
}

fn wrong(number: u32, kind: &Kind) -> Vec<u8> {
    let is_varint = matches!(
        kind,
        Kind::Bool | Kind::Enum(_) | Kind::Int32 | Kind::Int64 | Kind::Uint32 | Kind::Uint64
    );
    let mut bytes = Vec::new();
    if is_varint {
        encode_key(number, WireType::SixtyFourBit, &mut bytes);
        bytes.extend([0xff; 8]);
    } else {
        encode_key(number, WireType::Varint, &mut bytes);
        encode_varint(u64::MAX, &mut bytes);
    }
    bytes
}

fn not_text(number: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode_key(number, WireType::LengthDelimited, &mut bytes);
    bytes.extend([2, 0xc3, 0x28]);
    bytes
}

/// A field within itself, if its type can be, or else within a field that its type does not have.
fn nested(number: u32, inner: &MessageDescriptor) -> Vec<u8> {
    let itself = inner.fields().find(|field| match field.kind() {
        Kind::Message(next) => next == *inner,
        _ => false,
    });
    let within = itself.map_or(1_000, |field| field.number());
    let mut message = Vec::new();
    for level in 0..DEEP {
        let number = if level + 1 == DEEP { number } else { within };
        let mut outer = Vec::new();
        encode_key(number, WireType::LengthDelimited, &mut outer);
        encode_varint(message.len() as u64, &mut outer);
        outer.append(&mut message);
        message = outer;
    }
    message
}
