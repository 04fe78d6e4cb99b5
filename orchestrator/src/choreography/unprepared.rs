//! Why a workflow cannot be choreographed by those who are there.

use pavane::error::Details;
use pavane_flow::choreography::projection::Problem;
use tonic::{Code, Status};
use tonic_types::StatusExt;

/// Why a workflow cannot be choreographed. Each is documented, with its cure, in `docs/errors.md`.
#[derive(Clone, Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum Unprepared {
    #[error(
        "two participants are named `{name}`, at {one} and at {other}; expected names of their own"
    )]
    NameTakenTwice {
        name: String,
        one: String,
        other: String,
    },
    /// `silent`: who could not be asked whether they take part, and why.
    #[error("{}{}", sentence(.problems), asked_in_vain(.silent))]
    NotProjectable {
        problems: Vec<Problem>,
        silent: Vec<String>,
    },
    #[error("participant `{participant}` at {target} is not prepared: {}", .status.message())]
    Refused {
        participant: String,
        target: String,
        status: Box<Status>,
    },
    #[error(
        "the feed of `{participant}` at {target} was made anew since it was prepared; deploy the workflow again if \
         that is meant"
    )]
    MadeAnew { participant: String, target: String },
    #[error("the home is not prepared: {0}")]
    Home(String),
}

impl Unprepared {
    /// As a status, in which `message` says what it is about as well.
    pub(crate) fn into_status(self, workflow: &str, message: String) -> Status {
        let details = Details::new().fact("workflow", workflow);
        match self {
            Self::NameTakenTwice { name, .. } => details.fact("participant", name).status(
                Code::FailedPrecondition,
                "PARTICIPANT_NAME_TAKEN",
                message,
            ),
            Self::NotProjectable { problems, .. } => {
                let reason = problems.first().map_or("NO_PARTICIPANT", Problem::reason);
                let details = problems.iter().fold(details, |details, problem| {
                    details.field(problem.path(), problem.to_string())
                });
                details.status(Code::FailedPrecondition, reason, message)
            }
            Self::Refused {
                participant,
                target,
                status,
            } => {
                // The participant's own reason, beside that it is the participant's.
                let cause = status.get_details_error_info().map(|info| info.reason);
                details
                    .fact("participant", participant)
                    .fact("target", target)
                    .fact(
                        "cause",
                        cause.unwrap_or_else(|| format!("{:?}", status.code())),
                    )
                    .status(
                        Code::FailedPrecondition,
                        "PARTICIPANT_NOT_PREPARED",
                        message,
                    )
            }
            Self::MadeAnew {
                participant,
                target,
            } => details
                .fact("participant", participant)
                .fact("target", target)
                .status(Code::FailedPrecondition, "OTHER_INCARNATION", message),
            Self::Home(_) => details.status(Code::FailedPrecondition, "HOME_NOT_PREPARED", message),
        }
    }
}

fn sentence(problems: &[Problem]) -> String {
    let problems: Vec<_> = problems.iter().map(Problem::to_string).collect();
    problems.join("; ")
}

fn asked_in_vain(silent: &[String]) -> String {
    if silent.is_empty() {
        return String::new();
    }
    format!(" (could not be asked: {})", silent.join("; "))
}
