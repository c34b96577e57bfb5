//! `junit.xml` in the dialect that Jenkins reads. One suite for each submission, one for the kill matrix, one for the gates. A
//! failure is the submission's, an error is ours or the environment's; points go into properties.

use super::figures;
use crate::{
    results::{CheckResult, Fate, Finding, Gate, MutantResult, Results, SubmissionResult},
    verdict::Verdict,
};
use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};
use std::time::Duration;

pub(super) fn render(results: &Results) -> Result<String, String> {
    let mut report = Report::new("mlops-labs");
    report.set_time(Duration::from_millis(results.duration_ms));
    report.add_test_suites(results.submissions.iter().map(|submission| suite(submission, results)));
    if !results.mutants.is_empty() {
        let mut suite = TestSuite::new("mutants");
        suite.add_test_cases(results.mutants.iter().map(mutant));
        report.add_test_suite(suite);
    }
    if !results.gates.is_empty() {
        let mut suite = TestSuite::new("gates");
        suite.add_test_cases(results.gates.iter().map(gate));
        report.add_test_suite(suite);
    }
    report.to_string().map_err(|error| error.to_string())
}

fn suite(submission: &SubmissionResult, results: &Results) -> TestSuite {
    let mut suite = TestSuite::new(format!("{} · {}", submission.lab, submission.backend));
    suite.add_property(Property::new("submission", &submission.submission));
    suite.add_property(Property::new("points", figures::points(submission.points)));
    suite.add_property(Property::new("max_points", figures::points(submission.max_points)));
    suite.add_property(Property::new("seed", results.seed.to_string()));
    suite.add_test_cases(results.checks_of(submission).map(case));
    suite
}

fn case(check: &CheckResult) -> TestCase {
    let status = match check.verdict {
        Verdict::Passed => TestCaseStatus::success(),
        Verdict::Failed | Verdict::TimedOut => unsuccessful(NonSuccessKind::Failure, check),
        Verdict::EnvironmentNotReady | Verdict::HarnessError => unsuccessful(NonSuccessKind::Error, check),
        Verdict::Blocked | Verdict::NotClaimed | Verdict::NotRun => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(message(check));
            status
        }
    };
    let mut case = TestCase::new(&check.id, status);
    case.set_classname(format!("{}.{}", check.lab, check.backend));
    case.set_time(Duration::from_millis(check.duration_ms));
    case.add_property(Property::new("points", figures::points(check.points)));
    case.add_property(Property::new("max_points", figures::points(check.max_points)));
    case
}

fn unsuccessful(kind: NonSuccessKind, check: &CheckResult) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(check.verdict.words());
    status.set_message(message(check));
    let curl = check.transcript.iter().map(|exchange| exchange.curl.as_str());
    let hint = check.hint.iter().map(|hint| format!("hint: {hint}"));
    status.set_description(hint.chain(curl.map(str::to_owned)).collect::<Vec<_>>().join("\n"));
    status
}

fn message(check: &CheckResult) -> String {
    check.finding.as_ref().map_or_else(|| check.verdict.words().to_owned(), Finding::sentence)
}

fn mutant(mutant: &MutantResult) -> TestCase {
    let status = match mutant.fate {
        Fate::Killed => TestCaseStatus::success(),
        Fate::NotRun => TestCaseStatus::skipped(),
        Fate::Survived | Fate::KilledByAnother | Fate::Broken => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(mutant.problem.clone().unwrap_or_default());
            status
        }
    };
    let mut case = TestCase::new(&mutant.id, status);
    case.set_classname(format!("{}.{}", mutant.lab, mutant.meant_for));
    case.set_time(Duration::from_millis(mutant.duration_ms));
    case
}

fn gate(gate: &Gate) -> TestCase {
    let status = if gate.holds {
        TestCaseStatus::success()
    } else {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status.set_message(gate.problems.join("\n"));
        status
    };
    TestCase::new(&gate.title, status)
}
