//! How a service takes part in choreographies: its own handlers are called within the process, by
//! the same tonic service that others call, and its feed holds what became of it.

mod handlers;
mod host;
mod recorder;

pub(crate) use handlers::Handlers;
pub(crate) use host::ServiceHost;
pub(crate) use recorder::Recorder;
