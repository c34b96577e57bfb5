//! `junit.xml` in the dialect that Jenkins reads: a test case for each expectation. Only what is critical fails a build; a warning
//! that failed and what is inconclusive are skipped with their reason, for a red build that nobody has to mend is soon ignored.

use crate::validation::outcome::{Expectation, Outcome, Severity, Verdict};
use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};
use std::time::Duration;

/// The report for CI servers.
#[must_use]
pub fn junit(outcome: &Outcome) -> String {
    let mut report = Report::new("validation");
    let took = Duration::from_secs_f64(outcome.duration_seconds.max(0.0));
    report.set_time(took);
    let mut suite = TestSuite::new(&outcome.suite);
    suite.set_time(took);
    for (name, value) in [("spec", &outcome.spec), ("spec_digest", &outcome.spec_digest), ("tool", &outcome.tool)] {
        suite.add_property(Property::new(name, value));
    }
    suite.add_property(Property::new("verdict", outcome.verdict.word()));
    for dataset in &outcome.datasets {
        suite.add_property(Property::new(format!("{}_digest", dataset.side.word()), &dataset.digest));
    }
    suite.add_test_cases(outcome.expectations.iter().map(|expectation| case(&outcome.suite, expectation)));
    report.add_test_suite(suite);
    report.to_string().expect("texts are cut from what XML cannot hold")
}

fn case(suite: &str, expectation: &Expectation) -> TestCase {
    let critical = expectation.severity == Severity::Critical;
    let mut status = match (expectation.verdict, critical) {
        (Verdict::Passed, _) => TestCaseStatus::success(),
        (Verdict::Failed, true) => TestCaseStatus::non_success(NonSuccessKind::Failure),
        (Verdict::Error, true) => TestCaseStatus::non_success(NonSuccessKind::Error),
        _ => TestCaseStatus::skipped(),
    };
    if expectation.verdict != Verdict::Passed {
        let word = expectation.verdict.word();
        status.set_message(format!("{word} ({}): {}", expectation.severity.word(), expectation.why));
        if critical && matches!(expectation.verdict, Verdict::Failed | Verdict::Error) {
            status.set_type(word);
            status.set_description(expectation.examples.join("\n"));
        }
    }
    let mut case = TestCase::new(&expectation.id, status);
    case.set_classname(format!("{suite}.{}", expectation.kind));
    case.add_property(Property::new("owner", &expectation.owner));
    case.add_property(Property::new("severity", expectation.severity.word()));
    if let Some(measured) = expectation.measured {
        case.add_property(Property::new(&expectation.measure, measured.to_string()));
    }
    case
}
