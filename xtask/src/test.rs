//! `cargo xtask test`: all that must be green before a change lands, what fails fastest first.
//! Continuous integration runs this and nothing else.

use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::ValueEnum;
use xshell::{Shell, cmd};

use crate::fuzz;

const EXAMPLES: &str = "\
Examples:
  cargo xtask test                          everything, as in continuous integration
  cargo xtask test --only fmt --only clippy what takes seconds once it was built
  cargo xtask test --only test              the tests alone
  cargo test -p pavane-feed                 the tests of one crate
  cargo test -p pavane-tests --test kill    the crash test; PAVANE_SEED=N replays a run

Tests that need `buf`, `grpcurl` or Python's grpcio install them from PyPI into target/tools, once; the
tour, the clients in TypeScript and the AsyncAPI documents also need Node, and have npm install below
target/; clients in C++ and Java need Debian's packages. Where that cannot be done they say SKIPPED; with CI=true they fail instead.";

/// Check and test everything, as continuous integration does
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Take only this step; may be given again
    #[arg(long, value_name = "STEP")]
    only: Vec<Step>,
    /// Leave out this step; may be given again
    #[arg(long, value_name = "STEP", conflicts_with = "only")]
    skip: Vec<Step>,
}

/// In the order in which they are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Step {
    /// Formatting: cargo fmt --check
    Fmt,
    /// Lints: cargo clippy, warnings are errors
    Clippy,
    /// Documentation: cargo doc, warnings are errors
    Doc,
    /// All tests: cargo test
    Test,
    /// Hostile input: each target of cargo xtask fuzz for a minute
    Fuzz,
}

/// Takes the steps that were asked for, and stops at the first that fails.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let shell = Shell::new()?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .context("xtask/ has a parent")?;
    shell.change_dir(root);

    let mut times = Vec::new();
    for step in Step::value_variants() {
        if arguments.leaves_out(*step) {
            continue;
        }
        say(&format!("\n== {}\n", step.name()))?;
        let start = Instant::now();
        let result = step.take(&shell);
        times.push((step.name(), start.elapsed()));
        if result.is_err() {
            summarize(&times)?;
        }
        result.with_context(|| {
            format!(
                "{0} failed; again: cargo xtask test --only {0}",
                step.name()
            )
        })?;
    }
    summarize(&times)
}

impl Arguments {
    fn leaves_out(&self, step: Step) -> bool {
        self.skip.contains(&step) || (!self.only.is_empty() && !self.only.contains(&step))
    }
}

impl Step {
    fn name(self) -> &'static str {
        match self {
            Step::Fmt => "fmt",
            Step::Clippy => "clippy",
            Step::Doc => "doc",
            Step::Test => "test",
            Step::Fuzz => "fuzz",
        }
    }

    fn take(self, shell: &Shell) -> Result<()> {
        let result = match self {
            Step::Fmt => cmd!(shell, "cargo fmt --all --check").run(),
            Step::Clippy => {
                let strict = ["-D", "warnings"];
                cmd!(
                    shell,
                    "cargo clippy --workspace --all-targets -- {strict...}"
                )
                .run()
            }
            Step::Doc => {
                let _strict = shell.push_env("RUSTDOCFLAGS", "-D warnings");
                cmd!(shell, "cargo doc --workspace --no-deps").run()
            }
            Step::Test => {
                // Also the programs that tests start, with the features that `cargo test` builds
                // them with: otherwise they would be built twice.
                cmd!(shell, "cargo build --workspace --all-targets").run()?;
                let _built = shell.push_env("PAVANE_TESTS_BUILD", "no");
                // All that fails is told, not what fails first.
                cmd!(shell, "cargo test --workspace --no-fail-fast").run()
            }
            Step::Fuzz => return fuzz::all(shell),
        };
        Ok(result?)
    }
}

fn summarize(times: &[(&str, Duration)]) -> Result<()> {
    say("\n")?;
    for (step, time) in times {
        say(&format!("{step:8}{:>7.1} s\n", time.as_secs_f64()))?;
    }
    let total: Duration = times.iter().map(|(_, time)| time).sum();
    say(&format!("{:8}{:>7.1} s\n", "total", total.as_secs_f64()))
}

/// On stderr, as Cargo does: stdout belongs to the tests.
fn say(text: &str) -> Result<()> {
    Ok(std::io::stderr().write_all(text.as_bytes())?)
}
