//! What came of it: how many were done, and which were refused for which reason.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tonic::Status;
use tonic_types::StatusExt;

use super::Deed;
use crate::render::{Cell, Paint, Table, code_name, one_line};

/// Ids that are shown of those that were refused for the same reason.
const MOST_SHOWN: usize = 3;

/// Counts of what was done, and all that was refused.
#[derive(Debug)]
pub(super) struct Report {
    deed: Deed,
    dry_run: bool,
    done: Vec<String>,
    refused: Vec<(String, Status)>,
}

impl Report {
    pub(super) fn new(deed: Deed, dry_run: bool) -> Self {
        Self {
            deed,
            dry_run,
            done: Vec::new(),
            refused: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, id: String, result: Result<(), Status>) {
        match result {
            Ok(()) => self.done.push(id),
            Err(status) => self.refused.push((id, status)),
        }
    }

    /// Whether nothing was refused.
    pub(super) fn is_complete(&self) -> bool {
        self.refused.is_empty()
    }

    /// `canceled 97 of 100`, then a line for each reason.
    pub(super) fn text(&self, paint: Paint) -> String {
        let all = self.done.len() + self.refused.len();
        let would = if self.dry_run { "would be " } else { "" };
        let (done, count) = (self.deed.done, self.done.len());
        let mut text = format!("{count} of {all} {would}{done}\n");
        let mut table = Table::indented();
        if self.dry_run {
            for id in self.done.iter().take(MOST_SHOWN) {
                table.row([Cell::new(id)]);
            }
            if count > MOST_SHOWN {
                table.row([Cell::new(format!("and {} more", count - MOST_SHOWN))]);
            }
            text.push_str(&table.render(paint));
            table = Table::indented();
        }
        for (reason, refused) in self.by_reason() {
            let shown = refused.iter().take(MOST_SHOWN).map(|(id, _)| id.as_str());
            let mut shown = shown.collect::<Vec<_>>().join(", ");
            if refused.len() > MOST_SHOWN {
                shown.push_str(&format!(" and {} more", refused.len() - MOST_SHOWN));
            }
            let example = refused
                .first()
                .map(|(_, status)| one_line(status.message()));
            table.row([
                Cell::right(format!("{} refused", refused.len())).style(Paint::bad),
                Cell::new(reason),
                Cell::new(shown),
                Cell::new(example.unwrap_or_default()).style(Paint::faint),
            ]);
        }
        text.push_str(&table.render(paint));
        text
    }

    pub(super) fn json(&self) -> Value {
        let refused = self.refused.iter().map(|(id, status)| {
            json!({
                "execution_id": id,
                "code": code_name(status.code() as i32),
                "reason": reason_of(status),
                "message": status.message(),
            })
        });
        json!({
            "action": self.deed.verb,
            "dry_run": self.dry_run,
            "done": self.done,
            "refused": refused.collect::<Value>(),
        })
    }

    fn by_reason(&self) -> BTreeMap<String, Vec<&(String, Status)>> {
        let mut reasons: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for refused in &self.refused {
            reasons
                .entry(reason_of(&refused.1))
                .or_default()
                .push(refused);
        }
        reasons
    }
}

/// The documented reason, or the code of an answer without one.
fn reason_of(status: &Status) -> String {
    let details = status.get_error_details();
    let reason = details.error_info().map(|info| info.reason.clone());
    reason.unwrap_or_else(|| code_name(status.code() as i32).to_owned())
}

#[cfg(test)]
mod tests {
    use pavane::error::Details;
    use tonic::Code;

    use super::*;

    const CANCEL: Deed = Deed {
        verb: "cancel",
        done: "canceled",
        states: &[],
    };

    fn report(dry_run: bool) -> Report {
        let mut report = Report::new(CANCEL, dry_run);
        for number in 0..5 {
            report.add(format!("order-{number}"), Ok(()));
        }
        for number in 5..10 {
            let message = format!("execution `order-{number}` has ended already: it failed");
            let details = Details::new();
            let ended = details.status(Code::FailedPrecondition, "EXECUTION_ENDED", message);
            report.add(format!("order-{number}"), Err(ended));
        }
        report.add("order-x".to_owned(), Err(Status::unavailable("gone")));
        report
    }

    #[test]
    fn what_was_done_is_counted_and_what_was_refused_is_shown_by_reason() {
        insta::assert_snapshot!(report(false).text(Paint::PLAIN), @r"
        5 of 11 canceled
          5 refused   EXECUTION_ENDED   order-5, order-6, order-7 and 2 more   execution `order-5` has ended already: it failed
          1 refused   UNAVAILABLE       order-x                                gone
        ");
        insta::assert_snapshot!(report(true).text(Paint::PLAIN), @r"
        5 of 11 would be canceled
          order-0
          order-1
          order-2
          and 2 more
          5 refused   EXECUTION_ENDED   order-5, order-6, order-7 and 2 more   execution `order-5` has ended already: it failed
          1 refused   UNAVAILABLE       order-x                                gone
        ");
        assert!(!report(false).is_complete());
        assert!(Report::new(CANCEL, true).is_complete());
    }

    #[test]
    fn programs_are_told_all_of_it() {
        let json = report(true).json();
        assert_eq!(json["action"], "cancel");
        assert_eq!(json["dry_run"], true);
        assert_eq!(json["done"].as_array().map(Vec::len), Some(5));
        assert_eq!(json["refused"][0]["reason"], "EXECUTION_ENDED");
        assert_eq!(json["refused"][5]["reason"], "UNAVAILABLE");
        assert_eq!(json["refused"][5]["execution_id"], "order-x");
    }
}
