//! What is broken on purpose, to see that the simulation notices. Always in what surrounds the cores
//! (the shell, the services, the plan that is handed out), never in the cores themselves.

use pavane::feed::v1::Event;
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
    /// What a process that ended in good order knew to be the newest starts is still believed after a
    /// later one has died.
    KeepsNewestStarts,
    /// Those who drive do not know what comes after a step when they undo it.
    IgnoresGraph,
    /// Participants do not hear events of this type.
    Deaf(EventType),
    /// Calls leave before the events that they depend on are durable.
    ActsFirst,
    /// That something has begun, a wait or a call that may be made once, is never written.
    WritesNoBeginnings,
    /// What had begun is not read after a restart: waits take their whole time anew.
    ReadsNoBeginnings,
    /// After a restart, those who drive believe that of a list one call at a time was made.
    ForgetsElements,
    /// Participants count what an operator has settled as done before its performer says so.
    CountsResolved,
}

impl Sabotage {
    /// Whether the start of a wait, or of a call that may be made once, is not written.
    pub(crate) fn loses(self, event: &Event) -> bool {
        self == Self::WritesNoBeginnings && is_beginning(event)
    }

    /// Of the events of an execution, those that a process is given that begins.
    pub(crate) fn read(self, mut events: Vec<Event>) -> Vec<Event> {
        if self == Self::ReadsNoBeginnings {
            events.retain(|event| !is_beginning(event));
        }
        events
    }
}

fn is_beginning(event: &Event) -> bool {
    event.r#type == EventType::StepBegun.full_name()
}
