//! Names of the extension attributes that events of choreographed executions carry, by which those
//! who take part choose what they hear.

/// On the events of a home: name of the workflow.
pub const CHOREOGRAPHY: &str = "choreography";

/// On the events of a participant: `<workflow>/<step>`.
pub const STEP: &str = "step";

/// On all of them: the first digits of the revision, so that whoever hears more than it needs knows
/// which executions are none of its business.
pub const REVISION: &str = "revision";

/// On the events of an execution that an event has started, and on those that the calls of its steps
/// gave rise to: how many executions led to it by way of events, in decimal digits.
pub const CAUSAL_DEPTH: &str = "causaldepth";

/// With [`CAUSAL_DEPTH`]: the names of the workflows that led to it, the first one first, with
/// commas between them.
pub const CAUSAL_CHAIN: &str = "causalchain";
