//! The `pavane` binary: hands the command line to the library and exits with what it answers.

use std::process::ExitCode;

fn main() -> ExitCode {
    pavane_cli::main(std::env::args_os())
}
