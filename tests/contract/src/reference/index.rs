//! The first page of the reference.

use super::comments::Comments;
use super::links::{self, Links};
use super::{GENERATED, Packages, asyncapi, requests_and_responses, services};

const INTRODUCTION: &str = "\
# Reference

The contract, as the [.proto files](../../proto) say it: services with their methods, requests and responses, and the
types that they share. What a field may hold is a rule of [protovalidate](https://protovalidate.com), which servers check
and clients can check before they send. `grpcurl describe` says the same of a server that runs. Reasons of errors, each
with cause and cure, are on [a page of their own](../errors.md).
";

/// Lists all services, types and feeds.
pub(super) fn page(packages: &Packages, comments: &Comments, links: &Links) -> String {
    let mut text = format!(
        "{GENERATED}{INTRODUCTION}\n## Services\n\n| service | what it is |\n| --- | --- |\n"
    );
    for (package, files) in packages {
        for service in services(files) {
            text += &format!(
                "| [{0}]({package}/{1}.md) | {2} |\n",
                service.full_name(),
                service.name(),
                comments.summary(&service)
            );
        }
    }
    text += "\n## Types\n\n| package | types |\n| --- | --- |\n";
    for (package, files) in packages {
        let of_services: Vec<_> = services(files)
            .flat_map(|service| requests_and_responses(&service))
            .collect();
        let messages = files
            .iter()
            .flat_map(|file| file.messages().collect::<Vec<_>>());
        let messages = messages
            .filter(|message| !of_services.iter().any(|name| name == message.full_name()))
            .map(|message| (message.full_name().to_owned(), links::short_name(&message)));
        let enums = files
            .iter()
            .flat_map(|file| file.enums().collect::<Vec<_>>());
        let enums = enums.map(|one| (one.full_name().to_owned(), links::short_enum_name(&one)));
        // The page lies one folder above those that links are made for.
        let all: Vec<_> = messages
            .chain(enums)
            .map(|(name, shown)| links.reference(&name, &shown).replace("(../", "("))
            .collect();
        if !all.is_empty() {
            text += &format!("| {package} | {} |\n", all.join(", "));
        }
    }
    text += "\n## Feeds of the sample services\n\n";
    text += "As [AsyncAPI](https://www.asyncapi.com) 3.0: what is published, and how it is subscribed to.\n\n";
    text += "| feed | document |\n| --- | --- |\n";
    for feed in asyncapi::FEEDS {
        text += &format!(
            "| `{0}` | [asyncapi/{0}.yaml](asyncapi/{0}.yaml) |\n",
            feed.name
        );
    }
    text
}
