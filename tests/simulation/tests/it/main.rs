//! The simulation as a test: some hundred seeds hold, and each way to break what surrounds the cores is
//! noticed.

mod sabotage;
mod seeds;
