//! Mistakes in a definition, as a compiler would show them.

use pavane::workflow::v1::{CheckWorkflowResponse, Diagnostic};
use pavane_flow::diagnostic::{self, Renderer, Style};
use prost::Message;
use tonic::{Code, Status};

use super::Paint;

/// All of them at their places in the text, then how many there are. Without any: nothing.
pub(crate) fn diagnostics(
    file_name: &str,
    text: &str,
    diagnostics: &[Diagnostic],
    paint: Paint,
) -> String {
    let style = if paint == Paint::COLORS {
        Style::ANSI
    } else {
        Style::PLAIN
    };
    let found: Vec<diagnostic::Diagnostic> = diagnostics
        .iter()
        .map(|found| within(text, found.clone()).into())
        .collect();
    Renderer {
        file_name,
        source: Some(text),
        style,
    }
    .render(&found)
}

/// What a server says of a place that is not in the text cannot be shown there.
fn within(text: &str, mut found: Diagnostic) -> Diagnostic {
    let line = (found.line as usize)
        .checked_sub(1)
        .and_then(|line| text.lines().nth(line));
    if line.is_none_or(|line| found.column as usize > line.chars().count() + 1) {
        found.line = 0;
    }
    found
}

/// The diagnostics that a refusal carries among its details.
pub(crate) fn report(status: &Status) -> Option<CheckWorkflowResponse> {
    if status.code() != Code::InvalidArgument {
        return None;
    }
    let details = tonic_types::pb::Status::decode(status.details())
        .ok()?
        .details;
    let found = details
        .iter()
        .find(|detail| detail.type_url.ends_with("CheckWorkflowResponse"))?;
    let mistakes = CheckWorkflowResponse::decode(&*found.value).ok()?;
    (!mistakes.diagnostics.is_empty()).then_some(mistakes)
}

#[cfg(test)]
mod tests {
    use pavane::workflow::v1::diagnostic::Severity;

    use super::*;

    fn example() -> Diagnostic {
        Diagnostic {
            reason: "UNKNOWN_FIELD".to_owned(),
            message: "`ReserveStockResponse` has no field `totel`".to_owned(),
            path: "steps[1].request.amount".to_owned(),
            line: 2,
            column: 17,
            length: 5,
            label: "unknown field".to_owned(),
            help: "a field with a similar name exists: `total`".to_owned(),
            severity: Severity::Error as i32,
        }
    }

    #[test]
    fn a_mistake_is_shown_at_its_place() {
        let text = "steps:\n  amount: reserve.totel\n";
        let warning = Diagnostic {
            message: "`note` is never used".to_owned(),
            severity: Severity::Warning as i32,
            line: 1,
            column: 1,
            length: 0,
            help: String::new(),
            label: String::new(),
            ..example()
        };
        let shown = diagnostics("a.yaml", text, &[example(), warning], Paint::PLAIN);
        insta::assert_snapshot!(shown, @r"
        error: `ReserveStockResponse` has no field `totel`
         --> a.yaml:2:17
          |
        2 |   amount: reserve.totel
          |                 ^^^^^ unknown field
          |
          = help: a field with a similar name exists: `total`

        warning: `note` is never used
         --> a.yaml:1:1
          |
        1 | steps:
          | ^

        1 error, 1 warning
        ");
    }

    #[test]
    fn a_place_that_is_not_in_the_text_is_shown_by_its_path() {
        let mut mistake = example();
        for line in [0, 99] {
            mistake.line = line;
            let shown = diagnostics("a.yaml", "x", &[mistake.clone()], Paint::PLAIN);
            assert!(
                shown.contains("--> a.yaml: steps[1].request.amount\n"),
                "{shown}"
            );
        }
        mistake.line = 1;
        mistake.column = u32::MAX / 1_000_000;
        mistake.length = u32::MAX;
        diagnostics("a.yaml", "x", &[mistake], Paint::PLAIN);
    }
}
