//! Descriptor sets that are deep, wide, or long chains, up to what a request may hold.

use prost::Message as _;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{
    DescriptorProto, EnumDescriptorProto, EnumValueDescriptorProto, FieldDescriptorProto,
    FileDescriptorProto, FileDescriptorSet, MethodDescriptorProto, ServiceDescriptorProto,
};

use crate::random::Random;

pub(super) fn generate(random: &mut Random) -> Vec<u8> {
    match random.below(7) {
        0 => return nested(random),
        1 => chain_of_types(random),
        2 => many_fields(random),
        3 => chain_of_files(random),
        4 => many_names(random),
        5 => large_enum(random),
        _ => entangled(random),
    }
    .encode_to_vec()
}

/// Messages in messages. By hand: no encoder goes so deep.
fn nested(random: &mut Random) -> Vec<u8> {
    let mut message = DescriptorProto {
        name: Some("M".to_owned()),
        ..DescriptorProto::default()
    }
    .encode_to_vec();
    for _ in 0..random.size(400) {
        let mut outer = b"\x0a\x01M".to_vec();
        prost::encoding::bytes::encode(3, &message, &mut outer);
        message = outer;
    }
    let mut file = b"\x0a\x07m.proto\x62\x06proto3".to_vec();
    prost::encoding::bytes::encode(4, &message, &mut file);
    let mut set = Vec::new();
    prost::encoding::bytes::encode(1, &file, &mut set);
    set
}

/// Each type has a field of the next, one or more times; the last, now and then, of the first.
fn chain_of_types(random: &mut Random) -> FileDescriptorSet {
    let count = 1 + random.size(3_000);
    let (width, is_circle) = (1 + random.below(3), random.chance(50));
    let types = (0..count).map(|at| {
        let next = match at + 1 {
            next if next < count => Some(next),
            _ => is_circle.then_some(0),
        };
        let fields = next.into_iter().flat_map(|next| {
            (0..width).map(move |field| message_field(&format!("f{field}"), field as i32 + 1, next))
        });
        message(at, fields.collect())
    });
    let types = types.collect();
    served(types)
}

fn many_fields(random: &mut Random) -> FileDescriptorSet {
    let count = 1 + random.size(20_000);
    let fields = (1..=count).map(|number| FieldDescriptorProto {
        name: Some(format!("f{number}")),
        number: Some(number as i32),
        label: Some(Label::Optional as i32),
        r#type: Some(Type::String as i32),
        ..FieldDescriptorProto::default()
    });
    let fields = fields.collect();
    served(vec![message(0, fields)])
}

/// Files of which each imports the next, or all others.
fn chain_of_files(random: &mut Random) -> FileDescriptorSet {
    let (imports_all, is_circle) = (random.chance(30), random.chance(30));
    let count = 1 + random.size(if imports_all { 200 } else { 3_000 });
    let file = (0..count).map(|at| {
        let imports = match imports_all {
            true => at + 1..count,
            false => at + 1..(at + 2).min(count),
        };
        let mut dependency: Vec<String> = imports.map(|file| format!("f{file}.proto")).collect();
        if is_circle && at + 1 == count {
            dependency.push("f0.proto".to_owned());
        }
        FileDescriptorProto {
            name: Some(format!("f{at}.proto")),
            syntax: Some("proto3".to_owned()),
            public_dependency: (0..dependency.len() as i32).collect(),
            dependency,
            message_type: vec![message(at, Vec::new())],
            ..FileDescriptorProto::default()
        }
    });
    FileDescriptorSet {
        file: file.collect(),
    }
}

/// Long names of packages, types and fields.
fn many_names(random: &mut Random) -> FileDescriptorSet {
    let mut set = entangled(random);
    let name = random
        .pick(&["a", "a.", "é", "_", "A"])
        .repeat(1 + random.size(60_000));
    let file = &mut set.file[0];
    match random.below(3) {
        0 => file.package = Some(name),
        1 => file.message_type[0].name = Some(name),
        _ => file.message_type[0].field[0].name = Some(name),
    }
    set
}

fn large_enum(random: &mut Random) -> FileDescriptorSet {
    let mut set = entangled(random);
    let count = random.size(20_000) as i32;
    let value = (0..count).map(|number| EnumValueDescriptorProto {
        name: Some(format!("V{number}")),
        number: Some(number),
        ..EnumValueDescriptorProto::default()
    });
    set.file[0].enum_type.push(EnumDescriptorProto {
        name: Some("E".to_owned()),
        value: value.collect(),
        ..EnumDescriptorProto::default()
    });
    set
}

/// Types each of which has a field of each other.
fn entangled(random: &mut Random) -> FileDescriptorSet {
    let count = 1 + random.size(60);
    let types = (0..count).map(|at| {
        let fields = (0..count).map(|to| message_field(&format!("f{to}"), to as i32 + 1, to));
        message(at, fields.collect())
    });
    let types = types.collect();
    served(types)
}

fn message(at: usize, field: Vec<FieldDescriptorProto>) -> DescriptorProto {
    DescriptorProto {
        name: Some(format!("M{at}")),
        field,
        ..DescriptorProto::default()
    }
}

fn message_field(name: &str, number: i32, of: usize) -> FieldDescriptorProto {
    FieldDescriptorProto {
        name: Some(name.to_owned()),
        number: Some(number),
        label: Some(Label::Optional as i32),
        r#type: Some(Type::Message as i32),
        type_name: Some(format!(".M{of}")),
        ..FieldDescriptorProto::default()
    }
}

/// A file with a service whose method takes and gives the first type.
fn served(message_type: Vec<DescriptorProto>) -> FileDescriptorSet {
    let method = MethodDescriptorProto {
        name: Some("Run".to_owned()),
        input_type: Some(".M0".to_owned()),
        output_type: Some(".M0".to_owned()),
        ..MethodDescriptorProto::default()
    };
    let service = ServiceDescriptorProto {
        name: Some("S".to_owned()),
        method: vec![method],
        ..ServiceDescriptorProto::default()
    };
    let file = FileDescriptorProto {
        name: Some("m.proto".to_owned()),
        syntax: Some("proto3".to_owned()),
        message_type,
        service: vec![service],
        ..FileDescriptorProto::default()
    };
    FileDescriptorSet { file: vec![file] }
}
