//! The tracking server observed: the rules hold their own tests, and a real Prometheus that scrapes a live server finds data for every
//! panel of the dashboard and every rule.
//!
//! Prometheus and promtool come from Debian's `prometheus`; where they are absent these tests are ignored.

use super::target::{self, Absent, Observed, block_on};
use libtest_mimic::{Completion, Failed, Trial};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const RULES: [&str; 3] = ["recording.mod-106.rules.yml", "recording.mlflow.rules.yml", "alerts.rules.yml"];

/// Series that a live server may rightly lack, with the reason.
const MAY_LACK: [(&str, &str); 0] = [];

pub(crate) fn trials() -> [Trial; 3] {
    [
        Trial::ignorable_test("observability::rules-pass-promtool", rules_pass_promtool),
        Trial::test("observability::alerts-name-their-owner-and-runbook", alerts_name_their_owner_and_runbook),
        Trial::ignorable_test("observability::every-panel-and-rule-finds-data", every_panel_and_rule_finds_data),
    ]
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("observability")
}

/// Whether a program is there; if not, why the test is not run.
fn absent(program: &str) -> Option<Completion> {
    let there = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    (!there)
        .then(|| Completion::ignored_with(format!("no {program} on this machine; Debian's package prometheus has it")))
}

fn promtool(words: &[&str]) -> Result<(), Failed> {
    let output = Command::new("promtool").args(words).current_dir(folder()).output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    Err(format!("promtool {words:?}: {}\n{said}", output.status).into())
}

fn rules_pass_promtool() -> Result<Completion, Failed> {
    if let Some(ignored) = absent("promtool") {
        return Ok(ignored);
    }
    promtool(&[&["check", "rules", "--lint-fatal"], &RULES[..]].concat())?;
    promtool(&["check", "config", "prometheus.yml"])?;
    promtool(&["test", "rules", "rules.test.yml", "rules.mlflow.test.yml"])?;
    Ok(Completion::Completed)
}

/// The alerts as data, read by Prometheus' own format.
fn rules(file: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(folder().join(file)).unwrap();
    let parsed: Value = serde_saphyr::from_str(&text).unwrap();
    let groups = parsed["groups"].as_array().unwrap();
    groups.iter().flat_map(|group| group["rules"].as_array().unwrap()).cloned().collect()
}

fn alerts_name_their_owner_and_runbook() -> Result<(), Failed> {
    let runbook = std::fs::read_to_string(folder().join("RUNBOOK.md"))?;
    let sections: BTreeSet<String> =
        runbook.lines().filter_map(|line| line.strip_prefix("## ")).map(str::to_lowercase).collect();
    let tested = std::fs::read_to_string(folder().join("rules.test.yml"))?;
    let alerts = rules("alerts.rules.yml");
    assert!(alerts.len() >= 8, "{}", alerts.len());
    for alert in &alerts {
        let name = alert["alert"].as_str().unwrap();
        assert!(!alert["labels"]["owner"].as_str().unwrap_or_default().is_empty(), "{name} has no owner");
        assert!(["page", "ticket"].contains(&alert["labels"]["severity"].as_str().unwrap_or_default()), "{name}");
        let link = alert["annotations"]["runbook_url"].as_str().unwrap_or_default();
        let (file, section) = link.split_once('#').unwrap_or_default();
        assert!(file == "mod-106/observability/RUNBOOK.md" && sections.contains(section), "{name}: {link:?}");
        // At least one time at which it fires.
        let fires =
            tested.split(&format!("alertname: {name}\n        exp_alerts:\n          - exp_labels")).count() > 1;
        assert!(fires, "no test in rules.test.yml sees {name} fire");
    }
    Ok(())
}

fn every_panel_and_rule_finds_data() -> Result<Completion, Failed> {
    if let Some(ignored) = absent("prometheus") {
        return Ok(ignored);
    }
    let server = match Observed::start() {
        Ok(server) => server,
        Err(Absent::NotHere(reason)) => return Ok(Completion::ignored_with(reason)),
        Err(Absent::Broken(reason)) => return Err(reason.into()),
    };
    block_on(labels_stay_few(&server));
    let prometheus = Prometheus::start(&server.metrics)?;
    let deadline = Instant::now() + Duration::from_secs(90);
    loop {
        block_on(traffic(&server));
        let lacking = block_on(lacking(&prometheus));
        if lacking.is_empty() {
            return Ok(Completion::Completed);
        }
        if Instant::now() > deadline {
            return Err(format!("without data after 90 s of traffic:\n{}", lacking.join("\n")).into());
        }
        std::thread::park_timeout(Duration::from_millis(500));
    }
}

/// Everything that found nothing.
async fn lacking(prometheus: &Prometheus) -> Vec<String> {
    let mut lacking = Vec::new();
    let dashboard: Value =
        serde_json::from_str(&std::fs::read_to_string(folder().join("dashboard.json")).unwrap()).unwrap();
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().unwrap() {
            let query = target["expr"].as_str().unwrap();
            if !prometheus.has_data(query).await {
                lacking.push(format!("panel {}: {query}", panel["title"]));
            }
        }
    }
    for rule in rules("recording.mod-106.rules.yml") {
        let name = rule["record"].as_str().unwrap();
        if !prometheus.has_data(name).await {
            lacking.push(format!("recorded series {name}"));
        }
    }
    // An alert that is silent gives nothing back; what it reads has to be there.
    let series = regex::Regex::new(r"\b(?:mod106_[a-z0-9_]+|tracking:[a-z0-9_:]+|up\{[^}]*\})").unwrap();
    for rule in rules("alerts.rules.yml") {
        let query = rule["expr"].as_str().unwrap();
        for name in series.find_iter(query).map(|found| found.as_str()) {
            if !prometheus.has_data(name).await && !MAY_LACK.iter().any(|(series, _)| *series == name) {
                lacking.push(format!("alert {}: {name}", rule["alert"]));
            }
        }
    }
    let answer = prometheus.get("/api/v1/rules").await;
    let groups = answer["data"]["groups"].as_array().cloned().unwrap_or_default();
    for rule in groups.iter().flat_map(|group| group["rules"].as_array().cloned().unwrap_or_default()) {
        if rule["health"] != "ok" {
            lacking.push(format!("rule {}: health {} {}", rule["name"], rule["health"], rule["lastError"]));
        }
        if rule["state"] == "firing" {
            lacking.push(format!("alert {} fires at a healthy server", rule["name"]));
        }
    }
    lacking
}

/// A little of everything: reads, writes, artifacts both ways, wrong passwords, paths that are not there.
async fn traffic(server: &Observed) {
    let http = server.http();
    let get = |path: &str| server.with_password(http.get(format!("{}{path}", server.uri)));
    for _ in 0..5 {
        let _ = get("/api/2.0/mlflow/experiments/get?experiment_id=0").send().await;
        let _ = get("/api/2.0/mlflow/runs/get?run_id=none").send().await;
    }
    let _ = get("/no/such/path").send().await;
    let _ = http.get(format!("{}/api/2.0/mlflow/experiments/get?experiment_id=0", server.uri)).send().await;
    let _ = http.get(format!("{}/health", server.uri)).basic_auth("admin", Some("wrong")).send().await;
    let wrong = http.get(format!("{}/api/2.0/mlflow/experiments/get?experiment_id=0", server.uri));
    let _ = wrong.basic_auth("admin", Some("a guess")).send().await;
    let artifact = format!("{}/api/2.0/mlflow-artifacts/artifacts/figures/a.bin", server.uri);
    let _ = server.with_password(http.put(&artifact)).body(vec![7; 1000]).send().await;
    let _ = server.with_password(http.get(&artifact)).send().await.unwrap().bytes().await;
}

/// A thousand paths, methods and names make no new series.
async fn labels_stay_few(server: &Observed) {
    traffic(server).await;
    let http = server.http();
    let series = async || {
        let text = http.get(&server.metrics).send().await.unwrap().text().await.unwrap();
        text.lines().filter(|line| !line.starts_with('#')).count()
    };
    for round in 0..2 {
        let method = http::Method::from_bytes(format!("BREW{round}").as_bytes()).unwrap();
        let _ = server.with_password(http.request(method, format!("{}/health", server.uri))).send().await;
    }
    let before = series().await;
    for number in 0..200 {
        let _ = server.with_password(http.get(format!("{}/no/{number}", server.uri))).send().await;
        let run = format!("{}/api/2.0/mlflow/runs/get?run_id={number}", server.uri);
        let _ = server.with_password(http.get(run)).send().await;
        let method = http::Method::from_bytes(format!("POUR{number}").as_bytes()).unwrap();
        let _ = server.with_password(http.request(method, format!("{}/health", server.uri))).send().await;
    }
    assert_eq!(series().await, before, "requests made new series");
    // Bytes are counted as they are, both ways.
    let text = http.get(&server.metrics).send().await.unwrap().text().await.unwrap();
    for direction in ["in", "out"] {
        assert!(text.contains(&format!("mod106_artifact_bytes_total{{direction=\"{direction}\"}} 1000\n")), "{text}");
    }
    // The API's own door shows nothing of it.
    let api = server.with_password(http.get(format!("{}/metrics", server.uri))).send().await.unwrap();
    assert_eq!(api.status(), 404);
}

/// A Prometheus that scrapes one target each half second, with the rules of the repository.
struct Prometheus {
    uri: String,
    process: Child,
    _folder: tempfile::TempDir,
}

impl Prometheus {
    fn start(metrics: &str) -> Result<Self, Failed> {
        let own = tempfile::tempdir()?;
        let rules =
            ["recording.mod-106.rules.yml", "alerts.rules.yml"].map(|file| folder().join(file).display().to_string());
        let target = metrics.trim_start_matches("http://").trim_end_matches("/metrics");
        let config = format!(
            "global: {{scrape_interval: 500ms, scrape_timeout: 500ms, evaluation_interval: 500ms}}\nrule_files: {rules:?}\n\
             scrape_configs: [{{job_name: tracking, static_configs: [{{targets: [\"{target}\"]}}]}}]\n"
        );
        std::fs::write(own.path().join("prometheus.yml"), config)?;
        let port = target::free_port()?;
        let mut command = Command::new("prometheus");
        command.arg(format!("--web.listen-address=127.0.0.1:{port}"));
        command.args(["--config.file=prometheus.yml", "--storage.tsdb.path=data", "--log.level=warn"]);
        let log = std::fs::File::create(own.path().join("log"))?;
        command.current_dir(own.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        Ok(Self { uri: format!("http://127.0.0.1:{port}"), process: command.spawn()?, _folder: own })
    }

    async fn get(&self, path: &str) -> Value {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        match client.get(format!("{}{path}", self.uri)).send().await {
            Ok(answer) => answer.json().await.unwrap_or_default(),
            // It may still be starting.
            Err(_) => Value::Null,
        }
    }

    /// Whether an instant query gives a number back; NaN is none.
    async fn has_data(&self, query: &str) -> bool {
        let encoded = percent_encoding::utf8_percent_encode(query, percent_encoding::NON_ALPHANUMERIC);
        let answer = self.get(&format!("/api/v1/query?query={encoded}")).await;
        let results = answer["data"]["result"].as_array().cloned().unwrap_or_default();
        results.iter().any(|result| result["value"][1].as_str().is_some_and(|value| value != "NaN"))
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        // It is ours, and its folder goes with it.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
