//! Clients in other languages, over generated code; and services in other languages, which know nothing
//! of us.

mod clients;
mod compiled;
mod page;
mod pages;
mod python_shipping;
mod rust;
mod scenario;
