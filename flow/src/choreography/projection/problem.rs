//! Why a plan cannot be choreographed by those who are there.

use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::language::Definition;

/// One thing that stands in the way. `Display` says what was found and what was expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Nobody owns a service that is called.
    #[error("no participant owns `{service}`, which step `{step}` calls")]
    NoParticipant {
        /// Id of the first step that calls it.
        step: Arc<str>,
        /// Full name of the service.
        service: Arc<str>,
        /// A service with a similar name that has an owner.
        nearest: Option<String>,
        /// Where the call is in the definition.
        path: String,
    },
    /// Several participants say that they own a service that is called.
    #[error(
        "`{service}` is claimed by {}, expected one owner",
        quoted(participants)
    )]
    ServiceClaimedTwice {
        /// Full name of the service.
        service: Arc<str>,
        /// All who claim it, by name.
        participants: Vec<Arc<str>>,
        /// Where the first call is in the definition.
        path: String,
    },
    /// A step and its compensation belong to different participants.
    #[error(
        "step `{step}` is performed by `{performer}`, its compensation calls `{service}`, which \
         belongs to `{owner}`"
    )]
    CompensationElsewhere {
        /// Id of the step.
        step: Arc<str>,
        /// Name of the participant that performs the step.
        performer: Arc<str>,
        /// Full name of the service that the compensation calls.
        service: Arc<str>,
        /// Name of the participant that owns it.
        owner: Arc<str>,
        /// Where the compensation's call is in the definition.
        path: String,
    },
    /// A participant has the name of the home.
    #[error("participant `{name}`, which owns `{service}`, has the name of the home")]
    NamedLikeHome {
        /// The name.
        name: Arc<str>,
        /// Full name of a service that the participant owns.
        service: Arc<str>,
        /// Where the first call is in the definition.
        path: String,
    },
    /// A step awaits an event, which only a conductor does.
    #[error("step `{step}` awaits an event of feed `{feed}`, which only a conductor can")]
    Awaits {
        /// Id of the step.
        step: Arc<str>,
        /// Name of the feed.
        feed: Arc<str>,
        /// Where it is in the definition.
        path: String,
    },
    /// A step waits, and neither comes after it nor before it a step that somebody performs.
    #[error("nobody can perform step `{step}`: no call comes after it or before it")]
    NobodyWaits {
        /// Id of the step.
        step: Arc<str>,
        /// Where it is in the definition.
        path: String,
    },
    /// More participants than a workflow may have.
    #[error("the steps belong to {found} participants, more than the allowed {allowed}")]
    TooManyParticipants {
        /// How many there are.
        found: usize,
        /// How many there may be.
        allowed: usize,
    },
}

impl Problem {
    /// UPPER_SNAKE_CASE, documented.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::NoParticipant { .. } => "NO_PARTICIPANT",
            Self::ServiceClaimedTwice { .. } => "SERVICE_CLAIMED_TWICE",
            Self::CompensationElsewhere { .. } => "COMPENSATION_ELSEWHERE",
            Self::NamedLikeHome { .. } => "NAMED_LIKE_HOME",
            Self::Awaits { .. } => "AWAITS_EVENT",
            Self::NobodyWaits { .. } => "NOBODY_WAITS",
            Self::TooManyParticipants { .. } => "TOO_MANY_PARTICIPANTS",
        }
    }

    /// What to do about it.
    pub fn help(&self) -> String {
        match self {
            Self::NoParticipant {
                nearest: Some(nearest),
                ..
            } => format!("a service with a similar name has an owner: `{nearest}`"),
            Self::NoParticipant { nearest: None, .. } => {
                "add the participant that owns it, or run the workflow orchestrated".to_owned()
            }
            Self::ServiceClaimedTwice { service, .. } => {
                format!("let one of them own `{service}`; replicas of one participant share a name")
            }
            Self::CompensationElsewhere { performer, .. } => format!(
                "who performs a step undoes it: call a method of a service that `{performer}` owns, \
                 or let one participant own both services"
            ),
            Self::NamedLikeHome { .. } => "give the participant another name".to_owned(),
            Self::Awaits { .. } => "run the workflow orchestrated".to_owned(),
            Self::NobodyWaits { .. } => {
                "let the wait come before or after a call, or run the workflow orchestrated"
                    .to_owned()
            }
            Self::TooManyParticipants { .. } => {
                "let one participant own several of the services, or run the workflow orchestrated"
                    .to_owned()
            }
        }
    }

    /// A few words to put beside the place.
    fn label(&self) -> String {
        match self {
            Self::NoParticipant { .. } => "has no owner".to_owned(),
            Self::ServiceClaimedTwice { participants, .. } => {
                format!("has {} owners", participants.len())
            }
            Self::CompensationElsewhere { owner, .. } => format!("belongs to `{owner}`"),
            Self::NamedLikeHome { name, .. } => format!("belongs to `{name}`"),
            Self::Awaits { .. } => "awaits an event".to_owned(),
            Self::NobodyWaits { .. } => "stands alone".to_owned(),
            Self::TooManyParticipants { .. } => String::new(),
        }
    }

    /// Where it is in the definition: `steps[1].compensate.call`. Empty: the whole of it.
    pub fn path(&self) -> &str {
        match self {
            Self::NoParticipant { path, .. }
            | Self::ServiceClaimedTwice { path, .. }
            | Self::CompensationElsewhere { path, .. }
            | Self::NamedLikeHome { path, .. }
            | Self::Awaits { path, .. }
            | Self::NobodyWaits { path, .. } => path,
            Self::TooManyParticipants { .. } => "",
        }
    }

    /// The same as a mistake in a definition, with its line and column if the definition has a text.
    pub fn diagnostic(&self, definition: &Definition) -> Diagnostic {
        Diagnostic::error(self.reason(), self.to_string())
            .label(self.label())
            .help(self.help())
            .at(self.path(), definition.place(self.path()))
    }
}

fn quoted(names: &[Arc<str>]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match names.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => String::new(),
    }
}
