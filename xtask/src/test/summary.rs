//! What `cargo xtask test` prints last: a table of the steps, the faults in full, and one plain line that any reader of CI
//! logs can count.

use std::{fmt::Write, time::Duration};

/// How many named tests a step ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    /// Those that passed.
    pub(crate) passed: usize,
    /// Those that failed.
    pub(crate) failed: usize,
    /// Those that could not be run here.
    pub(crate) skipped: usize,
}

impl Count {
    /// Adds another count to this one.
    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

/// What became of one step.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    /// The step's name.
    pub(crate) step: String,
    /// Why it failed, if it did.
    pub(crate) fault: Option<String>,
    /// The named tests it ran; nothing for a step that is one test itself.
    pub(crate) count: Count,
    /// How long it took.
    pub(crate) took: Duration,
}

impl Outcome {
    /// The step as tests: its named ones, or itself as one. A step that failed counts at least one failure, so that a
    /// build error is never read as "0 failed".
    fn as_tests(&self) -> Count {
        match (&self.fault, self.count) {
            (None, Count { passed: 0, failed: 0, skipped: 0 }) => Count { passed: 1, failed: 0, skipped: 0 },
            (Some(_), count) => Count { failed: count.failed.max(1), ..count },
            (None, count) => count,
        }
    }
}

/// Renders the table and the closing line.
pub(crate) fn render(outcomes: &[Outcome]) -> String {
    let mut text = String::new();
    let mut total = Count::default();
    for outcome in outcomes {
        let count = outcome.as_tests();
        total.add(count);
        let verdict = if outcome.fault.is_some() { "FAILED" } else { "passed" };
        let tests = if outcome.count == Count::default() {
            String::new()
        } else {
            format!("   {} passed, {} failed, {} not run", count.passed, count.failed, count.skipped)
        };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{:<9} {verdict}  {:>7.1} s{tests}", outcome.step, outcome.took.as_secs_f64());
    }
    for (step, fault) in outcomes.iter().filter_map(|outcome| Some((&outcome.step, outcome.fault.as_ref()?))) {
        let _ = writeln!(text, "\n{step}: {fault}");
    }
    let skipped = if total.skipped > 0 { format!(", {} skipped", total.skipped) } else { String::new() };
    let _ = writeln!(text, "\n{} passed, {} failed{skipped}", total.passed, total.failed);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(step: &str, fault: Option<&str>, count: (usize, usize, usize)) -> Outcome {
        Outcome {
            step: step.to_owned(),
            fault: fault.map(str::to_owned),
            count: Count { passed: count.0, failed: count.1, skipped: count.2 },
            took: Duration::from_millis(1500),
        }
    }

    #[test]
    fn the_table_reads_like_this() {
        let text = render(&[
            outcome("fmt", None, (0, 0, 0)),
            outcome("clippy", Some("cargo clippy: exit status: 101"), (0, 0, 0)),
            outcome("tests", None, (40, 0, 2)),
        ]);
        assert_eq!(
            text,
            "fmt       passed      1.5 s\n\
             clippy    FAILED      1.5 s\n\
             tests     passed      1.5 s   40 passed, 0 failed, 2 not run\n\
             \n\
             clippy: cargo clippy: exit status: 101\n\
             \n\
             41 passed, 1 failed, 2 skipped\n"
        );
    }

    #[test]
    fn tests_that_did_not_build_are_a_failure() {
        let text = render(&[outcome("tests", Some("cargo test: exit status: 101"), (0, 0, 0))]);
        assert!(text.ends_with("\n0 passed, 1 failed\n"), "{text}");
    }
}
