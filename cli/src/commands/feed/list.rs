//! `pavane feed list`: the feeds of a server as a table.

use pavane::feed::v1::{Feed, ListFeedsRequest};
use serde_json::{Value, json};

use super::super::Context;
use crate::connection::unary;
use crate::error::Error;
use crate::render::{Cell, Json, Paint, Table, timestamp};

const EXAMPLES: &str = "\
Examples:
  pavane feed list
  pavane feed list --server :7401";

/// List the feeds of a server
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {}

pub(crate) async fn run(_: Args, context: &Context<'_>) -> Result<(), Error> {
    let connection = context.connect().await?;
    let mut request = ListFeedsRequest::default();
    let mut feeds = Vec::new();
    loop {
        let answer = connection.feeds().list_feeds(unary(request.clone())).await;
        let answer = answer
            .map_err(|status| connection.error(status))?
            .into_inner();
        feeds.extend(answer.feeds);
        request.page_token = answer.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    context
        .output
        .show(|paint| table(&feeds, paint), || to_json(&feeds))?;
    if feeds.is_empty() {
        context
            .output
            .note(&format!("{} has no feeds", connection.address()));
    }
    Ok(())
}

fn table(feeds: &[Feed], paint: Paint) -> String {
    if feeds.is_empty() {
        return String::new();
    }
    let names = [
        "name",
        "earliest",
        "head",
        "subscribers",
        "written by",
        "made",
    ];
    let mut table = Table::with_header(names);
    for feed in feeds {
        table.row([
            Cell::new(&feed.name),
            Cell::right(format!("#{}", feed.earliest_sequence)),
            Cell::right(format!("#{}", feed.head_sequence)),
            Cell::right(feed.subscribers.to_string()),
            Cell::new(if feed.publishable { "anyone" } else { "owner" }),
            Cell::new(timestamp(feed.create_time.as_ref())),
        ]);
    }
    table.render(paint)
}

fn to_json(feeds: &[Feed]) -> Value {
    let json = Json::new();
    let list = feeds
        .iter()
        .map(|feed| json.message("pavane.feed.v1.Feed", feed));
    json!({ "feeds": list.collect::<Value>() })
}
