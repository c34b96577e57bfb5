//! A release that breaks no rule, and what breaks one in it; `smallest` has each rule by itself, with its place.

use super::{Answer, Report, judge};
use crate::workflow::plan::Files;
use crate::workflow::policy::{Policy, PolicyFile};
use crate::workflow::source::Source;
use crate::workflow::{BOUND, read};
use std::path::Path;

/// A release that breaks no rule. The mended twin of every broken one.
const SOUND: &str = r#"name: release
on:
  push:
    branches: [main]
  workflow_dispatch:
    inputs:
      reason: { type: string }
permissions: {}
jobs:
  test:
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8
      - run: python -m pytest tests
  approval:
    needs: test
    runs-on: ubuntu-24.04
    environment: gate
    steps:
      - run: echo approved
  canary:
    needs: approval
    runs-on: ubuntu-24.04
    environment: canary
    steps:
      - run: ./deploy.sh
  production:
    needs: canary
    runs-on: ubuntu-24.04
    environment: production
    concurrency:
      group: production
      cancel-in-progress: false
    steps:
      - run: ./deploy.sh "$VERSION"
        env:
          VERSION: ${{ github.sha }}
  back:
    needs: production
    if: failure()
    runs-on: ubuntu-24.04
    concurrency: production
    steps:
      - run: mod-106 rollback churn
"#;

fn report(files: &[(&str, &str)], bound: usize) -> Report {
    let policy = Policy::new(PolicyFile::default(), &["gate".to_owned()], &[]).unwrap();
    let mut workflows = Vec::new();
    let mut found = Vec::new();
    for (name, text) in files {
        let source = Source::parse(Path::new(name), name, text.as_bytes().to_vec());
        match source.map_err(|finding| vec![*finding]).and_then(read::from_source) {
            Ok(workflow) => workflows.push(workflow),
            Err(refused) => found.extend(refused),
        }
    }
    let mut files = Files::of(workflows);
    files.found.extend(found);
    judge(files, &policy, bound)
}

fn rules(report: &Report) -> Vec<&'static str> {
    let mut rules: Vec<_> = report.findings.iter().map(|finding| finding.rule).collect();
    rules.dedup();
    rules
}

/// Makes these changes to the sound release, and expects these rules and no other.
fn check(changes: &[(&str, &str)], expected: &[&str]) {
    let mut text = SOUND.to_owned();
    for (from, to) in changes {
        assert!(text.contains(from), "{from:?} is not there");
        text = text.replacen(from, to, 1);
    }
    let report = report(&[("release.yml", &text)], BOUND);
    assert_eq!(rules(&report), expected, "{:#?}", report.findings);
}

#[test]
fn a_sound_release_breaks_no_rule() {
    let report = report(&[("release.yml", SOUND)], BOUND);
    assert_eq!(rules(&report), [""; 0], "{:#?}", report.findings);
    let answers = report.answers;
    let all = [
        answers.tests,
        answers.approval,
        answers.rollout,
        answers.rollback,
        answers.no_way_around,
        answers.concurrency,
    ];
    assert!(all.iter().all(|answer| *answer == Answer::Yes));
    assert!(report.passes() && report.paths.complete);
}

#[test]
fn tests_come_before_production() {
    check(&[("python -m pytest tests", "make lint")], &["no-tests"]);
    check(
        &[("needs: canary\n", "needs: canary\n    if: always()\n")],
        &["approval-bypassed", "rollout-bypassed", "tests-bypassed"],
    );
    for swallowed in [
        "pytest || true",
        "pytest || :",
        "pytest | tee log",
        "set +e\n          pytest\n          echo done",
        "pytest; true",
    ] {
        let run = format!("|\n          {swallowed}");
        check(&[("python -m pytest tests", &run)], &["no-tests"]);
    }
    check(&[("python -m pytest tests", "pytest | tee log\n        shell: bash")], &[]);
    check(&[("python -m pytest tests", "pytest || exit 1")], &[]);
    check(&[("python -m pytest tests", "pytest\n        continue-on-error: true")], &["no-tests"]);
    check(&[("python -m pytest tests", "pytest\n    continue-on-error: ${{ matrix.lenient }}")], &["tests-bypassed"]);
    let skip = "reason: { type: string }\n      skip: { type: boolean }";
    let skipped =
        [("reason: { type: string }", skip), ("pytest tests", "pytest tests\n        if: ${{ !inputs.skip }}")];
    check(&skipped, &["tests-bypassed"]);
}

#[test]
fn approval_cannot_be_skipped() {
    check(&[("environment: gate", "environment: other")], &["approval-missing"]);
    check(&[("environment: gate", "environment: gate\n    continue-on-error: true")], &["approval-bypassed"]);
    // Only pushes wait for approval.
    let environment = "environment: ${{ github.event_name == 'push' && 'gate' || 'open' }}";
    check(&[("environment: gate", environment)], &["approval-bypassed"]);
    // A skipped approval skips what needs it, unless that says otherwise.
    let hurry = "reason: { type: string }\n      hurry: { type: boolean }";
    let changes =
        [("reason: { type: string }", hurry), ("needs: test\n", "needs: test\n    if: ${{ !inputs.hurry }}\n")];
    check(&changes, &[]);
    let canary = "needs: approval\n    if: ${{ !failure() && !cancelled() }}\n";
    check(
        &[
            changes[0],
            changes[1],
            ("needs: approval\n", canary),
            ("needs: canary\n", "needs: canary\n    if: ${{ !failure() && !cancelled() }}\n"),
        ],
        &["approval-bypassed"],
    );
    // The environment of the job itself will do.
    check(
        &[("environment: gate", "environment: other"), ("environment: production", "environment: gate")],
        &["no-production"],
    );
}

#[test]
fn a_rollout_and_a_way_back() {
    check(&[("environment: canary", "environment: staging")], &["no-rollout"]);
    check(
        &[(
            "needs: canary",
            "needs: [canary, approval]\n    if: ${{ needs.approval.result == 'success' && !cancelled() }}",
        )],
        &["rollout-bypassed"],
    );
    check(&[("mod-106 rollback churn", "echo rollback")], &["no-rollback"]);
    check(&[("environment: production", "environment: elsewhere")], &["no-production"]);
}

#[test]
fn deployments_wait_for_each_other() {
    let group = "    concurrency:\n      group: production\n      cancel-in-progress: false\n";
    check(&[(group, "")], &["concurrency-missing"]);
    check(&[("group: production", "group: production-${{ github.ref }}")], &["concurrency-varies"]);
    check(&[("group: production", "group: other")], &["concurrency-differs"]);
    check(&[("group: production", "group: ${{ 'PRODUCTION' }}")], &[]);
    check(&[("cancel-in-progress: false", "cancel-in-progress: true")], &["concurrency-cancels"]);
    check(&[("cancel-in-progress: false", "cancel-in-progress: ${{ github.event_name == 'pull_request' }}")], &[]);
    check(&[("permissions: {}", "permissions: {}\nconcurrency: production")], &["concurrency-deadlock"]);
}

#[test]
fn habits_are_seen_in_one_file() {
    check(&[("@08c6903cd8c0fde910a37f88322edcfb5dd907a8", "@v5")], &["unpinned-action"]);
    check(&[("permissions: {}\n", "")], &["permissions-missing"]);
    check(&[("permissions: {}", "permissions: write-all")], &["permissions-broad"]);
    check(&[("permissions: {}", "permissions:\n  contents: write")], &["permissions-broad"]);
    check(&[("github.sha }}", "secrets.AWS_SECRET_ACCESS_KEY }}")], &["long-lived-key"]);
    check(&[("github.sha }}", "secrets.WEBHOOK }}")], &[]);
    check(&[("\"$VERSION\"", "\"${{ inputs.reason }}\"")], &["script-injection"]);
    check(&[("\"$VERSION\"", "\"${{ github.sha }}\"")], &[]);
    check(&[("if: failure()", "if: ${{ failure() }} || false")], &["condition-always-true"]);
    let inherits = "  shared:\n    uses: other/repo/.github/workflows/a.yml@08c6903cd8c0fde910a37f88322edcfb5dd907a8\n    secrets: inherit\n";
    check(&[("  back:\n", &format!("{inherits}  back:\n"))], &["secrets-inherited", "workflow-elsewhere"]);
}

#[test]
fn a_matrix_that_is_written_out_runs_in_all_its_legs() {
    let matrix =
        |job: &str, matrix: &str| (format!("  {job}:\n"), format!("  {job}:\n    strategy:\n      matrix: {matrix}\n"));
    let check = |matrix: (String, String), from: &str, to: &str, expected: &[&str]| {
        check(&[(&matrix.0, &matrix.1), (from, to)], expected);
    };
    let tests = "pytest tests";
    // One of the legs tests, and production needs them all.
    let one = "pytest tests\n        if: matrix.os == 'a'";
    check(matrix("test", "{os: [a, b]}"), tests, one, &[]);
    check(matrix("test", "{os: [b, c]}"), tests, one, &["no-tests"]);
    check(matrix("test", "{os: [a, b], exclude: [{os: a}]}"), tests, one, &["no-tests"]);
    check(matrix("test", "{os: '${{ fromJSON(vars.A) }}'}"), tests, one, &["tests-bypassed"]);
    // A leg that may fail says nothing; one that may not says enough.
    let lenient = "pytest tests\n    continue-on-error: ${{ matrix.lenient }}";
    check(matrix("test", "{lenient: [true]}"), tests, lenient, &["tests-bypassed"]);
    check(matrix("test", "{lenient: [true, false]}"), tests, lenient, &[]);
    check(matrix("test", "{os: [a], include: [{os: a, lenient: true}]}"), tests, lenient, &["tests-bypassed"]);
    // Who approves one of the legs approves the job.
    let gate = ("environment: gate", "environment: ${{ matrix.who }}");
    check(matrix("approval", "{who: [gate, other]}"), gate.0, gate.1, &[]);
    check(matrix("approval", "{who: [other, third]}"), gate.0, gate.1, &["approval-missing"]);
    let to = ("environment: production", "environment: ${{ matrix.to }}");
    check(matrix("production", "{to: [staging, production]}"), to.0, to.1, &[]);
    check(matrix("production", "{to: [staging]}"), to.0, to.1, &["no-production"]);
}

#[test]
fn a_call_with_a_matrix_hands_on_what_each_leg_has() {
    let deploy = "on: {workflow_call: {inputs: {to: {type: string}}}}\npermissions: {}\njobs:\n  deploy:\n    runs-on: x\n    environment: ${{ inputs.to }}\n    steps: [{run: b}]\n";
    let check = |legs: &str, expected: &[&str]| {
        let caller = format!(
            "on: push\npermissions: {{}}\nconcurrency: production\njobs:\n  all:\n    strategy: {{matrix: {{to: {legs}}}}}\n    uses: ./.github/workflows/deploy.yml\n    with: {{to: '${{{{ matrix.to }}}}'}}\n"
        );
        let report = report(&[("all.yml", &caller), ("deploy.yml", deploy)], BOUND);
        assert_eq!(rules(&report), expected, "{legs}: {:#?}", report.findings);
        report
    };
    check("[staging, test]", &["no-production"]);
    let found = check("[staging, production]", &["no-rollback", "approval-missing", "no-rollout", "no-tests"]);
    let path = ["push starts all.yml", "all: matrix is (production)", "job all / deploy goes to production"];
    assert_eq!(found.findings[1].path, path);
}

#[test]
fn what_two_jobs_call_alike_is_not_the_same() {
    let changes = [
        ("pytest tests\n", "pytest tests\n        if: steps.changed.outputs.code == 'true'\n"),
        (
            "environment: canary\n    steps:\n",
            "environment: canary\n    steps:\n      - run: pytest\n        if: steps.changed.outputs.code != 'true'\n",
        ),
    ];
    check(&changes, &["tests-bypassed"]);
}

#[test]
fn a_second_workflow_is_a_way_around() {
    let second = "on: push\npermissions: {}\njobs:\n  hotfix:\n    runs-on: a\n    concurrency: production\n    steps:\n      - run: mod-106 promote to champion churn\n";
    let report = report(&[("release.yml", SOUND), ("hotfix.yml", second)], BOUND);
    assert_eq!(rules(&report), ["approval-missing", "no-rollout", "no-tests"]);
    assert!(report.findings.iter().all(|finding| finding.file == "hotfix.yml" && finding.place.line == 4));
    assert_eq!(report.findings[0].path, ["push starts hotfix.yml", "job hotfix goes to production"]);
}

#[test]
fn files_that_are_no_workflows_are_refused_with_their_place() {
    fn check(text: &str, rule: &str, line: usize, column: usize, words: &str) {
        let report = report(&[("a.yml", text)], BOUND);
        let first = &report.findings[0];
        assert_eq!((first.rule, first.place.line, first.place.column), (rule, line, column), "{first:#?}");
        assert!(first.message.contains(words), "{first:#?}");
        assert!(report.is_malformed() && !report.passes());
    }
    let job = |body: &str| format!("on: push\njobs:\n  a:\n{body}");
    check("", "malformed", 1, 1, "says nothing");
    check("- a", "malformed", 1, 1, "a list");
    check("on: push", "malformed", 1, 1, "`jobs` is missing");
    check("on: pusch\njobs: {a: {runs-on: a, steps: [{run: b}]}}", "malformed", 1, 1, "`on` is not");
    check("on: push\njobs: {}", "malformed", 2, 1, "at least one job");
    check("on: push\njobs:\n  a: [", "malformed", 3, 6, "no YAML");
    check(&job("    steps: [{run: b}]\n"), "malformed", 3, 3, "runs-on");
    check(&job("    runs-on: a\n    steps:\n      - name: b\n"), "malformed", 6, 9, "neither");
    check(
        &job("    runs-on: a\n    steps:\n      - run: b\n        timeout-minutes: soon\n"),
        "malformed",
        7,
        9,
        "`timeout-minutes`",
    );
    check(&job("    runs-on: a\n    needs: 3\n    steps: [{run: b}]\n"), "malformed", 5, 5, "`needs`");
    check(&job("    runs-on: a\n    needs: b\n    steps: [{run: b}]\n"), "needs-unknown", 5, 12, "needs `b`");
    check(&job("    runs-on: a\n    needs: [a]\n    steps: [{run: b}]\n"), "needs-cycle", 5, 5, "wait for each other");
    check(&job("    runs-on: a\n    if: a ==\n    steps: [{run: b}]\n"), "expression-invalid", 5, 9, "a ==");
    check(&job("    runs-on: ${{ nope( }}\n    steps: [{run: b}]\n"), "expression-invalid", 4, 18, "nope(");
    check(&job("    runs-on: a\n    steps: [{run: '${{ a'}]\n"), "expression-invalid", 5, 20, "no `}}`");
    check(&job("    uses: ./.github/workflows/none.yml\n    steps: []\n"), "malformed", 3, 3, "no steps");
    let utf16 = Source::parse(Path::new("a"), "a", b"\xff\xfea\0".to_vec()).unwrap_err();
    assert!(utf16.message.contains("UTF-16"), "{utf16:?}");
}

#[test]
fn anchors_are_followed() {
    let text = SOUND
        .replace(
            "  canary:\n    needs: approval\n    runs-on: ubuntu-24.04",
            "  canary:\n    needs: &n approval\n    runs-on: &os ubuntu-24.04",
        )
        .replace("    if: failure()\n    runs-on: ubuntu-24.04", "    if: failure()\n    runs-on: *os");
    let report = report(&[("release.yml", &text)], BOUND);
    assert_eq!(rules(&report), [""; 0], "{:#?}", report.findings);
}

#[test]
fn more_paths_than_the_bound_are_no_proof() {
    let report = report(&[("release.yml", SOUND)], 3);
    assert_eq!(rules(&report), ["paths-not-exhausted"]);
    assert_eq!(report.answers.no_way_around, Answer::No);
    assert!(report.findings[0].message.contains("more than 3 feasible paths"));
}

#[test]
fn the_committed_schema_is_current() {
    let schema = serde_json::to_string_pretty(&schemars::schema_for!(Report)).unwrap() + "\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas/workflow-check.schema.json");
    if std::fs::read_to_string(&path).unwrap_or_default() != schema {
        std::fs::write(&path, schema).unwrap();
        panic!("schemas/workflow-check.schema.json was out of date and has been rewritten: look at it and commit it");
    }
}

#[test]
fn what_people_read() {
    let text = SOUND.replace("needs: approval", "needs: test").replace("mod-106 rollback churn", "true");
    let report = report(&[("release.yml", &text)], BOUND);
    insta::assert_snapshot!(crate::workflow::report::text(&report, false));
}
