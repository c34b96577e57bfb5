//! An outcome with one of everything, for the reports' tests.

use crate::validation::outcome::{
    Bin, BinKind, Budget, CalibrationBin, Column, Confusion, Correction, Counts, Dataset, Drift, DriftColumn,
    Expectation, Facts, Interval, Method, Metric, Outcome, Performance, Precision, Severity, Side, Signature,
    SignatureField, Threshold, VERSION, Verdict,
};
use std::collections::BTreeMap;

fn expectation(id: &str, kind: &str, verdict: Verdict, why: &str) -> Expectation {
    Expectation {
        id: id.to_owned(),
        kind: kind.to_owned(),
        severity: Severity::Critical,
        owner: "fraud".to_owned(),
        column: None,
        on: Side::Current,
        verdict,
        measure: "rows".to_owned(),
        measured: Some(2000.0),
        interval: None,
        threshold: Threshold { min: Some(1000.0), ..Threshold::default() },
        precision: Precision::Exact,
        why: why.to_owned(),
        examples: Vec::new(),
    }
}

fn facts(nulls: u64, mean: f64) -> Facts {
    let (min, max, mean, distinct) = (Some(0.5), Some(9_000.0), Some(mean), Some(1_234.0));
    Facts { rows: 2000, nulls, min, max, mean, distinct, distinct_error: Some(32.0), ..Facts::default() }
}

fn bin(label: &str, kind: BinKind, edges: (Option<f64>, Option<f64>), counts: (u64, u64)) -> Bin {
    Bin { label: label.to_owned(), lower: edges.0, upper: edges.1, kind, reference: counts.0, current: counts.1 }
}

fn column(name: &str, verdict: Verdict, effect: f64, distribution: Vec<Bin>) -> DriftColumn {
    DriftColumn {
        id: format!("drift.{name}"),
        column: name.to_owned(),
        method: Method::Ks,
        precision: Precision::Exact,
        statistic: Some(effect),
        test: "ks asymptotic".to_owned(),
        p_value: Some(1.5e-9),
        adjusted_p_value: Some(4.5e-9),
        effect: Some(effect),
        effect_name: "D".to_owned(),
        effect_threshold: 0.1,
        reference_n: 1900,
        current_n: 1900,
        needed_n: Some(600),
        needed_n_each: Some(600),
        verdict,
        why: format!("D is {effect} and may be 0.1"),
        reference: facts(100, 80.0),
        current: facts(100, 120.0),
        distribution,
        new_categories: Vec::new(),
    }
}

fn metric(slice: &[(&str, &str)], value: f64, half: f64, n: u64, verdict: Verdict) -> Metric {
    let slice: BTreeMap<_, _> = slice.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Metric {
        id: Some("performance.roc_auc".to_owned()),
        metric: "roc_auc".to_owned(),
        slice,
        value: Some(value),
        interval: Some(Interval {
            lower: value - half,
            upper: value + half,
            confidence: 0.95,
            method: "delong".to_owned(),
        }),
        threshold: Threshold { min: Some(0.8), ..Threshold::default() },
        n,
        needed_n: None,
        verdict,
    }
}

fn drift() -> Drift {
    use BinKind::{Category, Missing, Numbers};
    let amounts = vec![
        bin("(−∞, 20)", Numbers, (None, Some(20.0)), (475, 200)),
        bin("[20, 55.5)", Numbers, (Some(20.0), Some(55.5)), (475, 350)),
        bin("[55.5, 140)", Numbers, (Some(55.5), Some(140.0)), (475, 600)),
        bin("[140, ∞)", Numbers, (Some(140.0), None), (475, 750)),
        bin("missing", Missing, (None, None), (100, 100)),
    ];
    let plans = vec![
        bin("basic", Category, (None, None), (1300, 1280)),
        bin("pro", Category, (None, None), (600, 610)),
        bin("trial <script>", Category, (None, None), (0, 10)),
    ];
    let mut plan = column("plan", Verdict::Passed, 0.02, plans);
    plan.method = Method::ChiSquared;
    plan.new_categories = vec!["trial <script>".to_owned()];
    let mut age = column("age", Verdict::Inconclusive, 0.15, Vec::new());
    age.precision = Precision::Sketched { error: 0.005, sketch: "KLL k=1000".to_owned() };
    Drift {
        significance: 0.05,
        power: 0.8,
        correction: Correction::BenjaminiHochberg,
        drifted: 1,
        columns: vec![plan, column("amount", Verdict::Failed, 0.26, amounts), age],
    }
}

fn performance() -> Performance {
    Performance {
        task: "binary".to_owned(),
        rows: 1990,
        left_out: 10,
        metrics: vec![
            metric(&[], 0.88, 0.02, 1990, Verdict::Passed),
            metric(&[("plan", "basic")], 0.71, 0.03, 1280, Verdict::Failed),
            metric(&[("plan", "pro")], 0.82, 0.06, 610, Verdict::Inconclusive),
        ],
        confusion: Some(Confusion {
            labels: vec!["0".to_owned(), "1".to_owned()],
            counts: vec![vec![1500, 120], vec![90, 280]],
        }),
        calibration: vec![CalibrationBin {
            lower: 0.0,
            upper: 0.1,
            n: 900,
            predicted: Some(0.04),
            observed: Some(0.05),
        }],
    }
}

fn expectations() -> Vec<Expectation> {
    let mut nulls = expectation("nulls.amount", "nulls", Verdict::Failed, "5 % of amount is null, at most 1 % may be");
    nulls.column = Some("amount".to_owned());
    (nulls.measure, nulls.measured) = ("null_share".to_owned(), Some(0.05));
    nulls.threshold = Threshold { max: Some(0.01), ..Threshold::default() };
    nulls.severity = Severity::Warning;
    nulls.examples = vec!["row 17".to_owned(), "row 42".to_owned()];
    let mut moved = expectation("drift.amount", "drift", Verdict::Failed, "D is 0.26 and may be 0.1 | at most");
    moved.column = Some("amount".to_owned());
    (moved.measure, moved.measured) = ("effect".to_owned(), Some(0.26));
    moved.threshold = Threshold { max: Some(0.1), ..Threshold::default() };
    let mut age = expectation("drift.age", "drift", Verdict::Inconclusive, "only 90 values; 600 are needed");
    age.column = Some("age".to_owned());
    let mut pattern = expectation("pattern.email", "pattern", Verdict::Error, "email is a column of numbers");
    pattern.measured = None;
    vec![expectation("rows", "rows", Verdict::Passed, "2,000 rows"), nulls, moved, age, pattern]
}

fn dataset(side: Side, path: &str) -> Dataset {
    let column = |name: &str, kind: &str, facts| Column { name: name.to_owned(), kind: kind.to_owned(), facts };
    Dataset {
        side,
        path: path.to_owned(),
        format: "csv".to_owned(),
        bytes: 123_456,
        digest: format!("sha256:{}", "0123456789abcdef".repeat(4)),
        rows: 2000,
        columns: vec![column("amount", "float", Some(facts(100, 80.0))), column("id", "integer", None)],
    }
}

/// One of everything.
pub(super) fn outcome() -> Outcome {
    let expectations = expectations();
    Outcome {
        version: VERSION,
        suite: "fraud".to_owned(),
        description: Some("What the fraud model is fed each day.".to_owned()),
        spec: "fraud.yaml".to_owned(),
        spec_digest: format!("sha256:{}", "ab".repeat(32)),
        tool: "mod-106 0.1.0".to_owned(),
        started_at: "2026-01-02T03:04:05Z".to_owned(),
        duration_seconds: 1.25,
        verdict: Outcome::decide(&expectations),
        counts: Counts::of(&expectations),
        datasets: vec![dataset(Side::Current, "today.csv"), dataset(Side::Reference, "reference.csv")],
        expectations,
        drift: Some(drift()),
        performance: Some(performance()),
        budgets: vec![Budget {
            id: "latency-p99".to_owned(),
            subject: "p99 of latency_ms".to_owned(),
            spent: Some(180.5),
            limit: 200.0,
            unit: "ms".to_owned(),
            verdict: Verdict::Passed,
        }],
        signature: Some(Signature {
            id: "signature".to_owned(),
            model: "model/MLmodel".to_owned(),
            fields: vec![SignatureField {
                name: "amount".to_owned(),
                expected: "double".to_owned(),
                found: None,
                required: true,
                verdict: Verdict::Failed,
                why: "the data have no column amount".to_owned(),
            }],
            unknown_columns: vec!["id".to_owned()],
        }),
        notes: vec!["age was sketched".to_owned()],
    }
}
