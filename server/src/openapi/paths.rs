//! What can be asked for, and what comes back: a path for each unary method, and that of the events
//! of a feed.

use prost_reflect::MethodDescriptor;
use serde_json::{Map, Value, json};

use super::comments::{Comments, first_sentence};
use super::schemas::Schemas;
use crate::descriptors::Snapshot;
use crate::feeds;

const EVENTS: &str = "\
The events of a feed as server-sent events: history first, then live. `id` is the cursor, `event` the \
type, `data` the event as CloudEvents JSON. The stream does not end by itself. Who connects again with \
the last `id` in `Last-Event-ID` gets what came after it, without gap or duplicate; where that cannot be \
done, the status is 410.";

pub(super) fn all(known: &Snapshot, comments: &Comments, schemas: &mut Schemas) -> Value {
    let mut methods: Vec<&MethodDescriptor> = known.methods().collect();
    methods.retain(|method| !method.is_client_streaming() && !method.is_server_streaming());
    methods.sort_by(|one, other| one.full_name().cmp(other.full_name()));
    let mut paths = Map::new();
    for method in methods {
        let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
        paths.insert(
            path,
            json!({ "post": operation(method, comments, schemas) }),
        );
    }
    if known.service(feeds::SERVICE).is_some() {
        let path = "/feeds/{feed}/events".to_owned();
        paths.insert(path, json!({ "get": events(schemas) }));
    }
    paths.into()
}

fn operation(method: &MethodDescriptor, comments: &Comments, schemas: &mut Schemas) -> Value {
    let comment = comments.of(&method.parent_file(), method.path());
    let body = |schema: Value| json!({ "application/json": { "schema": schema } });
    let input = schemas.message(&method.input());
    let output = schemas.message(&method.output());
    let mut operation = json!({
        "operationId": method.full_name(),
        "tags": [method.parent_service().full_name()],
        "summary": first_sentence(&comment),
        "description": comment,
        "requestBody": { "required": true, "content": body(input) },
        "responses": {
            "200": { "description": "The response.", "content": body(output) },
            "default": { "description": "An error.", "content": body(schemas.error()) },
        },
    });
    let options = method.method_descriptor_proto().options.as_ref();
    if options.is_some_and(|options| options.deprecated()) {
        operation["deprecated"] = true.into();
    }
    operation
}

fn events(schemas: &mut Schemas) -> Value {
    let parameter = |place: &str, name: &str, schema: Value, description: &str| {
        json!({ "in": place, "name": name, "schema": schema, "description": description,
                "required": place == "path" })
    };
    let text = || json!({ "type": "string" });
    let texts = || json!({ "type": "array", "items": { "type": "string" } });
    let name = json!({ "type": "string", "pattern": "^[a-z0-9_.-]{1,64}$" });
    let place = json!({ "type": "string", "enum": ["earliest", "latest"] });
    json!({
        "operationId": "feeds.events",
        "tags": [feeds::SERVICE],
        "summary": "The events of a feed as server-sent events",
        "description": EVENTS,
        "parameters": [
            parameter("path", "feed", name, "Name of the feed."),
            parameter("query", "type", texts(),
                "Only events of these types. A trailing `*` matches any ending."),
            parameter("query", "subject", texts(),
                "Only events of these subjects. A trailing `*` matches any ending."),
            parameter("query", "after", text(), "Begin after this cursor."),
            parameter("query", "from", place, "Or begin here. Default: earliest."),
            parameter("header", "Last-Event-ID", text(),
                "Go on after this cursor, whatever the query says."),
        ],
        "responses": {
            "200": {
                "description": "Events as they come.",
                "content": { "text/event-stream": { "schema": text() } },
            },
            "default": {
                "description": "An error.",
                "content": { "application/json": { "schema": schemas.error() } },
            },
        },
    })
}
