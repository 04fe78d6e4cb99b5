//! The orchestrator's own services over gRPC: one file for each.

mod executions;
mod page;
mod targets;
mod workflows;

pub(crate) use executions::Executions;
pub(crate) use targets::Targets;
pub(crate) use workflows::Workflows;
