//! Makes of `proto/` what the crate is made of, in Rust alone: nobody needs protoc. How: `build/`.

#[path = "build/stubs.rs"]
mod stubs;

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    stubs::generate()
}
