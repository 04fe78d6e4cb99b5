//! Conformance suites, written against the contract alone: pointed at any server that speaks it,
//! each says which promises are kept. Never depends on a server of ours.
