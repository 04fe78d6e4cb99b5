//! What came out of a suite: check by check, and as a whole. Holds values only.

use std::fmt;
use std::time::Duration;

/// What became of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The promise is kept, as far as was seen.
    Passed,
    /// It is not.
    Failed {
        /// What the server did.
        found: String,
        /// What the contract says.
        expected: String,
    },
    /// It could not be tried.
    Skipped {
        /// Why not.
        reason: String,
    },
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckResult {
    /// The promise, such as `a_commit_is_never_split`.
    pub name: &'static str,
    /// What became of it.
    pub outcome: Outcome,
    /// How long it took.
    pub duration: Duration,
}

/// A whole suite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Run with the same seed to see the same events, filters and cuts.
    pub seed: u64,
    /// Check by check, in the order in which they ran.
    pub results: Vec<CheckResult>,
}

impl Report {
    /// Checks that passed.
    pub fn passed(&self) -> usize {
        self.count(|outcome| matches!(outcome, Outcome::Passed))
    }

    /// Checks that failed: none, if the server keeps its promises.
    pub fn failed(&self) -> usize {
        self.count(|outcome| matches!(outcome, Outcome::Failed { .. }))
    }

    /// Checks that could not be tried.
    pub fn skipped(&self) -> usize {
        self.count(|outcome| matches!(outcome, Outcome::Skipped { .. }))
    }

    fn count(&self, wanted: impl Fn(&Outcome) -> bool) -> usize {
        self.results
            .iter()
            .filter(|result| wanted(&result.outcome))
            .count()
    }
}

impl fmt::Display for CheckResult {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, outcome, .. } = self;
        match outcome {
            Outcome::Passed => write!(formatter, "passed  {name}"),
            Outcome::Failed { found, expected } => write!(
                formatter,
                "FAILED  {name}\n        found     {found}\n        expected  {expected}"
            ),
            Outcome::Skipped { reason } => write!(formatter, "skipped {name}: {reason}"),
        }
    }
}

/// For people: a line a check, and a summary.
impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for result in &self.results {
            writeln!(formatter, "{result}")?;
        }
        let (passed, failed, skipped) = (self.passed(), self.failed(), self.skipped());
        let seed = self.seed;
        write!(
            formatter,
            "{passed} passed, {failed} failed, {skipped} skipped (seed {seed})"
        )
    }
}
