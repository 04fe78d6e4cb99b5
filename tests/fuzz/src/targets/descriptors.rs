//! Descriptor sets: any bytes, and real sets with lies in them, through all that an orchestrator does with
//! those that come with a deploy.
//!
//! The order is that of `orchestrator/workflows/compile.rs` and `deploy.rs`.

use std::collections::BTreeSet;
use std::fmt::Write;

use anyhow::Result;
use pavane_flow::descriptors;
use pavane_flow::evolution::{Origin, Use, compare, union};
use pavane_flow::language::json::{decode_to_struct, validate};
use pavane_flow::language::{Definition, compile};
use pavane_flow::proto2;
use pavane_server::{Options, Server};
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, MethodDescriptor};
use prost_types::{FileDescriptorProto, FileDescriptorSet};
use tokio::runtime::{Builder, Runtime};

use super::{definitions, messages, shop};
use crate::Target;
use crate::corpus::root;
use crate::random::Random;

mod lies;
mod sizes;

/// Most methods that a set is called by.
const METHODS: usize = 6;
/// Most types that are looked at.
const TYPES: usize = 12;

pub(super) struct Descriptors {
    place_order: String,
    known: Vec<FileDescriptorProto>,
    server: Server,
    _runtime: Runtime,
}

impl Descriptors {
    /// Errors: there is no place to listen at.
    pub(super) fn new() -> Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        // Never run: its descriptors are what is wanted.
        let server = runtime.block_on(Server::bind(Options::new(([127, 0, 0, 1], 0).into())))?;
        Ok(Self {
            place_order: std::fs::read_to_string(root().join("cli/workflows/place-order.yaml"))?,
            known: shop::pool().file_descriptor_protos().cloned().collect(),
            server,
            _runtime: runtime,
        })
    }
}

impl Target for Descriptors {
    fn corpus(&self) -> Vec<Vec<u8>> {
        let shop = self
            .known
            .iter()
            .filter(|file| !file.name().starts_with("pavane/"));
        let shop: Vec<_> = shop.cloned().map(without_source).collect();
        let mut corpus = vec![FileDescriptorSet { file: shop }.encode_to_vec()];
        for proto in lies::PROTOS {
            corpus.push(lies::set_of(proto).encode_to_vec());
        }
        corpus
    }

    fn dictionary(&self) -> Vec<Vec<u8>> {
        let pool = shop::pool();
        let names = pool
            .all_messages()
            .map(|message| format!(".{}", message.full_name()));
        let files = pool.files().map(|file| file.name().to_owned());
        let words = [
            "proto2",
            "proto3",
            "editions",
            "google.protobuf",
            "pavane.private.lists",
        ];
        let words = words.into_iter().map(str::to_owned);
        names
            .chain(files)
            .chain(words)
            .map(String::into_bytes)
            .collect()
    }

    fn generate(&self, random: &mut Random, corpus: &[Vec<u8>]) -> Vec<u8> {
        if random.chance(15) {
            return sizes::generate(random);
        }
        let from = random.pick(corpus).as_slice();
        let Ok(mut set) = FileDescriptorSet::decode(from) else {
            return sizes::generate(random);
        };
        for _ in 0..1 + random.size(6) {
            lies::tell(&mut set, random);
        }
        set.encode_to_vec()
    }

    fn run(&self, input: &[u8]) -> String {
        let Ok(set) = FileDescriptorSet::decode(input) else {
            return "no set".to_owned();
        };
        let mut said = String::new();
        self.join(&set, &mut said);
        let pool = match descriptors::pool(set.file) {
            Ok(pool) => pool,
            Err(error) => {
                // Without the names in it, which are always others.
                let kind = error.to_string();
                let kind = kind.split(['\'', '"', '`']).step_by(2).collect::<String>();
                return said + &kind;
            }
        };
        self.deploy(&self.place_order, &pool, &mut said);
        let methods: Vec<_> = pool
            .services()
            .flat_map(|service| service.methods().collect::<Vec<_>>())
            .take(METHODS)
            .collect();
        for method in &methods {
            self.deploy(&calling(method), &pool, &mut said);
        }
        self.evolve(&pool, &mut said);
        for message in pool.all_messages().take(TYPES) {
            look(&message);
        }
        said
    }
}

impl Descriptors {
    /// What others know beside it.
    fn join(&self, set: &FileDescriptorSet, said: &mut String) {
        let origin = |name: &str, files: &[FileDescriptorProto]| Origin {
            name: name.to_owned(),
            files: files.to_vec(),
        };
        let origins = vec![origin("given", &set.file), origin("known", &self.known)];
        match union(origins) {
            Ok(files) => {
                let _ = write!(said, "union {} ", descriptors::pool(files).is_ok());
            }
            Err(conflict) => drop(conflict.to_string()),
        }
    }

    /// Compiles a definition with it, keeps it, serves it.
    fn deploy(&self, text: &str, pool: &DescriptorPool, said: &mut String) {
        let definition = Definition::parse("fuzz.yaml", text);
        let compiled = compile(&definition, pool);
        let found = proto2::check(&definition, pool);
        *said += &definitions::said(compiled.plan.is_some(), &compiled.diagnostics);
        *said += if found.is_empty() { "; " } else { " proto2; " };
        let Some(plan) = compiled.plan.filter(|_| found.is_empty()) else {
            return;
        };
        let kept = DescriptorPool::decode(pool.encode_to_vec().as_slice())
            .unwrap_or_else(|error| panic!("deployed, but not read again: {error}"));
        let again = compile(&Definition::from(compiled.workflow), &kept);
        let again = again
            .plan
            .unwrap_or_else(|| panic!("deployed, but not compiled again: {:?}", again.diagnostics));
        assert_eq!(plan.revision, again.revision);
        let descriptors = self.server.descriptors();
        let method = plan.implements.to_string();
        descriptors
            .set_methods("fuzz", pool, [method])
            .expect("the plan implements a method of the pool");
        assert!(
            descriptors
                .services()
                .iter()
                .any(|name| **name == *plan.implements.service)
        );
        descriptors.remove("fuzz");
    }

    /// What it changes for those who know something else.
    fn evolve(&self, pool: &DescriptorPool, said: &mut String) {
        let mut severities = BTreeSet::new();
        for (was, is) in [(shop::pool(), pool), (pool, shop::pool())] {
            for service in was.services().take(METHODS) {
                let Some(other) = is.get_service_by_name(service.full_name()) else {
                    continue;
                };
                for method in service.methods().take(METHODS) {
                    let found = compare(&method, &other, &Use::by_anyone());
                    severities.extend(found.iter().map(|found| found.severity));
                }
            }
        }
        let _ = write!(said, "{severities:?}");
    }
}

/// A workflow that passes on what it is given.
fn calling(method: &MethodDescriptor) -> String {
    let name = format!("{}/{}", method.parent_service().full_name(), method.name());
    let fields = |message: &MessageDescriptor, from: &str| {
        let fields = message.fields().take(8);
        let fields = fields.map(|field| format!("{0}: \"{from}.{0}\"", field.name()));
        fields.collect::<Vec<_>>().join(", ")
    };
    let (input, output) = (method.input(), method.output());
    format!(
        "name: fuzz\nimplements: {name}\nsteps:\n- {{ id: a, call: {name}, request: {{ {} }} }}\n\
         - {{ id: b, call: {name}, for_each: {{ list: '[input, input]' }}, request: item }}\n\
         output: {{ {} }}\n",
        fields(&input, "input"),
        fields(&output, "a")
    )
}

/// A message of a type, in all that is done with its JSON and its bytes.
fn look(message: &MessageDescriptor) {
    let mut random = Random::new(message.full_name().len() as u64);
    let bytes = messages::encoded(message, &mut random);
    let _ = validate(message, &bytes);
    let _ = decode_to_struct(message, &bytes);
    let Ok(decoded) = DynamicMessage::decode(message.clone(), bytes) else {
        return;
    };
    if let Ok(json) = serde_json::to_string(&decoded) {
        let mut json = serde_json::Deserializer::from_str(&json);
        let _ = DynamicMessage::deserialize(message.clone(), &mut json);
    }
}

fn without_source(mut file: FileDescriptorProto) -> FileDescriptorProto {
    file.source_code_info = None;
    file
}
