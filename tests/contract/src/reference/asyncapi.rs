//! The feeds of the sample services as AsyncAPI 3.0 documents: what is published, and how it is subscribed
//! to over HTTP and gRPC.

mod schema;
mod yaml;

use std::path::{Path, PathBuf};

use prost_reflect::MessageDescriptor;
use serde_json::{Map, Value, json};

use super::comments::Comments;
use schema::Schemas;

/// The media type of an event over HTTP.
const CLOUD_EVENTS: &str = "application/cloudevents+json";

/// What a participant says of its steps in choreographed executions.
const STEP_EVENTS: [&str; 8] = [
    "StepBegun",
    "StepCompleted",
    "StepFailed",
    "StepSuspended",
    "StepSkipped",
    "StepAbandoned",
    "StepCompensated",
    "CompensationFailed",
];

/// A feed of a sample service.
pub(super) struct Feed {
    /// Its name, and that of its service.
    pub(super) name: &'static str,
    /// Where the demo serves it.
    port: u16,
}

/// All of them.
pub(super) const FEEDS: [Feed; 3] = [
    Feed {
        name: "inventory",
        port: 7401,
    },
    Feed {
        name: "payment",
        port: 7402,
    },
    Feed {
        name: "shipping",
        port: 7403,
    },
];

/// A document for each feed.
pub(super) fn documents(comments: &Comments) -> impl Iterator<Item = (PathBuf, String)> {
    FEEDS.into_iter().map(|feed| {
        let path = Path::new("asyncapi").join(format!("{}.yaml", feed.name));
        let note =
            "# Made from the .proto files by `cargo xtask contract docs`: edit their comments.\n";
        (
            path,
            note.to_owned() + &yaml::write(&document(&feed, comments)),
        )
    })
}

fn document(feed: &Feed, comments: &Comments) -> Value {
    let name = feed.name;
    let events = events(feed, comments);
    let mut schemas = Schemas::new(comments);
    let mut messages = Map::new();
    for event in &events {
        messages.insert(
            event.name().to_owned(),
            message(event, comments, &mut schemas),
        );
    }
    let reference = |folder: &str, name: &str| json!({ "$ref": format!("#/{folder}/{name}") });
    let of_channel = events.iter().map(|event| {
        let message = reference("components/messages", event.name());
        (event.name().to_owned(), message)
    });
    let of_operation = events
        .iter()
        .map(|event| reference(&format!("channels/{name}/messages"), event.name()));
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": format!("The feed of the sample shop's {name}"),
            "version": "1.0.0",
            "description": "Every event of this service, durable and in the order of each subject. A subscriber \
                begins where it wants, and resumes without gap or duplicate after any cursor: \
                https://www.w3.org/TR/eventsource over HTTP, pavane.feed.v1.FeedService/Subscribe over gRPC.",
        },
        "defaultContentType": CLOUD_EVENTS,
        "servers": {
            "demo": {
                "host": format!("localhost:{}", feed.port),
                "protocol": "http",
                "description": "Where `pavane demo --serve` has it; the same port speaks gRPC.",
            },
        },
        "channels": {
            name: {
                "address": format!("/feeds/{name}/events"),
                "title": "Server-sent events",
                "description": format!(
                    "GET it and read on: each event is a CloudEvent in JSON whose SSE id is its cursor. Send the \
                     last one as `Last-Event-ID` to resume. By gRPC: Subscribe with `feed: {name}`, whose events \
                     are pavane.feed.v1.Event with the message named here in `data`."
                ),
                "servers": [reference("servers", "demo")],
                "messages": of_channel.collect::<Map<_, _>>(),
            },
        },
        "operations": {
            "publish": {
                "action": "send",
                "summary": "The service appends an event in the commit of the effect that it tells of.",
                "channel": reference("channels", name),
                "messages": of_operation.collect::<Vec<_>>(),
            },
        },
        "components": { "messages": messages, "schemas": schemas.into_json() },
    })
}

/// The events of the service's own package, whose comments say that they are; and those of its steps.
fn events(feed: &Feed, comments: &Comments) -> Vec<MessageDescriptor> {
    let pool = pavane::descriptor_pool();
    let package = format!("shop.{}.v1", feed.name);
    let own = pool.all_messages().filter(|message| {
        message.package_name() == package && comments.line(message).starts_with("Event: ")
    });
    let steps = STEP_EVENTS.map(|name| {
        let name = format!("pavane.workflow.v1.{name}");
        let found = pool.get_message_by_name(&name);
        found.unwrap_or_else(|| panic!("there is no {name} any more"))
    });
    own.chain(steps).collect()
}

fn message(event: &MessageDescriptor, comments: &Comments, schemas: &mut Schemas<'_>) -> Value {
    let summary = comments.line(event);
    let data = schemas.reference(event);
    json!({
        "name": event.full_name(),
        "title": event.name(),
        "summary": summary.strip_prefix("Event: ").unwrap_or(&summary),
        "contentType": CLOUD_EVENTS,
        "payload": {
            "allOf": [
                schemas.envelope(),
                {
                    "type": "object",
                    "properties": {
                        "type": { "const": event.full_name() },
                        "data": data,
                    },
                },
            ],
        },
    })
}
