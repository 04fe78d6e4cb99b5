//! Why a step is not settled by hand, as a reason.

use pavane_flow::driver::Refusal;
use tonic::Code;

/// The code and the reason, each documented in `docs/errors.md`.
pub(super) fn reason(why: &Refusal) -> (Code, &'static str) {
    let reason = match why {
        Refusal::Ended => "EXECUTION_ENDED",
        Refusal::NotHome => "NOT_HOME",
        Refusal::NoResolution => return (Code::InvalidArgument, "INVALID_REQUEST"),
        Refusal::NoElement(_) => "UNKNOWN_ELEMENT",
        Refusal::ElementSkipped => "ELEMENT_NOT_SKIPPED",
        Refusal::InFlight => "STEP_IN_FLIGHT",
        Refusal::Failing => "EXECUTION_FAILING",
        Refusal::NotFailing => "EXECUTION_NOT_FAILING",
        Refusal::Settled(_) => "STEP_SETTLED",
        Refusal::NothingToCompensate => "NOTHING_TO_COMPENSATE",
    };
    (Code::FailedPrecondition, reason)
}
