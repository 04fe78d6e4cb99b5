//! Everything that can go wrong with a feed, and the gRPC status that says so.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use pavane::error::{Details, status};
use tonic::{Code, Status};

use crate::Sequence;

/// What went wrong. Cheap to clone, since one failed write answers many.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Another process has the folder open.
    #[error("{} is in use by another process{}", .dir.display(), pid_suffix(*.pid))]
    InUse {
        /// The folder of the store.
        dir: PathBuf,
        /// The process that holds it, where it could be learnt.
        pid: Option<u32>,
    },
    /// The folder was written by a newer program.
    #[error(
        "{} has format {found}, but this program reads formats up to {supported}: use a newer one",
        .dir.display()
    )]
    NewerFormat {
        /// The folder of the store.
        dir: PathBuf,
        /// The format found.
        found: u32,
        /// The newest format that can be read.
        supported: u32,
    },
    /// The folder holds something else, or was damaged.
    #[error("{} is not a store: {problem}", .dir.display())]
    NotAStore {
        /// The folder.
        dir: PathBuf,
        /// What was found instead.
        problem: String,
    },
    /// The folder is the store of something else.
    #[error(
        "{} is the store of `{found}`, not of `{expected}`: choose another folder",
        .dir.display()
    )]
    OtherOwner {
        /// The folder.
        dir: PathBuf,
        /// Whose store it is.
        found: String,
        /// Who wanted to open it.
        expected: String,
    },
    /// Something that was written is no longer there, or cannot be read.
    #[error(
        "the {part} below {} is damaged ({problem}); restore a copy{}",
        .dir.display(),
        unchanged_suffix(*.unchanged)
    )]
    Damaged {
        /// The folder.
        dir: PathBuf,
        /// `journal` or `database`.
        part: &'static str,
        /// What was found.
        problem: String,
        /// Whether all is as it was before the opening.
        unchanged: bool,
    },
    /// A file operation failed while the store was opened.
    #[error("cannot {action}: {source}")]
    Io {
        /// What was tried.
        action: String,
        /// Why it failed.
        source: Arc<std::io::Error>,
    },
    /// The storage engine failed to read or to open.
    #[error("the storage engine failed to {action}: {reason}")]
    Engine {
        /// What was tried.
        action: &'static str,
        /// Why it failed.
        reason: Arc<str>,
    },
    /// Stored bytes are not what was written.
    #[error("stored data is damaged: {problem}")]
    Corrupt {
        /// What was found.
        problem: String,
    },
    /// A write or a sync failed, so nothing is written any more.
    #[error("the store has stopped after a failed write: {reason}")]
    Stopped {
        /// Why the write failed.
        reason: Arc<str>,
    },
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
    /// The code of a transaction panicked; its writes were discarded.
    #[error("a transaction panicked: {message}")]
    Panicked {
        /// The panic's message.
        message: String,
    },
    /// A handle of one store was used in a transaction of another.
    #[error("a feed or state of another store was used in a transaction")]
    OtherStore,
    /// Too many transactions are waiting.
    #[error("{limit} transactions are waiting, the limit `waiting_transactions`")]
    QueueFull {
        /// The limit.
        limit: usize,
    },
    /// Too many subscribers.
    #[error("{limit} subscriptions are open, the limit `subscribers`")]
    TooManySubscribers {
        /// The limit.
        limit: usize,
    },
    /// Too many feeds.
    #[error("the store has {limit} feeds, the limit `feeds`")]
    TooManyFeeds {
        /// The limit.
        limit: usize,
    },
    /// A commit has too many events.
    #[error("a commit of {found} events is over the limit `commit_events`, {limit}")]
    TooManyEvents {
        /// How many there were.
        found: usize,
        /// How many there may be.
        limit: usize,
    },
    /// A commit has too many bytes.
    #[error("a commit of {found} bytes is over the limit `commit_bytes`, {limit}")]
    CommitTooLarge {
        /// How many there were, at least.
        found: usize,
        /// How many there may be.
        limit: usize,
    },
    /// A key of a state is too long or empty.
    #[error("a key has {found} bytes, expected 1 to {limit}")]
    KeyLength {
        /// How many there were.
        found: usize,
        /// How many there may be.
        limit: usize,
    },
    /// A name that no feed or state can have.
    #[error("`{name}` is no name of a feed: expected 1 to 64 of a-z, 0-9, `-`, `_`, `.`")]
    InvalidName {
        /// The name.
        name: String,
    },
    /// There is no such feed.
    #[error("there is no feed `{name}`{}", nearest_suffix(.nearest.as_deref()))]
    NotFound {
        /// The name.
        name: String,
        /// The nearest name that exists.
        nearest: Option<String>,
    },
    /// Only the feed's owner writes to it.
    #[error("feed `{feed}` is written by its owner alone")]
    OwnerOnly {
        /// The feed.
        feed: String,
    },
    /// An event cannot be appended as it is.
    #[error("event: field `{field}` {problem}")]
    InvalidEvent {
        /// The field at fault.
        field: &'static str,
        /// What is wrong, and what was expected.
        problem: String,
    },
    /// A filter makes no sense.
    #[error("filter: field `{field}` {problem}")]
    InvalidFilter {
        /// The field at fault, with the way to it: `any_of[2].types`.
        field: String,
        /// What is wrong, and what was expected.
        problem: String,
    },
    /// A request has a malformed field.
    #[error("field `{field}` {problem}")]
    InvalidField {
        /// The field at fault.
        field: &'static str,
        /// What is wrong, and what was expected.
        problem: String,
    },
    /// A cursor is malformed.
    #[error("`{cursor}` is no cursor: {problem}")]
    InvalidCursor {
        /// The cursor, shortened.
        cursor: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A cursor was made by another feed, or by another incarnation of this one.
    #[error("the cursor belongs to incarnation {found}, but feed `{feed}` is {expected}")]
    ForeignCursor {
        /// The feed.
        feed: String,
        /// The incarnation in the cursor.
        found: String,
        /// The feed's incarnation.
        expected: String,
    },
    /// A cursor lies ahead of the feed: the feed was restored from an older copy.
    #[error("the cursor stands at {position}, but the head of feed `{feed}` is {head}")]
    CursorAhead {
        /// The feed.
        feed: String,
        /// Where the cursor stands.
        position: Sequence,
        /// The feed's newest event.
        head: Sequence,
    },
    /// A position is older than what is retained.
    #[error(
        "what follows {position} in feed `{feed}` is no longer retained: it begins at {earliest}"
    )]
    Expired {
        /// The feed.
        feed: String,
        /// Where reading was to begin.
        position: Sequence,
        /// The oldest event retained.
        earliest: Sequence,
        /// Pass as `after` to read all that is retained.
        earliest_cursor: String,
    },
    /// The feed's head is not where it was expected.
    #[error("expected the head of feed `{feed}` at {expected}, found {head}")]
    UnexpectedHead {
        /// The feed.
        feed: String,
        /// The sequence expected.
        expected: Sequence,
        /// The sequence found.
        head: Sequence,
    },
    /// A request id was used before, with other events.
    #[error("request id `{request_id}` was used with other events (sequences {first} to {last})")]
    RequestReused {
        /// The request id.
        request_id: String,
        /// Sequence of the first event appended then.
        first: Sequence,
        /// Sequence of the last event appended then.
        last: Sequence,
    },
}

impl Error {
    pub(crate) fn io(action: impl Into<String>, source: std::io::Error) -> Self {
        Self::Io {
            action: action.into(),
            source: Arc::new(source),
        }
    }

    pub(crate) fn corrupt(problem: impl Into<String>) -> Self {
        Self::Corrupt {
            problem: problem.into(),
        }
    }
}

fn pid_suffix(pid: Option<u32>) -> String {
    pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default()
}

fn unchanged_suffix(unchanged: bool) -> &'static str {
    if unchanged {
        "; nothing was changed"
    } else {
        ""
    }
}

fn nearest_suffix(nearest: Option<&str>) -> String {
    nearest
        .map(|name| format!("; did you mean `{name}`?"))
        .unwrap_or_default()
}

/// How long a caller should wait for a place in the queue to become free.
const RETRY_FULL: Duration = Duration::from_millis(100);

impl From<pavane::Malformed> for Error {
    fn from(error: pavane::Malformed) -> Self {
        Self::corrupt(error.to_string())
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        match error {
            Error::InUse { .. } => status(Code::Unavailable, "STORE_IN_USE", message),
            Error::NewerFormat { .. } => {
                status(Code::FailedPrecondition, "STORE_FORMAT_NEWER", message)
            }
            Error::NotAStore { .. } => status(Code::FailedPrecondition, "NOT_A_STORE", message),
            Error::Io { .. } | Error::Engine { .. } => {
                status(Code::Internal, "STORE_IO_FAILED", message)
            }
            Error::OtherOwner {
                found, expected, ..
            } => Details::new()
                .fact("owner", found)
                .fact("expected", expected)
                .status(Code::FailedPrecondition, "STORE_OF_ANOTHER", message),
            Error::Damaged { .. } | Error::Corrupt { .. } => {
                status(Code::DataLoss, "STORE_DAMAGED", message)
            }
            Error::Stopped { .. } => status(Code::Unavailable, "STORE_STOPPED", message),
            Error::Closed => status(Code::Unavailable, "STORE_CLOSED", message),
            Error::Panicked { .. } => status(Code::Internal, "TRANSACTION_PANICKED", message),
            Error::OtherStore => status(Code::Internal, "OTHER_STORE", message),
            Error::QueueFull { .. } => Details::new().retry_after(RETRY_FULL).status(
                Code::ResourceExhausted,
                "TOO_MANY_WAITING_APPENDS",
                message,
            ),
            Error::TooManySubscribers { limit } => Details::new().fact("limit", limit).status(
                Code::ResourceExhausted,
                "TOO_MANY_SUBSCRIBERS",
                message,
            ),
            Error::TooManyFeeds { limit } => Details::new().fact("limit", limit).status(
                Code::ResourceExhausted,
                "TOO_MANY_FEEDS",
                message,
            ),
            Error::TooManyEvents { limit, .. } | Error::CommitTooLarge { limit, .. } => {
                Details::new().fact("limit", limit).status(
                    Code::ResourceExhausted,
                    "COMMIT_TOO_LARGE",
                    message,
                )
            }
            Error::KeyLength { .. } => status(Code::InvalidArgument, "INVALID_KEY", message),
            Error::InvalidName { .. } => invalid("feed", "INVALID_FEED_NAME", message),
            Error::NotFound { nearest, .. } => {
                let mut details = Details::new();
                if let Some(nearest) = nearest {
                    details = details.fact("nearest", nearest);
                }
                details.status(Code::NotFound, "FEED_NOT_FOUND", message)
            }
            Error::OwnerOnly { .. } => status(Code::PermissionDenied, "FEED_OWNER_ONLY", message),
            Error::InvalidEvent { field, .. } => {
                invalid(format!("events.{field}"), "INVALID_EVENT", message)
            }
            Error::InvalidFilter { field, .. } => {
                invalid(format!("filter.{field}"), "INVALID_FILTER", message)
            }
            Error::InvalidField { field, .. } => invalid(field, "INVALID_REQUEST", message),
            Error::InvalidCursor { .. } => status(Code::InvalidArgument, "INVALID_CURSOR", message),
            Error::ForeignCursor { expected, .. } => Details::new()
                .fact("incarnation", expected)
                .status(Code::FailedPrecondition, "FOREIGN_CURSOR", message),
            Error::CursorAhead { head, .. } => Details::new().fact("head_sequence", head).status(
                Code::FailedPrecondition,
                "CURSOR_AHEAD",
                message,
            ),
            Error::Expired {
                earliest,
                earliest_cursor,
                ..
            } => Details::new()
                .fact("earliest_cursor", earliest_cursor)
                .fact("earliest_sequence", earliest)
                .status(Code::OutOfRange, "CURSOR_EXPIRED", message),
            Error::UnexpectedHead { head, .. } => Details::new()
                .fact("head_sequence", head)
                .status(Code::Aborted, "UNEXPECTED_HEAD", message),
            Error::RequestReused { first, last, .. } => Details::new()
                .fact("first_sequence", first)
                .fact("last_sequence", last)
                .status(Code::AlreadyExists, "REQUEST_ID_REUSED", message),
        }
    }
}

fn invalid(field: impl Into<String>, reason: &str, message: String) -> Status {
    let description = message.clone();
    Details::new()
        .field(field, description)
        .status(Code::InvalidArgument, reason, message)
}
