//! The page of a service, and that of the types that no service has for itself.

use std::fmt::Write;

use prost_reflect::{
    EnumDescriptor, FieldDescriptor, FileDescriptor, MessageDescriptor, MethodDescriptor,
    ServiceDescriptor,
};

use super::comments::Comments;
use super::links::{self, Links};
use super::{GENERATED, requests_and_responses, rules, services};

/// A service: its methods, each with its request and its response.
pub(super) fn of_service(
    service: &ServiceDescriptor,
    comments: &Comments,
    links: &Links,
) -> String {
    let file = service.parent_file();
    let mut page = Page::new(comments, links);
    page.title(service.full_name());
    page.paragraphs(&comments.paragraphs(service));
    page.source(&file);
    page.line("| method | what it does |\n| --- | --- |");
    for method in service.methods() {
        let (name, anchor) = (method.name(), links::anchor(method.name()));
        let summary = cell(&comments.summary(&method));
        page.line(&format!("| [{name}](#{anchor}) | {summary} |"));
    }
    page.line("");
    for method in service.methods() {
        page.method(&method);
    }
    page.text
}

/// The messages and enums of a package that are no service's request or response; none if there are none.
pub(super) fn of_types(
    package: &str,
    files: &[FileDescriptor],
    comments: &Comments,
    links: &Links,
) -> Option<String> {
    let of_services: Vec<_> = services(files)
        .flat_map(|service| requests_and_responses(&service))
        .collect();
    let mut page = Page::new(comments, links);
    page.title(&format!("Types of {package}"));
    let mut count = 0;
    for file in files {
        let messages = file
            .messages()
            .filter(|message| !of_services.iter().any(|name| name == message.full_name()));
        for message in messages {
            page.message(&message, "##");
            count += 1;
        }
        for one in file.enums() {
            page.enumeration(&one, "##");
            count += 1;
        }
    }
    (count > 0).then_some(page.text)
}

struct Page<'a> {
    text: String,
    comments: &'a Comments,
    links: &'a Links,
}

impl<'a> Page<'a> {
    fn new(comments: &'a Comments, links: &'a Links) -> Self {
        Self {
            text: String::new(),
            comments,
            links,
        }
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn title(&mut self, title: &str) {
        self.text.push_str(GENERATED);
        self.line(&format!("# {title}\n"));
    }

    fn heading(&mut self, level: &str, heading: &str) {
        self.line(&format!("{level} {heading}\n"));
    }

    fn paragraphs(&mut self, paragraphs: &[String]) {
        for paragraph in paragraphs {
            self.line(&format!("{}\n", escape(paragraph)));
        }
    }

    fn source(&mut self, file: &FileDescriptor) {
        let name = file.name();
        self.line(&format!("Defined in [{name}](../../../proto/{name}).\n"));
    }

    fn method(&mut self, method: &MethodDescriptor) {
        self.heading("##", method.name());
        let stream = |streams: bool| if streams { "stream " } else { "" };
        let (input, output) = (method.input(), method.output());
        self.line(&format!(
            "    rpc {}({}{}) returns ({}{})\n",
            method.name(),
            stream(method.is_client_streaming()),
            input.name(),
            stream(method.is_server_streaming()),
            output.name(),
        ));
        self.paragraphs(&self.comments.paragraphs(method));
        for message in [input, output] {
            self.message(&message, "###");
        }
    }

    /// A message, and what is defined in it.
    fn message(&mut self, message: &MessageDescriptor, level: &str) {
        self.heading(level, &links::short_name(message));
        self.paragraphs(&self.comments.paragraphs(message));
        let rules = rules::of_message(message);
        if !rules.is_empty() {
            self.line(&format!("Rules: {}.\n", code(&rules)));
        }
        if message.fields().len() > 0 {
            self.line("| field | type | what |\n| --- | --- | --- |");
            for field in message.fields() {
                self.field(&field);
            }
            self.line("");
        }
        for nested in message
            .child_messages()
            .filter(|nested| !nested.is_map_entry())
        {
            self.message(&nested, level);
        }
        for one in message.child_enums() {
            self.enumeration(&one, level);
        }
    }

    fn field(&mut self, field: &FieldDescriptor) {
        let kind = self.links.type_of(field);
        let mut what = cell(&self.comments.line(field));
        let rules = rules::of_field(field);
        if !rules.is_empty() {
            let _ = write!(what, " Rules: {}.", cell_code(&rules));
        }
        let oneof = field
            .containing_oneof()
            .filter(|oneof| !oneof.is_synthetic());
        if let Some(oneof) = oneof {
            let rules = rules::of_oneof(&oneof);
            let rules = if rules.is_empty() {
                String::new()
            } else {
                format!(", {}", cell_code(&rules))
            };
            let _ = write!(what, " One of `{}`{rules}.", oneof.name());
        }
        self.line(&format!(
            "| `{}` = {} | {kind} | {what} |",
            field.name(),
            field.number()
        ));
    }

    fn enumeration(&mut self, one: &EnumDescriptor, level: &str) {
        self.heading(level, &links::short_enum_name(one));
        self.paragraphs(&self.comments.paragraphs(one));
        self.line("| value | what |\n| --- | --- |");
        for value in one.values() {
            let what = cell(&self.comments.line(&value));
            self.line(&format!(
                "| `{}` = {} | {what} |",
                value.name(),
                value.number()
            ));
        }
        self.line("");
    }
}

fn code(rules: &[String]) -> String {
    let rules: Vec<_> = rules.iter().map(|rule| format!("`{rule}`")).collect();
    rules.join(", ")
}

fn cell_code(rules: &[String]) -> String {
    code(rules).replace('|', "\\|")
}

fn cell(text: &str) -> String {
    escape(text).replace('|', "\\|")
}

/// Angle brackets outside of code would be HTML.
fn escape(text: &str) -> String {
    let pieces = text.split('`').enumerate().map(|(index, piece)| {
        let is_code = index % 2 == 1;
        if is_code {
            piece.to_owned()
        } else {
            piece.replace('<', "&lt;")
        }
    });
    pieces.collect::<Vec<_>>().join("`")
}
