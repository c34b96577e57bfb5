//! Each rule alone: the smallest workflow that breaks it, where the finding stands, and the one change that mends it. A rule without a row
//! here fails the test, and so does a row whose rule is gone.

use super::{Report, judge, list};
use crate::workflow::BOUND;
use crate::workflow::plan::Files;
use crate::workflow::policy::{Policy, PolicyFile};
use std::collections::BTreeSet;

/// A rule, a workflow that breaks it, line and column of the finding, and what to write instead of what.
type Row = (&'static str, &'static str, (usize, usize), (&'static str, &'static str));

/// Lies beside every one of them, for those that call something.
const CALLABLE: &str = "on: workflow_call\njobs:\n  c:\n    runs-on: x\n    steps: [{run: d}]\n";

const ROWS: &[Row] = &[
    ("malformed", "on: push\njobs:\n  a:\n    runs-on: x\n    steps: []\n", (3, 3), ("[]", "[{run: b}]")),
    (
        "expression-invalid",
        "on: push\njobs:\n  a:\n    runs-on: x\n    if: b ==\n    steps: [{run: b}]\n",
        (5, 9),
        ("b ==", "b == c"),
    ),
    (
        "needs-unknown",
        "on: push\njobs:\n  a:\n    runs-on: x\n    needs: b\n    steps: [{run: b}]\n",
        (5, 12),
        ("    needs: b\n", ""),
    ),
    (
        "needs-cycle",
        "on: push\njobs:\n  a:\n    runs-on: x\n    needs: a\n    steps: [{run: b}]\n",
        (5, 5),
        ("    needs: a\n", ""),
    ),
    // Not there, not to be called, and calling itself.
    (
        "workflow-missing",
        "on: push\njobs:\n  a:\n    uses: ./.github/workflows/none.yml\n",
        (4, 5),
        ("none.yml", "callable.yml"),
    ),
    (
        "workflow-missing",
        "on: push\njobs:\n  a:\n    uses: ./.github/workflows/broken.yml\n",
        (4, 5),
        ("broken.yml", "callable.yml"),
    ),
    (
        "workflow-missing",
        "on: [push, workflow_call]\njobs:\n  a:\n    uses: ./.github/workflows/broken.yml\n",
        (1, 1),
        ("broken.yml", "callable.yml"),
    ),
    (
        "paths-not-exhausted",
        "on: push\njobs:\n  a:\n    strategy: {matrix: {k: [l]}}\n    runs-on: x\n    continue-on-error: ${{ vars.A }}\n    \
         steps: [{run: b}]\n  c:\n    needs: a\n    if: vars.A || vars.B || vars.C || vars.D\n    runs-on: x\n    steps: [{run: d}]\n",
        (1, 1),
        ("    needs: a\n    if: vars.A || vars.B || vars.C || vars.D\n", ""),
    ),
    (
        "no-production",
        "on: push\njobs:\n  a:\n    runs-on: x\n    environment: test\n    steps: [{run: b}]\n",
        (1, 1),
        ("environment: test", "environment: production"),
    ),
    (
        "workflow-elsewhere",
        "on: push\njobs:\n  a:\n    uses: o/r/.github/workflows/callable.yml@08c6903cd8c0fde910a37f88322edcfb5dd907a8\n",
        (4, 5),
        (
            "o/r/.github/workflows/callable.yml@08c6903cd8c0fde910a37f88322edcfb5dd907a8",
            "./.github/workflows/callable.yml",
        ),
    ),
    (
        "no-tests",
        "on: push\njobs:\n  a:\n    runs-on: x\n    steps: [{run: make lint}]\n  c:\n    needs: a\n    runs-on: x\n    \
         environment: production\n    steps: [{run: d}]\n",
        (6, 3),
        ("make lint", "make test"),
    ),
    (
        "tests-bypassed",
        "on: push\njobs:\n  a:\n    runs-on: x\n    steps: [{run: make test}]\n  c:\n    needs: a\n    if: always()\n    runs-on: x\n    \
         environment: production\n    steps: [{run: d}]\n",
        (6, 3),
        ("    if: always()\n", ""),
    ),
    (
        "approval-missing",
        "on: push\njobs:\n  a:\n    runs-on: x\n    environment: other\n    steps: [{run: b}]\n  c:\n    needs: a\n    runs-on: x\n    \
         environment: production\n    steps: [{run: d}]\n",
        (7, 3),
        ("environment: other", "environment: gate"),
    ),
    (
        "approval-bypassed",
        "on: push\njobs:\n  a:\n    runs-on: x\n    environment: gate\n    steps: [{run: b}]\n  c:\n    needs: a\n    if: always()\n    \
         runs-on: x\n    environment: production\n    steps: [{run: d}]\n",
        (7, 3),
        ("    if: always()\n", ""),
    ),
    (
        "no-rollout",
        "on: push\njobs:\n  a:\n    runs-on: x\n    environment: other\n    steps: [{run: b}]\n  c:\n    needs: a\n    runs-on: x\n    \
         environment: production\n    steps: [{run: d}]\n",
        (7, 3),
        ("environment: other", "environment: canary"),
    ),
    (
        "rollout-bypassed",
        "on: push\njobs:\n  a:\n    runs-on: x\n    environment: canary\n    steps: [{run: b}]\n  c:\n    needs: a\n    if: always()\n    \
         runs-on: x\n    environment: production\n    steps: [{run: d}]\n",
        (7, 3),
        ("    if: always()\n", ""),
    ),
    (
        "no-rollback",
        "on: push\njobs:\n  a:\n    runs-on: x\n    environment: production\n    steps: [{run: b}]\n  c:\n    needs: a\n    if: failure()\n    \
         runs-on: x\n    steps: [{run: report}]\n",
        (1, 1),
        ("run: report", "run: rollback"),
    ),
    (
        "concurrency-missing",
        "on: push\njobs:\n  a:\n    runs-on: x\n    environment: production\n    steps: [{run: b}]\n",
        (3, 3),
        ("    runs-on: x\n", "    runs-on: x\n    concurrency: one\n"),
    ),
    (
        "concurrency-varies",
        "on: push\njobs:\n  a:\n    runs-on: x\n    environment: production\n    concurrency: ${{ github.ref }}\n    steps: [{run: b}]\n",
        (6, 5),
        ("${{ github.ref }}", "one"),
    ),
    (
        "concurrency-differs",
        "on: push\njobs:\n  a:\n    runs-on: x\n    environment: production\n    concurrency: one\n    steps: [{run: b}]\n  c:\n    \
         runs-on: x\n    environment: production\n    concurrency: two\n    steps: [{run: d}]\n",
        (11, 5),
        ("two", "one"),
    ),
    (
        "concurrency-cancels",
        "on: push\njobs:\n  a:\n    runs-on: x\n    environment: production\n    concurrency: {group: one, cancel-in-progress: true}\n    \
         steps: [{run: b}]\n",
        (6, 5),
        ("cancel-in-progress: true", "cancel-in-progress: false"),
    ),
    (
        "concurrency-deadlock",
        "on: push\nconcurrency: one\njobs:\n  a:\n    runs-on: x\n    environment: production\n    concurrency: one\n    \
         steps: [{run: b}]\n",
        (7, 5),
        ("concurrency: one\njobs", "jobs"),
    ),
    (
        "condition-always-true",
        "on: push\njobs:\n  a:\n    if: ${{ vars.B }} == 'c'\n    runs-on: x\n    steps: [{run: b}]\n",
        (4, 5),
        ("${{ vars.B }} == 'c'", "${{ vars.B == 'c' }}"),
    ),
    (
        "unpinned-action",
        "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - uses: actions/checkout@v5\n",
        (6, 9),
        ("@v5", "@08c6903cd8c0fde910a37f88322edcfb5dd907a8"),
    ),
    (
        "permissions-missing",
        "on: push\njobs:\n  a:\n    runs-on: x\n    steps: [{run: b}]\n",
        (1, 1),
        ("jobs:", "permissions: {}\njobs:"),
    ),
    (
        "permissions-broad",
        "on: push\npermissions: write-all\njobs:\n  a:\n    runs-on: x\n    steps: [{run: b}]\n",
        (2, 1),
        ("write-all", "{}"),
    ),
    (
        "long-lived-key",
        "on: push\njobs:\n  a:\n    runs-on: x\n    env:\n      A: ${{ secrets.AWS_SECRET_ACCESS_KEY }}\n    steps: [{run: b}]\n",
        (6, 14),
        ("secrets.AWS_SECRET_ACCESS_KEY", "secrets.WEBHOOK"),
    ),
    (
        "secrets-inherited",
        "on: push\njobs:\n  a:\n    uses: ./.github/workflows/callable.yml\n    secrets: inherit\n",
        (5, 5),
        ("    secrets: inherit\n", ""),
    ),
    (
        "script-injection",
        "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: echo ${{ github.head_ref }}\n",
        (6, 23),
        ("${{ github.head_ref }}", "$GITHUB_HEAD_REF"),
    ),
];

fn report(text: &str, bound: usize) -> Report {
    let repository = tempfile::tempdir().unwrap();
    let folder = repository.path().join(".github/workflows");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("broken.yml"), text).unwrap();
    std::fs::write(folder.join("callable.yml"), CALLABLE).unwrap();
    let policy = Policy::new(PolicyFile::default(), &["gate".to_owned()], &[]).unwrap();
    judge(Files::read(&[folder.join("broken.yml")]), &policy, bound)
}

#[test]
fn each_rule_is_broken_at_its_place_by_its_smallest_workflow_and_mended_by_one_change() {
    for (rule, text, place, (from, to)) in ROWS {
        // All but one of them have a handful of paths.
        let bound = if *rule == "paths-not-exhausted" { 2 } else { BOUND };
        let places = |text: &str| {
            let found = report(text, bound).findings.into_iter().filter(|finding| finding.rule == *rule);
            found.map(|finding| (finding.place.line, finding.place.column)).collect::<Vec<_>>()
        };
        assert_eq!(places(text), [*place], "{rule}:\n{text}");
        assert!(text.contains(from), "{rule}: {from:?} is not there");
        assert_eq!(places(&text.replacen(from, to, 1)), [], "{rule}, mended:\n{text}");
    }
}

#[test]
fn every_rule_has_a_row_and_every_row_a_rule() {
    let rows: BTreeSet<_> = ROWS.iter().map(|(rule, ..)| *rule).collect();
    let rules: BTreeSet<_> = list::ALL.iter().map(|rule| rule.id).collect();
    assert_eq!(rows, rules);
}
