//! Documents over records that are sound, that contradict themselves, and that were written to break a page.

use super::runbook::{self, Kind, Runbook};
use super::{
    ApprovalRecord, ApprovalRules, Card, ChainState, Compliance, Controls, Document, Dossier, File, Finding, Message,
    MessageKind, TrailFacts,
};
use crate::audit::{Event, Trail};
use crate::client::ModelVersion;
use serde_json::{Value, json};
use std::path::Path;

const REPORT: &str = r#"{"verdict":"passed","expectations":[
 {"id":"performance.roc_auc","severity":"critical","verdict":"passed","measure":"roc_auc","measured":0.93,"threshold":{"min":0.9},"why":"it is at least 0.9"},
 {"id":"nulls.amount","severity":"warning","verdict":"failed","why":"2 % of amount is absent"}],
 "performance":{"metrics":[{"metric":"roc_auc","slice":{"country":"FR"},"value":0.88,"n":90,"verdict":"inconclusive"}]}}"#;
const HOSTILE: &str = "<script>alert(1)</script> | `x`\n# y \u{202e}";
const RULES: ApprovalRules = ApprovalRules { needed: 1, valid_days: 90 };

fn digest() -> String {
    super::dossier::digest_of(REPORT.as_bytes())
}

fn now() -> jiff::Timestamp {
    "2026-02-01T00:00:00Z".parse().unwrap()
}

fn approval(approver: &str, version: &str, digest: &str, time: &str) -> Value {
    let value = json!({ "approver": approver, "version": version, "digest": digest, "time": time, "comment": "" });
    json!({ "key": format!("approval.{approver}"), "value": value.to_string() })
}

/// A sound version 2 of a model, with one approval.
fn dossier(name: &str) -> Dossier {
    let version = json!({ "name": name, "version": "2", "creation_timestamp": 1_767_225_600_000_i64, "source": "runs:/r1/model",
        "run_id": "r1", "description": "Learns from refunds.", "tags": [
            { "key": "validation.status", "value": "passed" }, { "key": "validation.report_digest", "value": digest() },
            { "key": "validation.time", "value": "2026-01-02T03:04:05Z" }, { "key": "tests.status", "value": "passed" },
            approval("grace", "2", &digest(), "2026-01-03T00:00:00Z")] });
    let earlier = json!({ "name": name, "version": "1", "creation_timestamp": 1_767_139_200_000_i64, "run_id": "r0" });
    let versions: Vec<ModelVersion> = serde_json::from_value(json!([earlier, version])).unwrap();
    let file =
        |path: &str, digest: &str| File { path: path.into(), bytes: Some(1_572_864), digest: Some(digest.into()) };
    Dossier {
        server: "http://tracking.example".into(),
        model: serde_json::from_value(json!({ "name": name, "description": "Scores card payments.",
            "tags": [{ "key": "owner", "value": "Ada Lovelace" }, { "key": "contact", "value": "#fraud-ml" }],
            "aliases": [{ "alias": "champion", "version": "2" }, { "alias": "previous-champion", "version": "1" }] }))
        .unwrap(),
        version: versions[1].clone(),
        versions,
        run: serde_json::from_value(json!({
            "info": { "run_id": "r1", "run_name": "train", "experiment_id": "7", "user_id": "ada", "status": "FINISHED",
                "start_time": 1_767_222_000_000_i64, "end_time": 1_767_225_000_000_i64, "artifact_uri": "mlflow-artifacts:/7/r1" },
            "data": { "metrics": [{ "key": "loss", "value": "NaN" }, { "key": "roc_auc", "value": 0.93 }],
                "params": [{ "key": "depth", "value": "5" }],
                "tags": [{ "key": "mlflow.source.git.commit", "value": "0123456789abcdef0123456789abcdef01234567" }] },
            "inputs": { "dataset_inputs": [{ "tags": [{ "key": "mlflow.data.context", "value": "training" }],
                "dataset": { "name": "payments", "digest": "9f8e7d6c", "source_type": "s3", "source": "s3://data/payments" } }] } }))
        .unwrap(),
        experiment: Some("fraud".into()),
        files: vec![file("model/model.json", &format!("sha256:{}", "ab".repeat(32))), file("validation/report.json", &digest())],
        report: Some(REPORT.into()),
    }
}

fn set(dossier: &mut Dossier, key: &str, value: &str) {
    dossier.version.tags.retain(|tag| tag.key != key);
    dossier.version.tags.push(crate::client::Tag::new(key, value));
}

fn trail(name: &str) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    for (second, action) in ["promotion.intended", "promotion.completed"].into_iter().enumerate() {
        let event = Event::new("ada", action, format!("model:{name}/2"), json!({ "target": "champion" }));
        let time = jiff::Timestamp::from_second(1_769_000_000 + i64::try_from(second).unwrap()).unwrap();
        Trail::new(&path).append(&event, time).unwrap();
    }
    (folder, path)
}

fn controls() -> Controls {
    toml::from_str(
        r#"title = "Release controls"
        [[control]]
        id = "RUN"
        title = "It comes from a run that finished, and from known data"
        framework = "What is made can be traced to how"
        needs = [{ kind = "run" }, { kind = "dataset", context = "training" }]
        [[control]]
        id = "QUALITY"
        title = "It is good enough"
        needs = [{ kind = "validation" }, { kind = "metric", key = "roc_auc", min = 0.9 }, { kind = "test" }]
        [[control]]
        id = "PEOPLE"
        title = "Somebody else approved, and it is on record"
        needs = [{ kind = "approval" }, { kind = "audit", action = "promotion.completed" }]
        [[control]]
        id = "FILES"
        title = "The files are those that were reviewed"
        needs = [{ kind = "artifact", path = "model/model.json", digest_tag = "model.digest" }, { kind = "tag", key = "owner" }]"#,
    )
    .unwrap()
}

fn findings(dossier: &Dossier, trail: &TrailFacts) -> Vec<Finding> {
    let report = Compliance::resolve(&controls(), dossier, trail, RULES, now());
    report.controls.iter().map(|line| line.finding).collect()
}

/// Every document of a version.
fn documents(dossier: &Dossier, trail: &TrailFacts) -> Vec<Document> {
    let record = ApprovalRecord::judge(dossier, RULES, now());
    let compliance = Compliance::resolve(&controls(), dossier, trail, RULES, now());
    let release = Message::new(MessageKind::Release, dossier, None, trail, &record).unwrap();
    vec![
        super::card(&Card::new(dossier, trail, record.clone())).unwrap(),
        super::compliance(&compliance).unwrap(),
        super::record(&record).unwrap(),
        super::trail_page(trail, None).unwrap(),
        super::message(&release).unwrap(),
        runbook::write(Kind::Deploy, dossier).unwrap(),
    ]
}

#[test]
fn documents_are_what_people_read() {
    let (_folder, path) = trail("fraud");
    let trail = TrailFacts::read(&path, None).unwrap();
    let first = documents(&dossier("fraud"), &trail);
    for document in &first {
        insta::assert_snapshot!(document.name.clone(), document.markdown);
    }
    assert_eq!(first, documents(&dossier("fraud"), &trail), "the same records give the same bytes");
}

#[test]
fn messages_are_what_people_read() {
    let (_folder, path) = trail("fraud");
    let trail = TrailFacts::read(&path, None).unwrap();
    let check = |name: &str, kind: MessageKind, dossier: &Dossier, trail: &TrailFacts| {
        let record = ApprovalRecord::judge(dossier, RULES, now());
        let message = Message::new(kind, dossier, None, trail, &record).unwrap();
        insta::assert_snapshot!(name.to_owned(), super::message(&message).unwrap().markdown);
    };
    let mut bad = dossier("fraud");
    let poisoned =
        json!({ "time": "2026-01-21T12:00:00Z", "actor": "grace", "reason": "refuses every second customer" });
    set(&mut bad, "promotion.poisoned", &poisoned.to_string());
    check("incident", MessageKind::Incident, &bad, &trail);
    let mut old = dossier("fraud");
    old.version = old.versions[0].clone();
    set(&mut old, "retire_on", "2026-06-30");
    check("deprecation", MessageKind::Deprecation, &old, &trail);
    // What nobody recorded shows as a gap, never as nothing.
    let mut bare = bad.clone();
    (bare.model.tags, bare.run, bare.report) = (Vec::new(), None, None);
    set(&mut bare, "promotion.poisoned", r#"{"time":"2026-01-21T12:00:00Z","actor":"grace"}"#);
    check("incident-with-gaps", MessageKind::Incident, &bare, &TrailFacts::not_given());
    let mut bare = old.clone();
    (bare.model.tags, bare.version.tags) = (Vec::new(), Vec::new());
    check("deprecation-with-gaps", MessageKind::Deprecation, &bare, &TrailFacts::not_given());
}

#[test]
fn runbooks_are_what_people_run() {
    for kind in [Kind::Rollback, Kind::Rotate, Kind::Restore, Kind::Drift] {
        let document = runbook::write(kind, &dossier("fraud")).unwrap();
        Runbook::parse(&document.markdown, Path::new("x.md")).unwrap();
        insta::assert_snapshot!(document.name.clone(), document.markdown);
    }
}

#[test]
fn no_name_breaks_a_page() {
    let (_folder, path) = trail(HOSTILE);
    let trail = TrailFacts::read(&path, None).unwrap();
    let mut hostile = dossier(HOSTILE);
    hostile.model.description = HOSTILE.into();
    let (_plain_folder, plain_path) = self::trail("fraud");
    let plain = documents(&dossier("fraud"), &TrailFacts::read(&plain_path, None).unwrap());
    for (document, plain) in documents(&hostile, &trail).iter().zip(&plain) {
        assert!(!document.html.contains("<script"), "{}", document.name);
        assert!(!document.html.contains('\u{202e}'), "{}", document.name);
        let rows = |html: &str| (html.matches("<tr>").count(), html.matches("<td").count(), html.matches("<h").count());
        assert_eq!(rows(&document.html), rows(&plain.html), "{}", document.name);
    }
    // And what is generated runs: the name is a value there, whatever it holds.
    let text = runbook::write(Kind::Deploy, &hostile).unwrap().markdown;
    assert_eq!(Runbook::parse(&text, Path::new("x.md")).unwrap().variables["MODEL"], HOSTILE);
}

#[test]
fn evidence_is_verified_again() {
    use Finding::{Contradicted, Missing, Resolved};
    let (_folder, path) = trail("fraud");
    let trail = TrailFacts::read(&path, None).unwrap();
    let check = |change: &dyn Fn(&mut Dossier), expected: [Finding; 4]| {
        let mut dossier = dossier("fraud");
        set(&mut dossier, "model.digest", &format!("sha256:{}", "ab".repeat(32)));
        change(&mut dossier);
        assert_eq!(findings(&dossier, &trail), expected);
    };
    check(&|_| {}, [Resolved; 4]);
    check(&|it| it.run = None, [Missing, Missing, Missing, Resolved]);
    check(&|it| it.files[0].digest = Some("sha256:00".into()), [Resolved, Resolved, Resolved, Contradicted]);
    check(&|it| set(it, "model.digest", ""), [Resolved, Resolved, Resolved, Missing]);
    check(
        &|it| it.report = Some(b"{\"verdict\":\"passed\"}".to_vec()),
        [Resolved, Contradicted, Contradicted, Resolved],
    );
    check(&|it| set(it, "validation.status", "failed"), [Resolved, Contradicted, Contradicted, Resolved]);
    check(&|it| set(it, "tests.status", "failed"), [Resolved, Contradicted, Resolved, Resolved]);
    check(
        &|it| {
            let own = approval("Ada", "2", &digest(), "2026-01-03T00:00:00Z");
            set(it, "approval.Ada", own["value"].as_str().unwrap());
        },
        [Resolved, Resolved, Contradicted, Resolved],
    );
}

#[test]
fn approvals_count_for_what_was_seen() {
    let check = |approver: &str, version: &str, digest: &str, time: &str, expected: Option<&str>| {
        let mut dossier = dossier("fraud");
        dossier.version.tags.retain(|tag| tag.key != "approval.grace");
        set(&mut dossier, "approval.x", approval(approver, version, digest, time)["value"].as_str().unwrap());
        let record = ApprovalRecord::judge(&dossier, RULES, now());
        assert_eq!(record.approvals[0].reason.as_deref(), expected);
        assert_eq!(record.approved, expected.is_none());
    };
    let (digest, time) = (digest(), "2026-01-03T00:00:00Z");
    check("grace", "2", &digest, time, None);
    check(" ADA", "2", &digest, time, Some("its own author"));
    check("grace", "1", &digest, time, Some("approved version 1, not 2"));
    check("grace", "2", "sha256:00", time, Some("approved another report"));
    check("grace", "2", &digest, "2025-10-01T00:00:00Z", Some("expired"));
    check("grace", "2", &digest, "2026-03-01T00:00:00Z", Some("given in the future"));
    check("grace", "2", &digest, "yesterday", Some("its time cannot be read"));
}

#[test]
fn a_broken_trail_is_shown_as_far_as_it_is_sound() {
    let (_folder, path) = trail("fraud");
    let text = std::fs::read_to_string(&path).unwrap();
    let check = |text: &str, head: Option<&str>, chain: ChainState, entries: usize| {
        std::fs::write(&path, text).unwrap();
        let facts = TrailFacts::read(&path, head).unwrap();
        assert_eq!((facts.chain, facts.entries.len()), (chain, entries), "{:?}", facts.problem);
    };
    check(&text, None, ChainState::Verified, 2);
    check(&text.replacen("promotion.completed", "promotion.rejected!", 1), None, ChainState::Broken, 1);
    check(&text.replace("\"ada\"", "\"eve\""), None, ChainState::Broken, 0);
    check(&format!("{text}no entry\n"), None, ChainState::Broken, 2);
    check(&format!("{text}{{\"sequence\":3"), None, ChainState::Verified, 2);
    check(&text, Some("sha256:ff"), ChainState::Broken, 2);
}

#[test]
fn messages_need_records_that_bear_them_out() {
    let (none, record) = (TrailFacts::not_given(), ApprovalRecord::judge(&dossier("fraud"), RULES, now()));
    let check = |kind: MessageKind, change: &dyn Fn(&mut Dossier), refused: &str| {
        let mut dossier = dossier("fraud");
        change(&mut dossier);
        let message = Message::new(kind, &dossier, None, &none, &record);
        let text = message.map_or_else(|error| error.to_string(), |message| message.subject);
        assert!(text.contains(refused), "{text}");
    };
    let retire = |it: &mut Dossier| it.version = it.versions[0].clone();
    check(MessageKind::Release, &|_| {}, "is in production");
    check(MessageKind::Release, &retire, "no release to announce");
    check(MessageKind::Incident, &|_| {}, "no incident on record");
    let poison = |it: &mut Dossier| set(it, "promotion.poisoned", r#"{"time":"2026-01-01T00:00:00Z","actor":"a"}"#);
    check(MessageKind::Incident, &poison, "taken out of production");
    check(MessageKind::Deprecation, &|_| {}, "nothing replaces version 2");
    check(MessageKind::Deprecation, &retire, "will go away");
}
