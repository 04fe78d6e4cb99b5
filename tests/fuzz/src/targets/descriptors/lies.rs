//! Real descriptor sets, and changes of them that no compiler of .proto files would let through.

use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{
    DescriptorProto, EnumOptions, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet,
    MessageOptions,
};

use crate::random::Random;

/// Files whose sets are lied about, besides those of the shop.
pub(super) const PROTOS: [&str; 4] = [
    "syntax = \"proto3\"; package a; message M { M m = 1; map<string, M> ms = 2; repeated M rs = 3; oneof o { M x = 4; E e = 5; } }
     enum E { ZERO = 0; ONE = 1; } service S { rpc Run(M) returns (M); }",
    "syntax = \"proto2\"; package b; message M { required string s = 1; optional group G = 2 { optional int32 i = 3; }
     extensions 100 to 200; optional E e = 4 [default = ONE]; } enum E { ONE = 1; } extend M { optional string x = 100; }
     service S { rpc Run(M) returns (M); }",
    "syntax = \"proto3\"; message Empty {} service S { rpc Run(Empty) returns (Empty); rpc Watch(Empty) returns (stream Empty); }",
    "syntax = \"proto3\"; package c.d; message A { message B { message C { optional int64 i = 1; } C c = 1; } B b = 1; B.C c = 2;
     map<int32, B> bs = 3; } service S { rpc Run(A.B) returns (A); } service T { rpc Run(A) returns (A.B.C); }",
];

/// The set of one file without imports.
pub(super) fn set_of(proto: &str) -> FileDescriptorSet {
    let name = format!("f{}.proto", proto.len());
    let file = protox::file::File::from_source(&name, proto).expect("the file is right");
    // Names as they were written: whoever reads the set must find what they stand for.
    let file = file.file_descriptor_proto().clone();
    FileDescriptorSet { file: vec![file] }
}

/// Numbers of fields, enum values and oneofs, in range and not.
const NUMBERS: [i32; 10] = [
    0,
    1,
    2,
    -1,
    100,
    18_999,
    19_000,
    536_870_911,
    536_870_912,
    i32::MAX,
];

/// Changes a set in one place.
pub(super) fn tell(set: &mut FileDescriptorSet, random: &mut Random) {
    let names = names(set);
    if set.file.is_empty() {
        return set.file.push(FileDescriptorProto::default());
    }
    let (at, other) = (random.below(set.file.len()), random.below(set.file.len()));
    let other_name = set.file[other].name.clone();
    let copy = set.file[at].clone();
    let file = &mut set.file[at];
    match random.below(20) {
        0 => drop(set.file.remove(at)),
        1 => set.file.push(copy),
        2 => set.file.push(FileDescriptorProto {
            name: Some(format!("copy/{}", copy.name())),
            ..copy
        }),
        3 => file.name = other_name,
        4 => file.dependency.extend(other_name),
        5 => drop(file.dependency.pop()),
        6 => file.public_dependency.push(*random.pick(&NUMBERS)),
        7 => {
            file.package = random
                .pick(&[
                    None,
                    Some(String::new()),
                    Some("a.".to_owned()),
                    Some("google.protobuf".to_owned()),
                    Some("pavane.private.lists".to_owned()),
                ])
                .clone()
        }
        8 => {
            file.syntax = random
                .pick(&[
                    None,
                    Some("proto2".to_owned()),
                    Some("proto3".to_owned()),
                    Some("editions".to_owned()),
                    Some("proto4".to_owned()),
                ])
                .clone()
        }
        9 => of_service(file, &names, random),
        10 => of_enum(file, random),
        11 => of_file(file, random),
        _ => {
            if let Some(message) = some_message(&mut file.message_type, random) {
                of_message(message, &names, random);
            }
        }
    }
}

/// All names that something could have.
fn names(set: &FileDescriptorSet) -> Vec<String> {
    let mut names = vec![
        String::new(),
        ".".to_owned(),
        ".a.Missing".to_owned(),
        "M".to_owned(),
        ".google.protobuf.Any".to_owned(),
        ".google.protobuf.Struct".to_owned(),
        ".google.protobuf.Timestamp".to_owned(),
    ];
    for file in &set.file {
        let package = file.package();
        let package = if package.is_empty() {
            String::new()
        } else {
            format!(".{package}")
        };
        for message in file.message_type.iter().take(50) {
            names.push(format!("{package}.{}", message.name()));
            let nested = message.nested_type.iter();
            names.extend(
                nested.map(|inner| format!("{package}.{}.{}", message.name(), inner.name())),
            );
        }
        names.extend(
            file.enum_type
                .iter()
                .map(|found| format!("{package}.{}", found.name())),
        );
    }
    names
}

/// A message, at any depth.
fn some_message<'m>(
    messages: &'m mut [DescriptorProto],
    random: &mut Random,
) -> Option<&'m mut DescriptorProto> {
    if messages.is_empty() {
        return None;
    }
    let at = random.below(messages.len());
    let message = &mut messages[at];
    if random.chance(30) && !message.nested_type.is_empty() {
        return some_message(&mut message.nested_type, random);
    }
    Some(message)
}

fn of_message(message: &mut DescriptorProto, names: &[String], random: &mut Random) {
    match random.below(10) {
        0 => {
            message.name = random
                .pick(&[
                    None,
                    Some(String::new()),
                    Some("Any".to_owned()),
                    Some("Element0".to_owned()),
                    Some("Timestamp".to_owned()),
                ])
                .clone()
        }
        1 => {
            let inner = message.clone();
            if encoded_below(&inner, 4_096) {
                message.nested_type.push(inner);
            }
        }
        2 => drop(message.nested_type.pop()),
        3 => message.options.get_or_insert_default().map_entry = Some(random.chance(80)),
        4 => {
            message.options = Some(MessageOptions {
                message_set_wire_format: Some(true),
                ..MessageOptions::default()
            })
        }
        5 => drop(message.oneof_decl.pop()),
        6 => message.field.extend(message.field.first().cloned()),
        7 => message.field.clear(),
        _ if message.field.is_empty() => message.field.push(FieldDescriptorProto {
            name: Some("f".to_owned()),
            number: Some(*random.pick(&NUMBERS)),
            r#type: Some(random.below(20) as i32),
            ..FieldDescriptorProto::default()
        }),
        _ => {
            let at = random.below(message.field.len());
            of_field(&mut message.field[at], names, random);
        }
    }
}

fn of_field(field: &mut FieldDescriptorProto, names: &[String], random: &mut Random) {
    match random.below(10) {
        0 => field.number = random.chance(90).then(|| *random.pick(&NUMBERS)),
        1 => {
            field.label =
                Some(*random.pick(&[Label::Optional, Label::Repeated, Label::Required]) as i32)
        }
        2 => field.r#type = random.chance(90).then(|| random.below(20) as i32),
        3 => {
            field.type_name = random.chance(90).then(|| random.pick(names).clone());
            field.r#type = *random.pick(&[
                None,
                Some(Type::Message as i32),
                Some(Type::Enum as i32),
                Some(Type::Group as i32),
            ]);
        }
        4 => field.type_name = Some(random.pick(names).clone()),
        5 => field.oneof_index = Some(*random.pick(&NUMBERS)),
        6 => field.proto3_optional = Some(random.chance(80)),
        7 => {
            let values = ["", "1", "-1", "nan", "1e999", "\\777", "\\x", "ONE", "true"];
            field.default_value = Some((*random.pick(&values)).to_owned());
        }
        8 => field.json_name = Some((*random.pick(&["", "a", "@type", "m"])).to_owned()),
        _ => {
            field.name = random
                .pick(&[
                    None,
                    Some(String::new()),
                    Some("key".to_owned()),
                    Some("value".to_owned()),
                    Some("a.b".to_owned()),
                ])
                .clone()
        }
    }
}

fn of_service(file: &mut FileDescriptorProto, names: &[String], random: &mut Random) {
    let at = random.below(file.service.len());
    let Some(service) = file.service.get_mut(at) else {
        return;
    };
    let at = random.below(service.method.len());
    let Some(method) = service.method.get_mut(at) else {
        return;
    };
    match random.below(6) {
        0 => method.input_type = random.chance(90).then(|| random.pick(names).clone()),
        1 => method.output_type = random.chance(90).then(|| random.pick(names).clone()),
        2 => method.client_streaming = Some(random.chance(50)),
        3 => {
            method.name = random
                .pick(&[None, Some(String::new()), Some("a/b".to_owned())])
                .clone()
        }
        4 => {
            service.name = random
                .pick(&[
                    None,
                    Some(String::new()),
                    Some("S".to_owned()),
                    Some("M".to_owned()),
                ])
                .clone()
        }
        _ => service.method.extend(service.method.first().cloned()),
    }
}

fn of_enum(file: &mut FileDescriptorProto, random: &mut Random) {
    let at = random.below(file.enum_type.len());
    let Some(found) = file.enum_type.get_mut(at) else {
        return;
    };
    match random.below(5) {
        0 => found.value.clear(),
        1 => found.value.extend(found.value.first().cloned()),
        2 => {
            found.options = Some(EnumOptions {
                allow_alias: Some(random.chance(80)),
                ..EnumOptions::default()
            })
        }
        3 => {
            if let Some(value) = found.value.first_mut() {
                value.number = random.chance(90).then(|| *random.pick(&NUMBERS));
            }
        }
        _ => {
            found.name = random
                .pick(&[None, Some(String::new()), Some("M".to_owned())])
                .clone()
        }
    }
}

fn of_file(file: &mut FileDescriptorProto, random: &mut Random) {
    match random.below(4) {
        0 => file.extension.push(FieldDescriptorProto {
            name: Some("x".to_owned()),
            number: Some(*random.pick(&NUMBERS)),
            extendee: Some(".a.M".to_owned()),
            r#type: Some(random.below(20) as i32),
            ..FieldDescriptorProto::default()
        }),
        1 => drop(file.message_type.pop()),
        2 => file.message_type.extend(file.message_type.first().cloned()),
        _ => drop(file.service.pop()),
    }
}

/// Whether something is small, so that doubling it does not go on for ever.
fn encoded_below(message: &DescriptorProto, bytes: usize) -> bool {
    prost::Message::encoded_len(message) < bytes
}
