//! The reports of one small run that holds one of everything: snapshots of what people read, and `results.json` against its schema.

use super::{gradescope, html, json, junit, markdown, write};
use crate::{
    backend::Backend,
    grade::grade_line,
    results::{
        CheckResult, Claim, EvidenceResult, Fate, Finding, Gate, Maturity, MaturityLevel, ModuleResult, MutantResult,
        ParityResult, Results, SCHEMA_VERSION, Standing, SubmissionResult, Summary,
    },
    verdict::Verdict,
    wire::Exchange,
};
use rust_decimal::Decimal;
use std::{collections::BTreeMap, fs, path::Path};

fn check_result(id: &str, title: &str, verdict: Verdict) -> CheckResult {
    let troubled = matches!(verdict, Verdict::Failed);
    CheckResult {
        id: id.to_owned(),
        lab: "mod-106/lab-1".to_owned(),
        backend: Backend::Embedded,
        submission: "embedded".to_owned(),
        title: title.to_owned(),
        verdict,
        points: if verdict == Verdict::Passed { Decimal::TWO } else { Decimal::ZERO },
        max_points: Decimal::TWO,
        duration_ms: 12,
        finding: match verdict {
            Verdict::Passed => None,
            Verdict::Failed => Some(Finding {
                what: "GET /api/2.0/mlflow/runs/search as nobody".to_owned(),
                expected: Some("status 401".to_owned()),
                actual: Some("status 200: {\"runs\": [\"<script>\"]}".to_owned()),
            }),
            other => Some(Finding::reason(other.words())),
        },
        hint: troubled.then(|| "Is the authentication switched on for every route?".to_owned()),
        observations: BTreeMap::from([("status".to_owned(), "200".to_owned())]),
        transcript: if troubled { vec![exchange()] } else { Vec::new() },
    }
}

fn exchange() -> Exchange {
    Exchange {
        request: "GET /api/2.0/mlflow/runs/search HTTP/1.1".to_owned(),
        response: "HTTP/1.1 200 OK\n\n{\"runs\": []}".to_owned(),
        curl: "curl -u \"admin:$LAB_ADMIN_PASSWORD\" http://127.0.0.1:1/api/2.0/mlflow/runs/search".to_owned(),
        duration_ms: 3,
    }
}

/// One of everything that a module can show.
fn module() -> ModuleResult {
    let piece = |what: &str, state| EvidenceResult { what: what.to_owned(), state, note: None };
    let claim = |id: &str, title: &str, evidence: Vec<EvidenceResult>| {
        let state = evidence.iter().map(|piece| piece.state).max().unwrap();
        Claim { id: id.to_owned(), title: title.to_owned(), state, evidence }
    };
    let healthy = claim("healthy", "A server answers", vec![piece("check mod-106/lab-1/healthy", Standing::Passed)]);
    let safe = vec![piece("check mod-106/lab-1/no-credentials", Standing::Failed)];
    let levels = [
        ("By hand", Vec::new()),
        ("Tracked", vec![healthy.clone()]),
        ("Safe", vec![claim("safe", "Nobody gets in", safe)]),
    ];
    let level = |(number, (title, criteria)): (usize, (&str, Vec<Claim>))| MaturityLevel {
        level: number.try_into().unwrap(),
        title: title.to_owned(),
        meaning: format!("What {title} means."),
        state: criteria.iter().map(|criterion| criterion.state).max().unwrap_or(Standing::Passed),
        criteria,
    };
    let reviewed = vec![EvidenceResult {
        note: Some("by hand".to_owned()),
        ..piece("sign-off by the <owner>", Standing::AwaitingSignOff)
    }];
    let tested = vec![piece("test a.rs::b", Standing::NotRun), piece("file a.md", Standing::Passed)];
    ModuleResult {
        module: "mod-106".to_owned(),
        quality: vec![healthy, claim("tested", "It is tested", tested), claim("reviewed", "Somebody looked", reviewed)],
        maturity: Some(Maturity {
            level: 1,
            decided: true,
            title: "Tracked".to_owned(),
            sentence: "Level 1, Tracked. Level 2, Safe, is missed by: Nobody gets in".to_owned(),
            levels: levels.into_iter().enumerate().map(level).collect(),
        }),
    }
}

fn results() -> Results {
    let checks = vec![
        check_result("healthy", "The server is healthy", Verdict::Passed),
        check_result("no-credentials", "Without credentials nothing is answered", Verdict::Failed),
        check_result("tls", "The connection is encrypted", Verdict::NotRun),
    ];
    let line = |index: usize, title: &str| {
        let check: &CheckResult = &checks[index];
        grade_line(&check.id, title, Decimal::TWO, std::slice::from_ref(&check.id), &[check.verdict])
    };
    let mut verdicts: BTreeMap<_, _> = Verdict::ALL.iter().map(|&verdict| (verdict, 0)).collect();
    verdicts.extend([(Verdict::Passed, 1), (Verdict::Failed, 1), (Verdict::NotRun, 1)]);
    Results {
        schema_version: SCHEMA_VERSION,
        harness_version: "0.1.0".to_owned(),
        started_at: "2026-01-02T03:04:05Z".parse().unwrap(),
        duration_ms: 4_200,
        seed: 7,
        replay: "cargo xtask validate mod-106/lab-1 --seed 7".to_owned(),
        submissions: vec![SubmissionResult {
            lab: "mod-106/lab-1".to_owned(),
            title: "Deploy MLflow tracking and registry".to_owned(),
            backend: Backend::Embedded,
            submission: "embedded".to_owned(),
            sandbox: "a process group of its own".to_owned(),
            environment: BTreeMap::from([("s3".to_owned(), "in the harness's process".to_owned())]),
            startup_ms: 180,
            rubric: vec![line(0, "Healthy"), line(1, "Authenticated access"), line(2, "Encrypted access")],
            points: Decimal::TWO,
            max_points: Decimal::from(4),
            complete: false,
        }],
        checks,
        mutants: vec![MutantResult {
            id: "lets-anybody-in".to_owned(),
            lab: "mod-106/lab-1".to_owned(),
            backend: Backend::Embedded,
            mistake: "Authentication was forgotten.".to_owned(),
            meant_for: "no-credentials".to_owned(),
            killed_by: vec!["no-credentials".to_owned()],
            fate: Fate::Killed,
            problem: None,
            duration_ms: 300,
        }],
        parity: vec![ParityResult {
            lab: "mod-106/lab-1".to_owned(),
            check: "healthy".to_owned(),
            key: "version".to_owned(),
            values: BTreeMap::from([(Backend::Embedded, "a".to_owned()), (Backend::Process, "b".to_owned())]),
            expected_because: Some("Two servers have two versions.".to_owned()),
        }],
        modules: vec![module()],
        gates: vec![Gate { title: "Every check is killed".to_owned(), holds: false, problems: vec!["tls".to_owned()] }],
        summary: Summary {
            verdicts,
            points: Decimal::TWO,
            max_points: Decimal::from(4),
            complete: false,
            exit_code: 1,
        },
    }
}

#[test]
fn the_summary_for_people() {
    insta::assert_snapshot!(markdown::render(&results()));
}

#[test]
fn junit_keeps_failures_apart_from_what_did_not_run() {
    insta::assert_snapshot!(junit::render(&results()).unwrap());
}

#[test]
fn gradescope_leaves_undecided_checks_out_of_the_points() {
    insta::assert_snapshot!(gradescope::render(&results()).unwrap());
}

#[test]
fn the_page_escapes_what_a_server_said_and_loads_nothing() {
    let page = html::render(&results()).unwrap();
    assert!(page.contains("&lt;script&gt;") && !page.contains("<script"));
    assert!(!page.contains("src=") && !page.contains("@import") && !page.contains("<link"));
    insta::assert_snapshot!(page);
}

#[test]
fn results_json_fits_its_schema() {
    let schema: serde_json::Value = serde_json::from_str(include_str!("../../../schemas/results.schema.json")).unwrap();
    let instance: serde_json::Value = serde_json::from_str(&json::render(&results()).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<_> = validator.iter_errors(&instance).map(|error| error.to_string()).collect();
    assert_eq!(errors, [] as [String; 0]);
    let mut wrong = instance;
    wrong["checks"][0]["verdict"] = "splendid".into();
    assert!(!validator.is_valid(&wrong), "a verdict that does not exist must not fit");
}

#[test]
fn the_committed_schema_is_current() {
    let schema = serde_json::to_string_pretty(&schemars::schema_for!(Results)).unwrap() + "\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas/results.schema.json");
    let committed = fs::read_to_string(&path).unwrap_or_default();
    if committed != schema {
        fs::write(&path, schema).unwrap();
        panic!("schemas/results.schema.json was out of date and has been rewritten: look at it and commit it");
    }
}

#[test]
fn a_full_disk_leaves_the_old_report_whole() {
    let folder = tempfile::tempdir().unwrap();
    write(&results(), folder.path()).unwrap();
    let before = fs::read_to_string(folder.path().join("results.json")).unwrap();
    let blocked = folder.path().join("results.json").join("below-a-file");
    let error = write(&results(), &blocked).unwrap_err().to_string();
    assert!(error.contains("below-a-file") && error.contains("--report"), "{error}");
    assert_eq!(fs::read_to_string(folder.path().join("results.json")).unwrap(), before);
}
