//! `pavane feed info`: where one feed begins and ends.

use pavane::feed::v1::{Feed, GetFeedRequest};

use super::super::Context;
use crate::connection::unary;
use crate::error::Error;
use crate::render::{Cell, Json, Paint, Table, timestamp};

const EXAMPLES: &str = "\
Example:
  pavane feed info inventory --server :7401";

/// Describe a feed
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Name of the feed
    feed: String,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<(), Error> {
    let connection = context.connect().await?;
    let answer = connection
        .feeds()
        .get_feed(unary(GetFeedRequest { feed: args.feed }))
        .await;
    let answer = answer
        .map_err(|status| connection.error(status))?
        .into_inner();
    let feed = answer.feed.unwrap_or_default();
    context.output.show(
        |paint| describe(&feed, paint),
        || Json::new().message("pavane.feed.v1.Feed", &feed),
    )
}

fn describe(feed: &Feed, paint: Paint) -> String {
    let events = (feed.head_sequence + 1).saturating_sub(feed.earliest_sequence);
    let writers = if feed.publishable {
        "anyone"
    } else {
        "its owner"
    };
    let mut table = Table::indented();
    let mut line = |name: &str, value: String| {
        table.row([Cell::new(name).style(Paint::faint), Cell::new(value)]);
    };
    line("events", events.to_string());
    line(
        "earliest",
        format!(
            "#{}   --after {}",
            feed.earliest_sequence, feed.earliest_cursor
        ),
    );
    line(
        "head",
        format!("#{}   --after {}", feed.head_sequence, feed.head_cursor),
    );
    line("subscribers", feed.subscribers.to_string());
    line("written by", writers.to_owned());
    line("made", timestamp(feed.create_time.as_ref()));
    line("incarnation", feed.incarnation.clone());
    format!("{}\n{}", paint.strong(&feed.name), table.render(paint))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feed_says_where_it_begins_and_ends() {
        let feed = Feed {
            name: "inventory".to_owned(),
            incarnation: "3f9a".to_owned(),
            earliest_sequence: 11,
            head_sequence: 5120,
            earliest_cursor: "3f9a-a".to_owned(),
            head_cursor: "3f9a-1400".to_owned(),
            ..Feed::default()
        };
        insta::assert_snapshot!(describe(&feed, Paint::PLAIN), @r"
        inventory
          events        5110
          earliest      #11   --after 3f9a-a
          head          #5120   --after 3f9a-1400
          subscribers   0
          written by    its owner
          made          -
          incarnation   3f9a
        ");
    }
}
