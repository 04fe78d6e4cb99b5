//! The language from the outside: what a definition compiles to, what is said of a wrong one, and what
//! its programs compute.

mod checks;
mod documented;
mod evaluation;
mod evolution;
mod expressions;
mod hostile;
mod kinds;
mod page;
mod properties;
mod proto2;
mod sample;
mod schema;
mod soundness;
mod support;
