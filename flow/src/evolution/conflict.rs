//! Whether one version of a file has all that another has. Comments, options for code generators and
//! JSON names that are spelled out although they are the default differ between compilers, so they do not
//! count.

use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
    ServiceDescriptorProto,
};

/// What `part` has and `whole` has not, or has otherwise; `None`: `whole` has all of it.
pub(super) fn missing(part: &FileDescriptorProto, whole: &FileDescriptorProto) -> Option<String> {
    if part.package() != whole.package() {
        return Some(format!("the package `{}`", part.package()));
    }
    if syntax(part) != syntax(whole) {
        return Some(format!("its types in {}", syntax(part)));
    }
    let scope = part.package();
    in_messages(scope, &part.message_type, &whole.message_type)
        .or_else(|| in_enums(scope, &part.enum_type, &whole.enum_type))
        .or_else(|| in_services(scope, &part.service, &whole.service))
        .or_else(|| {
            let mut fields = part.extension.iter();
            fields.find_map(|field| in_extensions(field, &whole.extension))
        })
}

fn syntax(file: &FileDescriptorProto) -> &str {
    match file.syntax() {
        "" => "proto2",
        syntax => syntax,
    }
}

fn in_messages(scope: &str, part: &[DescriptorProto], whole: &[DescriptorProto]) -> Option<String> {
    part.iter().find_map(|message| {
        let name = format!("{scope}.{}", message.name());
        let shown = name.trim_start_matches('.');
        let Some(same) = whole.iter().find(|other| other.name() == message.name()) else {
            return Some(format!("`{shown}`"));
        };
        let mut fields = message.field.iter();
        fields
            .find(|field| !has_field(message, field, same))
            .map(|field| format!("`{shown}.{}`", field.name()))
            .or_else(|| in_messages(&name, &message.nested_type, &same.nested_type))
            .or_else(|| in_enums(&name, &message.enum_type, &same.enum_type))
            .or_else(|| {
                let mut fields = message.extension.iter();
                fields.find_map(|field| in_extensions(field, &same.extension))
            })
    })
}

fn has_field(
    message: &DescriptorProto,
    field: &FieldDescriptorProto,
    same: &DescriptorProto,
) -> bool {
    let mut others = same.field.iter();
    others.any(|other| {
        essence(other) == essence(field) && oneof(other, same) == oneof(field, message)
    })
}

fn in_extensions(field: &FieldDescriptorProto, whole: &[FieldDescriptorProto]) -> Option<String> {
    let has = whole.iter().any(|other| essence(other) == essence(field));
    (!has).then(|| format!("the extension `{}`", field.name()))
}

/// A field as those see it who exchange it.
fn essence(field: &FieldDescriptorProto) -> FieldDescriptorProto {
    let default = field.name.as_deref().map(lower_camel_case);
    FieldDescriptorProto {
        json_name: field
            .json_name
            .clone()
            .filter(|name| Some(name) != default.as_ref()),
        oneof_index: None,
        options: None,
        ..field.clone()
    }
}

/// The oneof that a field is in, by name: positions shift.
fn oneof<'a>(field: &FieldDescriptorProto, message: &'a DescriptorProto) -> Option<&'a str> {
    if field.proto3_optional() {
        return None;
    }
    let index = usize::try_from(field.oneof_index?).ok()?;
    Some(message.oneof_decl.get(index)?.name())
}

fn in_enums(
    scope: &str,
    part: &[EnumDescriptorProto],
    whole: &[EnumDescriptorProto],
) -> Option<String> {
    part.iter().find_map(|enumeration| {
        let name = format!("{scope}.{}", enumeration.name());
        let name = name.trim_start_matches('.');
        let mut others = whole.iter();
        let Some(same) = others.find(|other| other.name() == enumeration.name()) else {
            return Some(format!("`{name}`"));
        };
        let lacking = enumeration.value.iter().find(|value| {
            let mut others = same.value.iter();
            !others.any(|other| other.name() == value.name() && other.number() == value.number())
        });
        lacking.map(|value| format!("`{name}.{}`", value.name()))
    })
}

fn in_services(
    scope: &str,
    part: &[ServiceDescriptorProto],
    whole: &[ServiceDescriptorProto],
) -> Option<String> {
    part.iter().find_map(|service| {
        let name = format!("{scope}.{}", service.name());
        let name = name.trim_start_matches('.');
        let mut others = whole.iter();
        let Some(same) = others.find(|other| other.name() == service.name()) else {
            return Some(format!("`{name}`"));
        };
        let lacking = service.method.iter().find(|method| {
            !same.method.iter().any(|other| {
                other.name() == method.name()
                    && other.input_type() == method.input_type()
                    && other.output_type() == method.output_type()
                    && other.client_streaming() == method.client_streaming()
                    && other.server_streaming() == method.server_streaming()
            })
        });
        lacking.map(|method| format!("`{name}/{}`", method.name()))
    })
}

/// The JSON name that protobuf gives to a field.
fn lower_camel_case(name: &str) -> String {
    let mut after_underscore = false;
    name.chars()
        .filter_map(|character| {
            let upper = std::mem::replace(&mut after_underscore, character == '_');
            match character {
                '_' => None,
                _ if upper => Some(character.to_ascii_uppercase()),
                _ => Some(character),
            }
        })
        .collect()
}
