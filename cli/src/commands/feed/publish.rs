//! `pavane feed publish`: appends one event to a feed.

use pavane::feed::v1::{Event, PublishRequest, PublishResponse};
use prost::Message;
use prost_types::Any;

use super::super::Context;
use super::super::definition::Types;
use crate::connection::{Connection, unary};
use crate::descriptors::reflection;
use crate::error::Error;
use crate::input;
use crate::render::{Json, Paint};

const EXAMPLES: &str = "\
Examples:
  pavane feed publish notes --type acme.v1.NoteTaken --subject n-1 --data '{\"text\": \"hi\"}' --create
  pavane feed publish notes --type acme.v1.NoteTaken --data @note.json --request-id 6ec0bd7f

The data is encoded as the message that --type names, if its type is known: to Pavane, to the
server by reflection, or from --proto. Otherwise it is sent as a google.protobuf.Struct.";

/// Append an event to a feed; it is on disk when this returns
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Name of the feed
    feed: String,
    /// What happened: the full name of a message
    #[arg(long = "type", value_name = "TYPE")]
    event_type: String,
    /// What it is about, such as an order
    #[arg(long, default_value = "", hide_default_value = true)]
    subject: String,
    /// Its content: JSON, @FILE, or - for stdin
    #[arg(long, value_name = "JSON")]
    data: Option<String>,
    /// Make the feed if there is none of that name
    #[arg(long)]
    create: bool,
    /// Append only if the newest event has this sequence
    #[arg(long, value_name = "SEQUENCE")]
    expect: Option<u64>,
    /// Makes a repetition of the command append nothing
    #[arg(long, value_name = "ID", default_value = "", hide_default_value = true)]
    request_id: String,
    #[command(flatten)]
    types: Types,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<(), Error> {
    let text = args
        .data
        .as_deref()
        .map(|data| input::read("--data", data))
        .transpose()?;
    let mut json = Json::new();
    if let Some(set) = args.types.load()? {
        json.learn(set.pool());
    }
    let connection = context.connect().await?;
    let data = match text {
        Some(text) => Some(encode(&args.event_type, &text, &mut json, &connection).await?),
        None => None,
    };
    let event = Event {
        r#type: args.event_type,
        subject: args.subject,
        data,
        ..Event::default()
    };
    let request = PublishRequest {
        feed: args.feed,
        events: vec![event],
        expected_sequence: args.expect,
        request_id: args.request_id,
        allow_missing: args.create,
    };
    let answer = connection.feeds().publish(unary(request)).await;
    let answer = answer
        .map_err(|status| connection.error(status))?
        .into_inner();
    context.output.show(
        |paint| describe(&answer, paint),
        || json.message("pavane.feed.v1.PublishResponse", &answer),
    )
}

/// The data as the message that the type names, if anyone knows it.
async fn encode(
    name: &str,
    text: &str,
    json: &mut Json,
    connection: &Connection,
) -> Result<Any, Error> {
    if !json.knows(name)
        && let Some(set) = reflection::file_of(connection, name).await
    {
        json.learn(set.pool());
    }
    let (name, value) = if json.knows(name) {
        let value = json.encode(name, text);
        (
            name,
            value.map_err(|error| Error::usage(format!("--data is not a {name}: {error}")))?,
        )
    } else {
        let value = input::read_struct("--data", text)?;
        ("google.protobuf.Struct", value.encode_to_vec())
    };
    Ok(Any {
        type_url: format!("type.googleapis.com/{name}"),
        value,
    })
}

fn describe(answer: &PublishResponse, paint: Paint) -> String {
    let word = if answer.duplicate {
        "was there already"
    } else {
        "appended"
    };
    format!(
        "{} #{}   cursor {}\n",
        paint.good(word),
        answer.last_sequence,
        answer.cursor
    )
}
