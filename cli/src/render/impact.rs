//! What a deploy changes for those who use its types as they were, as a compiler would show it.

use pavane::workflow::v1::impact::Role;
use pavane::workflow::v1::type_change::Severity;
use pavane::workflow::v1::{Impact, ImpactReport, TypeChange};
use prost::Message;
use tonic::{Code, Status};

use super::Paint;

/// What is made of what breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// A deploy is refused for it.
    Refused,
    /// It was deployed all the same.
    Allowed,
}

/// Whether something of it breaks somebody.
pub(crate) fn is_breaking(impact: &Impact) -> bool {
    let mut changes = impact.changes.iter();
    changes.any(|change| change.severity() == Severity::Breaking)
}

/// Who is concerned, and by what; then how many changes break something. Without any impact: nothing.
pub(crate) fn impacts(impacts: &[Impact], verdict: Verdict, paint: Paint) -> String {
    let mut text = String::new();
    for impact in impacts {
        text.push_str(&heading(impact, verdict, paint));
        for change in &impact.changes {
            text.push_str(&describe(change, paint));
        }
        text.push('\n');
    }
    let changes = impacts.iter().flat_map(|impact| &impact.changes);
    let breaking = changes.filter(|change| change.severity() == Severity::Breaking);
    let what = match breaking.count() {
        0 => return text,
        1 => "1 breaking change".to_owned(),
        many => format!("{many} breaking changes"),
    };
    text.push_str(&match verdict {
        Verdict::Refused => format!("{what}: a deploy is refused without --allow-breaking\n"),
        Verdict::Allowed => format!("{what}: deployed all the same\n"),
    });
    text
}

fn heading(impact: &Impact, verdict: Verdict, paint: Paint) -> String {
    let (word, what) = match (is_breaking(impact), verdict) {
        (true, Verdict::Refused) => (paint.error("error:"), "would break"),
        (true, Verdict::Allowed) => (paint.caution("warning:"), "breaks"),
        (false, _) => (paint.accent("note:"), "fits"),
    };
    format!(
        "{word} {}\n",
        paint.strong(&format!("this {what} {}", whom(impact)))
    )
}

fn whom(impact: &Impact) -> String {
    let revision: String = impact.revision.chars().take(8).collect();
    let workflow = &impact.workflow;
    let executions = match impact.executions {
        0 => String::new(),
        1 => format!(
            "1 execution in flight ({})",
            impact.execution_ids.join(", ")
        ),
        many => {
            let known = i32::try_from(impact.execution_ids.len()).unwrap_or(i32::MAX);
            let more = if many > known { ", ..." } else { "" };
            let some = impact.execution_ids.join(", ");
            format!("{many} executions in flight ({some}{more})")
        }
    };
    match impact.role() {
        Role::Callers => format!("whoever calls `{workflow}` as revision {revision} has it"),
        Role::CallingWorkflow | Role::Unspecified if executions.is_empty() => {
            format!("workflow `{workflow}`, revision {revision}")
        }
        Role::CallingWorkflow | Role::Unspecified => {
            format!("workflow `{workflow}`, revision {revision}, with {executions}")
        }
    }
}

fn describe(change: &TypeChange, paint: Paint) -> String {
    let place = format!("{} {}", change.method, change.path);
    let (arrow, bar) = (paint.accent("-->"), paint.accent("|"));
    let end = paint.accent("=");
    format!(
        "  {arrow} {}\n   {bar} was  {}\n   {bar} is   {}\n   {end} {}: {}\n",
        place.trim_end(),
        change.was,
        change.is,
        match change.severity() {
            Severity::Breaking => paint.bad("breaking"),
            Severity::Compatible | Severity::Unspecified => paint.good("compatible"),
        },
        change.consequence,
    )
}

/// The report that a refusal carries among its details.
pub(crate) fn impact_report(status: &Status) -> Option<ImpactReport> {
    if status.code() != Code::FailedPrecondition {
        return None;
    }
    let details = tonic_types::pb::Status::decode(status.details()).ok()?;
    let mut details = details.details.iter();
    let found = details.find(|detail| {
        detail
            .type_url
            .ends_with("/pavane.workflow.v1.ImpactReport")
    })?;
    ImpactReport::decode(&*found.value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(severity: Severity) -> TypeChange {
        TypeChange {
            method: "shop.payment.v1.PaymentService/ChargeCard".to_owned(),
            path: "request.amount".to_owned(),
            was: "int64 amount = 2".to_owned(),
            is: "string amount = 2".to_owned(),
            consequence: "the two are encoded differently".to_owned(),
            severity: severity.into(),
        }
    }

    fn impact(role: Role, executions: i32, severity: Severity) -> Impact {
        Impact {
            role: role.into(),
            workflow: "orders".to_owned(),
            revision: "0123456789".to_owned(),
            executions,
            execution_ids: vec!["o-1".to_owned(), "o-2".to_owned()],
            changes: vec![change(severity)],
            ..Impact::default()
        }
    }

    #[test]
    fn what_breaks_is_shown_with_whom_it_breaks() {
        let found = [
            impact(Role::Callers, 0, Severity::Breaking),
            impact(Role::CallingWorkflow, 7, Severity::Breaking),
            impact(Role::CallingWorkflow, 0, Severity::Compatible),
        ];
        insta::assert_snapshot!(impacts(&found, Verdict::Refused, Paint::PLAIN), @r"
        error: this would break whoever calls `orders` as revision 01234567 has it
          --> shop.payment.v1.PaymentService/ChargeCard request.amount
           | was  int64 amount = 2
           | is   string amount = 2
           = breaking: the two are encoded differently

        error: this would break workflow `orders`, revision 01234567, with 7 executions in flight (o-1, o-2, ...)
          --> shop.payment.v1.PaymentService/ChargeCard request.amount
           | was  int64 amount = 2
           | is   string amount = 2
           = breaking: the two are encoded differently

        note: this fits workflow `orders`, revision 01234567
          --> shop.payment.v1.PaymentService/ChargeCard request.amount
           | was  int64 amount = 2
           | is   string amount = 2
           = compatible: the two are encoded differently

        2 breaking changes: a deploy is refused without --allow-breaking
        ");
        let allowed = impacts(&found[..1], Verdict::Allowed, Paint::PLAIN);
        assert!(
            allowed.starts_with("warning: this breaks whoever calls"),
            "{allowed}"
        );
        assert!(
            allowed.ends_with("1 breaking change: deployed all the same\n"),
            "{allowed}"
        );
    }
}
