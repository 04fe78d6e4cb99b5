//! What is broken on purpose, to see that the simulation notices. Always in what surrounds the cores
//! (the shell, the services, the plan that is handed out), never in the cores themselves.

use pavane_flow::choreography::projection::EventType;

/// What is broken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sabotage {
    /// Nothing.
    #[default]
    None,
    /// Rule 7: after a restart nobody thinks of the calls that an earlier process may have made.
    ForgetsCalls,
    /// Rule 8: a service that undoes what it has not done yet does it when it is told to later.
    NoTombstones,
    /// A service does again what it has done when it is called again.
    NoIdempotency,
    /// Checkpoints hold cursors, but not what was heard on the way there.
    CursorsWithoutHeard,
    /// Checkpoints overtake the events that were appended before them.
    CheckpointsFirst,
    /// Those who drive do not know what comes after a step when they undo it.
    IgnoresGraph,
    /// Participants do not hear events of this type.
    Deaf(EventType),
    /// Calls leave before the events that they depend on are durable.
    ActsFirst,
}
