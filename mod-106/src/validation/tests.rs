//! The suite from end to end on small files: what it says of good data, of drift, and of everything that files and specs can get wrong.

use super::outcome::{Outcome, Precision, Verdict};
use super::read::{Format, Source, Unwatched};
use super::spec::{Encoding, SourceSpec};
use super::{Error, Settings, spec, validate};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;

const NOW: &str = "2026-01-02T00:00:00Z";

/// Validates files in a folder of their own.
fn outcome(yaml: &str, files: &[(&str, &[u8])], memory_limit: u64) -> Result<Outcome, Error> {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    let spec = spec::parse("suite.yaml", yaml)?;
    let path = folder.path().join("suite.yaml");
    let settings = Settings { spec_path: &path, memory_limit, now: NOW.parse().unwrap() };
    validate(&spec, yaml, settings, &Unwatched)
}

fn verdicts(yaml: &str, files: &[(&str, &[u8])]) -> Vec<(String, Verdict)> {
    let outcome = outcome(yaml, files, 1 << 30).unwrap();
    outcome.expectations.into_iter().map(|expectation| (expectation.id, expectation.verdict)).collect()
}

fn refusal(yaml: &str, files: &[(&str, &[u8])]) -> String {
    outcome(yaml, files, 1 << 30).unwrap_err().to_string()
}

#[test]
fn a_misspelt_spec_says_where_and_what_was_meant() {
    fn check(tail: &str, expected: &[&str]) {
        let message = refusal(&format!("suite: s\ncurrent: a.csv\n{tail}"), &[]);
        for part in expected {
            assert!(message.contains(part), "{message}\nhas no {part:?}");
        }
    }
    check("expectation: []\n", &["suite.yaml:3:1", "no key `expectation`", "did you mean `expectations`?"]);
    check("expectations:\n  - { expect: nuls, column: a }\n", &["suite.yaml:4:", "`nuls`", "did you mean `nulls`?"]);
    check("expectations:\n  - { expect: nulls, colum: a }\n", &["suite.yaml:4:", "did you mean `column`?"]);
    check("expectations:\n  - { expect: nulls }\n", &["suite.yaml:4:", "needs `column`"]);
    check("expectations:\n  - { expect: nulls, column: a, min: 3 }\n", &["suite.yaml:4:", "takes no `min`"]);
    check("expectations:\n  - { expect: range, column: a, min: 3, max: 1 }\n", &["`min` 3 is above `max` 1"]);
    check("expectations:\n  - { expect: nulls, column: a, max_share: 5 }\n", &["between 0 and 1"]);
    check("expectations:\n  - { expect: pattern, column: a, pattern: '(' }\n", &["suite.yaml:4:", "malformed"]);
    check("expectations:\n  - { expect: freshness, column: a, max_age: soon }\n", &["not a time", "`24h`"]);
    check("drift: {}\n", &["suite.yaml:3:", "no reference"]);
    check("budgets:\n  - { id: a, max: 3 }\n", &["exactly one thing"]);
    check("performance: { task: binary, label: y, metrics: [] }\n", &["no column of predictions"]);
    check(
        "expectations:\n  - { expect: nulls, column: a }\n  - { expect: nulls, column: a }\n",
        &["`nulls.a`", "an `id`"],
    );
    check("suite: t\n", &["suite.yaml:3:"]);
}

#[test]
fn malformed_files_say_where_and_what_to_do() {
    fn check(name: &str, bytes: &[u8], expected: &[&str]) {
        let message = refusal(&format!("suite: s\ncurrent: {name}\n"), &[(name, bytes)]);
        for part in expected {
            assert!(message.contains(part), "{message}\nhas no {part:?}");
        }
    }
    check("a.csv", b"", &["a.csv", "empty"]);
    check("a.csv", b"a,b\n1,2\n3\n", &["a.csv:3", "1 fields and the header 2"]);
    check("a.csv", b"a,b\n1,2,3\n", &["a.csv:2", "3 fields", "quote"]);
    check("a.csv", b"a,b\n\"x\ny\",2\n1\n", &["a.csv:4", "1 fields"]);
    check("a.csv", b"a,b\n1,\"2\n3,4\n5,6\n", &["a.csv:2", "never closed"]);
    check("a.csv", b"a,b\n1,caf\xe9\n", &["a.csv:2:2", "byte 4", "E9", "latin1"]);
    check("a.csv", b"\xff\xfea\0", &["UTF-16", "iconv"]);
    check("a.csv", b"a,b,a\n1,2,3\n", &["a.csv:1", "columns 1 and 3", "\"a\""]);
    check("a.csv", b"a,,c\n1,2,3\n", &["a.csv:1:2", "no name"]);
    check("a.jsonl", b"{\"a\": 1}\n{\"a\": NaN}\n", &["a.jsonl:2:", "no NaN"]);
    check("a.jsonl", b"[{\"a\": 1}]\n", &["a.jsonl:1:", "without a list"]);
    check("a.jsonl", b"{\"a\": \"\xe9\"}\n", &["a.jsonl:1:8", "byte 7"]);
    check("a.parquet", b"PAR1 and then nothing", &["a.parquet", "no Parquet file"]);
    check("a.txt", b"", &["format"]);
    let message = refusal(
        "suite: s\ncurrent: { path: a.csv, types: { a: integer } }\nexpectations: [{ expect: mean, column: a, max: 3 }]\n",
        &[("a.csv", b"a\n1\nx\n")],
    );
    assert!(message.contains("a.csv:3:1") && message.contains("not of type integer"), "{message}");
}

#[test]
fn odd_but_good_files_are_read() {
    let yaml = "suite: s\ncurrent: a.csv\nexpectations: [{ expect: type, column: a, type: integer }, { expect: rows, min: 2, max: 2 }]\n";
    let good = |bytes: &[u8]| {
        let found = verdicts(yaml, &[("a.csv", bytes)]);
        assert!(found.iter().all(|(_, verdict)| *verdict == Verdict::Passed), "{found:?}");
    };
    good(b"\xef\xbb\xbfa,b\r\n1,x\r\n2,\"y, \"\"z\"\"\r\nw\"\r\n");
    good(b"a,b\n1,x\n\n2,y");
    let wide: Vec<String> = (0..10_000).map(|column| format!("c{column}")).collect();
    let row = vec!["1"; 10_000].join(",");
    let text = format!("{}\n{row}\n", wide.join(","));
    let yaml = "suite: s\ncurrent: a.csv\nexpectations: [{ expect: nulls, column: c9999 }]\n";
    assert_eq!(verdicts(yaml, &[("a.csv", text.as_bytes())]), [("nulls.c9999".to_owned(), Verdict::Passed)]);
    // A header alone is a data set of no rows: nothing can be said of its values.
    assert_eq!(verdicts(yaml, &[("a.csv", b"c9999\n")])[0].1, Verdict::Inconclusive);
}

#[test]
fn every_expectation_can_pass_and_fail() {
    let csv = b"id,age,plan,when,x\n1,30,basic,2026-01-01,1\n2,,pro,2025-12-31,NaN\n2,130,max,2025-12-30,inf\n";
    let yaml = "\
suite: s
current: a.csv
expectations:
  - { id: type, expect: type, column: plan, type: integer }
  - { id: nulls, expect: nulls, column: age }
  - { id: few-nulls, expect: nulls, column: age, max_share: 0.4 }
  - { id: finite, expect: finite, column: x, max_share: 0.5 }
  - { id: range, expect: range, column: age, min: 0, max: 120 }
  - { id: mean, expect: mean, column: age, min: 79, max: 81 }
  - { id: unique, expect: unique, column: id }
  - { id: categories, expect: categories, column: plan, values: [basic, pro, max] }
  - { id: pattern, expect: pattern, column: plan, pattern: '^[a-z]{3}$', max_share: 0.4 }
  - { id: fresh, expect: freshness, column: when, max_age: 24h }
  - { id: stale, expect: freshness, column: when, max_age: 1h }
  - { id: rows, expect: rows, min: 4 }
  - { id: duplicates, expect: duplicates }
  - { id: columns, expect: columns, values: [id, age, plan, when, x], exact: true }
  - { id: nowhere, expect: nulls, column: agee }
  - { id: text, expect: range, column: plan, min: 0 }
";
    let found = verdicts(yaml, &[("a.csv", csv)]);
    let words: Vec<String> = found.iter().map(|(id, verdict)| format!("{id}: {}", verdict.word())).collect();
    insta::assert_snapshot!(words.join("\n"), @r"
    type: failed
    nulls: failed
    few-nulls: passed
    finite: failed
    range: failed
    mean: passed
    unique: failed
    categories: passed
    pattern: passed
    fresh: passed
    stale: failed
    rows: failed
    duplicates: passed
    columns: passed
    nowhere: failed
    text: error
    ");
    let all = outcome(yaml, &[("a.csv", csv)], 1 << 30).unwrap();
    let facts = all.datasets[0].columns[4].facts.clone().unwrap();
    assert_eq!((facts.nulls, facts.nans, facts.positive_infinities, facts.negative_infinities), (0, 1, 1, 0));
    let range = all.expectation("range").unwrap();
    assert_eq!(range.examples, ["row 3: 130"]);
    assert_eq!(all.verdict, Verdict::Failed);
}

/// A column of numbers as CSV.
fn column(count: usize, seed: u64, shift: f64, outlier: bool) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut text = String::from("x\n");
    for _ in 0..count {
        let normal: f64 = (0..12).map(|_| random.f64()).sum::<f64>() - 6.0;
        text.push_str(&format!("{}\n", normal + shift));
    }
    if outlier {
        text.push_str("1e12\n");
    }
    text.into_bytes()
}

fn drift_of(method: &str, reference: &[u8], current: &[u8], memory_limit: u64) -> Outcome {
    let yaml = format!("suite: s\nreference: r.csv\ncurrent: c.csv\ndrift: {{ numeric: {method} }}\n");
    outcome(&yaml, &[("r.csv", reference), ("c.csv", current)], memory_limit).unwrap()
}

#[test]
fn one_outlier_neither_makes_nor_hides_drift() {
    let reference = column(3000, 1, 0.0, false);
    for method in ["ks", "wasserstein", "psi", "jensen_shannon"] {
        let same = drift_of(method, &reference, &column(3000, 2, 0.0, true), 1 << 30);
        assert_eq!(same.verdict, Verdict::Passed, "{method}: {}", same.expectations[0].why);
        let moved = drift_of(method, &reference, &column(3000, 3, 3.0, true), 1 << 30);
        assert_eq!(moved.verdict, Verdict::Failed, "{method}: {}", moved.expectations[0].why);
        assert_eq!(moved.drift.unwrap().drifted, 1);
    }
}

#[test]
fn eight_rows_are_too_few() {
    let found = drift_of("ks", &column(3000, 1, 0.0, false), &column(8, 2, 9.0, false), 1 << 30);
    let column = &found.drift.unwrap().columns[0];
    assert_eq!(column.verdict, Verdict::Inconclusive);
    assert!(column.needed_n.is_some_and(|needed| (200..1000).contains(&needed)), "{column:?}");
    assert!(column.why.contains("too few"), "{}", column.why);
}

#[test]
fn what_does_not_fit_is_sketched_and_says_so() {
    let (reference, current) = (column(20_000, 1, 0.0, false), column(20_000, 2, 0.5, false));
    let exact = drift_of("ks", &reference, &current, 1 << 30).drift.unwrap().columns.remove(0);
    let sketched = drift_of("ks", &reference, &current, 100_000).drift.unwrap().columns.remove(0);
    assert_eq!(exact.precision, Precision::Exact);
    let Precision::Sketched { error, .. } = sketched.precision else { panic!("{:?}", sketched.precision) };
    let gap = (exact.statistic.unwrap() - sketched.statistic.unwrap()).abs();
    assert!(gap <= 2.0 * error && error < 0.02, "{gap} {error}");
    assert_eq!((exact.verdict, sketched.verdict), (Verdict::Failed, Verdict::Failed));
}

#[test]
fn every_method_says_how_far_a_sketch_may_be_off() {
    for (method, shift) in [("ks", 0.0), ("psi", 0.2), ("psi", 1.0), ("jensen_shannon", 0.5), ("wasserstein", 0.3)] {
        let (reference, current) = (column(60_000, 3, 0.0, true), column(50_000, 4, shift, true));
        let exact = drift_of(method, &reference, &current, 1 << 30).drift.unwrap().columns.remove(0);
        let sketched = drift_of(method, &reference, &current, 100_000).drift.unwrap().columns.remove(0);
        let Precision::Sketched { error, .. } = sketched.precision else { panic!("{:?}", sketched.precision) };
        let gap = (exact.effect.unwrap() - sketched.effect.unwrap()).abs();
        assert!(gap <= error && error < 0.1 + 0.3 * exact.effect.unwrap(), "{method} {shift}: {gap} {error}");
        assert!(sketched.p_value >= exact.p_value, "{method} {shift}: {:?} {:?}", sketched.p_value, exact.p_value);
        // Different values: counted, and estimated.
        let (counted, estimated) = (exact.reference.distinct.unwrap(), sketched.reference.distinct.unwrap());
        let off = sketched.reference.distinct_error.unwrap();
        assert_eq!((counted, exact.reference.distinct_error), (60_001.0, None));
        assert!((counted - estimated).abs() <= off && off < 2_500.0, "{estimated} ± {off}");
    }
}

#[test]
fn a_budget_that_a_sketch_cannot_settle_is_inconclusive() {
    let data = column(50_000, 5, 10.0, false);
    let spent = |max: f64, memory_limit: u64| {
        let yaml = format!("suite: s\ncurrent: a.csv\nbudgets: [{{ id: q, column: x, quantile: 0.9, max: {max} }}]\n");
        outcome(&yaml, &[("a.csv", &data)], memory_limit).unwrap().expectations.remove(0)
    };
    let exact = spent(12.0, 1 << 30);
    let value = exact.measured.unwrap();
    let roomy = spent(12.0, 100_000);
    let Precision::Sketched { error, .. } = roomy.precision else { panic!("{roomy:?}") };
    assert!((roomy.measured.unwrap() - value).abs() <= error && error < 0.2, "{roomy:?}");
    assert_eq!((exact.verdict, roomy.verdict), (Verdict::Passed, Verdict::Passed));
    let close = spent(value + error / 4.0, 100_000);
    assert_eq!(close.verdict, Verdict::Inconclusive);
    assert!(close.why.contains("with more memory"), "{}", close.why);
    assert_eq!(spent(10.0, 100_000).verdict, Verdict::Failed);
}

#[test]
fn constants_and_new_categories_have_verdicts() {
    let yaml = "suite: s\nreference: r.csv\ncurrent: c.csv\ndrift: {}\n";
    let file = |rows: &[(&str, usize)]| {
        let lines = rows.iter().map(|(row, count)| format!("{row}\n").repeat(*count));
        format!("constant,plan\n{}", lines.collect::<String>()).into_bytes()
    };
    let reference = file(&[("5,basic", 1500), ("5,pro", 1500)]);
    let current = file(&[("5,basic", 1000), ("5,pro", 1000), ("5,max", 1000)]);
    let found = outcome(yaml, &[("r.csv", &reference), ("c.csv", &current)], 1 << 30).unwrap();
    let columns = found.drift.unwrap().columns;
    assert_eq!(columns[0].verdict, Verdict::Passed, "{}", columns[0].why);
    assert_eq!(columns[1].verdict, Verdict::Failed, "{}", columns[1].why);
    assert_eq!(columns[1].new_categories, ["max"]);
}

/// Without drift, and with no least effect to hide behind, each method errs no more often than it says.
#[test]
fn false_alarms_are_as_rare_as_promised() {
    use super::measure::difference::{Question, compare};
    use super::measure::samples::{Sample, Values};
    use super::outcome::{Facts, Method};
    const RUNS: usize = 300;
    let mut random = fastrand::Rng::with_seed(11);
    let mut sample = || {
        let mut values: Vec<f64> = (0..300).map(|_| random.f64()).collect();
        values.sort_by(f64::total_cmp);
        Sample { facts: Facts::default(), n: 300, values: Values::Numbers(values), precision: Precision::Exact }
    };
    for method in [Method::Ks, Method::ChiSquared, Method::Psi, Method::JensenShannon, Method::Wasserstein] {
        let question = Question { method, effect: 0.1, significance: 0.05, power: 0.8, bins: 10, max_categories: 1000 };
        let alarms = (0..RUNS).filter(|_| compare(&sample(), &sample(), question).p_value.unwrap() <= 0.05).count();
        let most = 0.05 + 3.0 * (0.05_f64 * 0.95 / RUNS as f64).sqrt();
        assert!(alarms as f64 / RUNS as f64 <= most, "{method:?}: {alarms} of {RUNS}");
    }
}

#[test]
fn performance_budgets_and_signature_are_judged() {
    let mut csv = String::from("y,p,plan,latency_ms\n");
    for row in 0..400 {
        let positive = row % 2;
        let score = if row % 10 == 0 { 0.5 } else { 0.2 + 0.6 * f64::from(positive) };
        let plan = if row % 3 == 0 { "a" } else { "b" };
        csv.push_str(&format!("{positive},{score},{plan},{row}\n"));
    }
    let yaml = "\
suite: s
current: a.csv
performance: { task: binary, label: y, score: p, slices: [plan], metrics: [{ metric: roc_auc, min: 0.8 }, { metric: accuracy, min: 0.999 }, { metric: brier }] }
budgets: [{ id: p99, column: latency_ms, max: 300 }, { id: size, size_of: a.csv, max: 1MB }, { id: key, metrics: m.json, key: a.b, max: 3 }]
signature: MLmodel
";
    let model = b"signature:\n  inputs: '[{\"type\": \"double\", \"name\": \"p\"}, {\"type\": \"long\", \"name\": \"gone\"}]'\n";
    let files: [(&str, &[u8]); 3] = [("a.csv", csv.as_bytes()), ("m.json", b"{\"a\": {\"b\": 2}}"), ("MLmodel", model)];
    let words: Vec<String> =
        verdicts(yaml, &files).iter().map(|(id, verdict)| format!("{id}: {}", verdict.word())).collect();
    insta::assert_snapshot!(words.join("\n"), @r"
    performance.roc_auc: passed
    performance.accuracy: failed
    performance.roc_auc.plan.a: passed
    performance.accuracy.plan.a: failed
    performance.roc_auc.plan.b: passed
    performance.accuracy.plan.b: failed
    p99: failed
    size: passed
    key: passed
    signature: failed
    ");
}

fn read_everything(format: Format, bytes: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("data"), bytes).unwrap();
    let spec = SourceSpec {
        path: "data".to_owned(),
        format,
        delimiter: b',',
        null_values: vec![String::new()],
        encoding: Encoding::Utf8,
        types: BTreeMap::new(),
    };
    if let Ok(source) = Source::open(&spec, Path::new(folder.path()), &Unwatched) {
        let columns: Vec<usize> = (0..source.fields.len()).collect();
        let mut rows = 0;
        let read = source.scan(&columns, &Unwatched, &mut |arrays| {
            rows += arrays.first().map_or(0, arrow::array::Array::len) as u64;
            Ok(())
        });
        // What was opened without complaint has as many rows as it said, unless a page turns out to be broken.
        if read.is_ok() && !columns.is_empty() {
            assert_eq!(rows, source.rows);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_are_too_strange(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        for format in [Format::Csv, Format::Jsonl, Format::Parquet] {
            read_everything(format, &bytes);
        }
    }

    #[test]
    fn no_text_is_too_strange(text in "[a-c0-9,\"\n\r{}:. \u{e9}\\-]{0,200}") {
        for format in [Format::Csv, Format::Jsonl] {
            read_everything(format, text.as_bytes());
        }
    }

    #[test]
    fn no_spec_is_too_strange(text in "(suite|current|drift|expectations|: |a.csv|\n|  |- |\\{|\\}|\\[|\\]|expect|nulls|column|\"|0.5|,|&a|\\*a){0,40}") {
        let _ = spec::parse("suite.yaml", &text);
    }
}
