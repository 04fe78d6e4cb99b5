//! What must be refused, with the code that the contract names and an ErrorInfo that programs can
//! read.

use pavane::feed::v1::{Filter, SubscribeRequest};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::feed::events;
use crate::feed::peer::Peer;
use crate::feed::stop::{Stop, Verdict, describe, ensure};
use crate::feed::suite::{Suite, fresh_feed};

pub(super) async fn an_unknown_feed_is_not_found(suite: &mut Suite) -> Verdict {
    let request = SubscribeRequest {
        feed: fresh_feed(),
        ..SubscribeRequest::default()
    };
    refused(
        &suite.peer,
        request,
        Code::NotFound,
        "a feed that does not exist",
    )
    .await?;
    Ok(())
}

pub(super) async fn a_malformed_cursor_is_refused(suite: &mut Suite) -> Verdict {
    let history = suite.history().await?;
    for cursor in ["x", "no cursor at all", "\u{1f600}", &"a".repeat(1_000)] {
        let what = format!("the cursor {cursor:.20?}");
        refused(
            &suite.peer,
            history.after(cursor),
            Code::InvalidArgument,
            &what,
        )
        .await?;
    }
    Ok(())
}

pub(super) async fn a_malformed_filter_is_refused(suite: &mut Suite) -> Verdict {
    let history = suite.history().await?;
    let many = |count: usize| (0..count).map(|number| number.to_string());
    let nested = Filter {
        any_of: vec![Filter::default()],
        ..Filter::default()
    };
    let filters = [
        ("a star within a type", types(["a*b".to_owned()])),
        (
            "a star within an alternative",
            any_of([types(["*a".to_owned()])]),
        ),
        ("65 types", types(many(65))),
        (
            "1,025 subjects",
            Filter {
                subjects: many(1_025).collect(),
                ..Filter::default()
            },
        ),
        (
            "17 attributes",
            Filter {
                attributes: many(17).map(|name| (name, String::new())).collect(),
                ..Filter::default()
            },
        ),
        ("65 alternatives", any_of(vec![Filter::default(); 65])),
        ("alternatives of an alternative", any_of([nested])),
    ];
    for (what, filter) in filters {
        let request = SubscribeRequest {
            filter: Some(filter),
            ..history.request()
        };
        refused(&suite.peer, request, Code::InvalidArgument, what).await?;
    }
    Ok(())
}

fn types(types: impl IntoIterator<Item = String>) -> Filter {
    Filter {
        types: types.into_iter().collect(),
        ..Filter::default()
    }
}

fn any_of(alternatives: impl Into<Vec<Filter>>) -> Filter {
    Filter {
        any_of: alternatives.into(),
        ..Filter::default()
    }
}

pub(super) async fn a_batch_size_out_of_range_is_refused(suite: &mut Suite) -> Verdict {
    let history = suite.history().await?;
    let request = SubscribeRequest {
        max_batch_bytes: (2 << 20) + 1,
        ..history.request()
    };
    let what = "max_batch_bytes beyond 2 MiB";
    refused(&suite.peer, request, Code::InvalidArgument, what).await?;
    Ok(())
}

pub(super) async fn a_cursor_of_another_feed_is_refused(suite: &mut Suite) -> Verdict {
    let history = suite.history().await?;
    let cursor = if suite.reads_only() {
        let feeds = suite.peer.feeds().await?;
        let other = feeds.into_iter().find(|feed| feed.name != history.feed);
        let alone = || Stop::skipped("the server has no other feed");
        other.ok_or_else(alone)?.head_cursor
    } else {
        let commit = vec![events::plain("other", 0)];
        suite.peer.publish(&fresh_feed(), commit).await?.cursor
    };
    let what = "a cursor of another feed";
    refused(
        &suite.peer,
        history.after(&cursor),
        Code::FailedPrecondition,
        what,
    )
    .await?;
    Ok(())
}

/// A subscription that must be refused; returns the status.
pub(super) async fn refused(
    peer: &Peer,
    request: SubscribeRequest,
    code: Code,
    what: &str,
) -> Result<Status, Stop> {
    let refusal = peer.refusal(request).await?;
    let expected = format!("{code:?} for {what}");
    let status = refusal.ok_or_else(|| Stop::failed("a stream", &*expected))?;
    ensure(status.code() == code, || describe(&status), expected)?;
    let info = status.get_details_error_info();
    ensure(
        info.is_some_and(|info| info.domain == "pavane" && !info.reason.is_empty()),
        || format!("{} without an ErrorInfo of `pavane`", describe(&status)),
        format!("an ErrorInfo with domain `pavane` and a reason, for {what}"),
    )?;
    Ok(status)
}
