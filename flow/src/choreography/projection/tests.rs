//! Projections and filters of small plans, and what is said of plans that have none.
