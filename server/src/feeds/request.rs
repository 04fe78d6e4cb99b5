//! What a request for the events of a feed asks for: which of them, and from where.

use std::borrow::Cow;

use http::HeaderName;
use http::request::Parts;
use pavane::error::Details;
use pavane::feed::v1::subscribe_request::Start;
use pavane::feed::v1::{Filter, StartPosition, SubscribeRequest};
use tonic::{Code, Status};

use crate::error::did_you_mean;

/// Where a browser says how far it has come, when it connects again.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// The parameters of the query.
pub(crate) const PARAMETERS: [&str; 4] = ["type", "subject", "after", "from"];

/// Reads a request's head.
pub(super) fn read(feed: String, head: &Parts) -> Result<SubscribeRequest, Status> {
    let mut filter = Filter::default();
    let mut start = None;
    let query = head.uri.query().unwrap_or_default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let chosen = match name.as_ref() {
            "type" => {
                filter.types.push(value.into_owned());
                continue;
            }
            "subject" => {
                filter.subjects.push(value.into_owned());
                continue;
            }
            "after" => Start::After(value.into_owned()),
            "from" => Start::Position(position(&value)?.into()),
            _ => return Err(unknown(&name)),
        };
        if start.replace(chosen).is_some() {
            let problem = "`after` and `from` both say where to begin, expected one of them, once";
            return Err(invalid(&name, problem.to_owned()));
        }
    }
    // The address stays as it was when a browser resumes: where it stands wins.
    let last = head.headers.get(LAST_EVENT_ID);
    if let Some(last) = last.filter(|last| !last.is_empty()) {
        let cursor = String::from_utf8_lossy(last.as_bytes()).into_owned();
        start = Some(Start::After(cursor));
    }
    Ok(SubscribeRequest {
        feed,
        start,
        filter: Some(filter),
        max_batch_bytes: 0,
    })
}

fn position(value: &str) -> Result<StartPosition, Status> {
    match value {
        "earliest" => Ok(StartPosition::Earliest),
        "latest" => Ok(StartPosition::Latest),
        _ => {
            let found = shorten(value);
            let problem = format!("`from` is `{found}`, expected `earliest` or `latest`");
            Err(invalid("from", problem))
        }
    }
}

fn unknown(name: &str) -> Status {
    let name = shorten(name);
    let nearest = pavane::nearest(&name, PARAMETERS).map(str::to_owned);
    let problem = format!(
        "there is no parameter `{name}`, expected `type`, `subject`, `after` or `from`{}",
        did_you_mean(&nearest)
    );
    invalid(&name, problem)
}

fn invalid(parameter: &str, problem: String) -> Status {
    Details::new()
        .fact("parameter", parameter)
        .field(parameter, &problem)
        .status(Code::InvalidArgument, "INVALID_QUERY", problem)
}

fn shorten(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(64) {
        Some((end, _)) => Cow::Owned(format!("{}...", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn check(query: &str, last: Option<&str>) -> Result<SubscribeRequest, String> {
        let mut request = Request::builder().uri(format!("/feeds/orders/events{query}"));
        if let Some(last) = last {
            request = request.header(LAST_EVENT_ID, last);
        }
        let (head, ()) = request.body(()).unwrap().into_parts();
        read("orders".to_owned(), &head).map_err(|status| status.message().to_owned())
    }

    #[test]
    fn a_query_chooses_events_and_where_to_begin() {
        let all = check("", None).unwrap();
        assert_eq!(all.feed, "orders");
        assert_eq!((all.start, all.filter), (None, Some(Filter::default())));

        let some = check("?type=a.v1.*&type=b%2Fc&subject=o+1&from=latest", None).unwrap();
        let filter = some.filter.unwrap();
        assert_eq!(filter.types, ["a.v1.*", "b/c"]);
        assert_eq!(filter.subjects, ["o 1"]);
        let latest = Start::Position(StartPosition::Latest.into());
        assert_eq!(some.start, Some(latest));
    }

    #[test]
    fn where_a_client_stands_wins_over_where_it_began() {
        let after = |cursor: &str| Some(Start::After(cursor.to_owned()));
        assert_eq!(check("?after=c-1", None).unwrap().start, after("c-1"));
        assert_eq!(
            check("?after=c-1", Some("c-7")).unwrap().start,
            after("c-7")
        );
        assert_eq!(
            check("?from=latest", Some("c-7")).unwrap().start,
            after("c-7")
        );
        assert_eq!(check("?after=c-1", Some("")).unwrap().start, after("c-1"));
    }

    #[test]
    fn a_wrong_query_is_refused() {
        let long = format!("?{}=1", "x".repeat(1000));
        let wrong = [
            "?typ=a",
            "?from=now",
            "?after=a&from=latest",
            "?after=a&after=b",
            &long,
        ];
        let problems: Vec<_> = wrong
            .iter()
            .map(|query| check(query, None).unwrap_err())
            .collect();
        insta::assert_snapshot!(problems.join("\n"), @"
        there is no parameter `typ`, expected `type`, `subject`, `after` or `from`: did you mean `type`?
        `from` is `now`, expected `earliest` or `latest`
        `after` and `from` both say where to begin, expected one of them, once
        `after` and `from` both say where to begin, expected one of them, once
        there is no parameter `xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...`, expected `type`, `subject`, `after` or `from`
        ");
    }
}
