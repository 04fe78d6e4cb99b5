//! Beside a service in any language that has nothing but its unary methods: its feed, and its part in
//! choreographies. The service is called as an orchestrator would call it, and knows of nothing else.
//!
//! [`Options`] -> [`start`] -> [`Handle`]. What is assembled is a participant of the kit, whose steps
//! are calls to elsewhere. It never answers for the service: whoever wants a method calls the service.

mod earlier;
mod error;
mod host;
mod options;

pub use error::Error;
pub use options::Options;
pub use pavane_kit::Handle;

use pavane_kit::Participant;

use host::RemoteHost;

/// Starts a sidecar. It goes on where it was when it was last stopped. The service need not be there
/// yet: a call that does not reach it is one that is tried again.
///
/// # Errors
/// [`Error::NoServices`] and [`Error::InvalidService`] before anything is touched; [`Error::Kit`] if
/// the address or the folder cannot be used, or what it remembers cannot be read.
pub async fn start(options: Options) -> Result<Handle, Error> {
    let services = options.services()?;
    let participant = Participant::open(&options.name, options.participant()).await?;
    let (store, feed) = (participant.store().clone(), participant.feed().clone());
    let host = RemoteHost::new(store, feed, services, &options)?;
    let participant = participant.take_part_as(host).await?;
    Ok(participant.serve(pavane::descriptor_pool())?)
}
