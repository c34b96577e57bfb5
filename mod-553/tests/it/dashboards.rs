//! The dashboards beside the real things: Grafana's own schema reads them whole, and a Prometheus that holds hours of what the real
//! service said of itself has data for every query of every panel.

use super::environment::{COMMAND, absent};
use super::prometheus::{Prometheus, observability, ours};
use super::serving::{Serving, block_on};
use libtest_mimic::{Completion, Failed, Trial};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::ignorable_test("dashboards::grafanas-schema-reads-them-whole", schema_reads_them),
        Trial::ignorable_test("dashboards::grafanas-schema-finds-planted-mistakes", schema_finds_mistakes),
        Trial::ignorable_test("dashboards::every-query-of-every-panel-finds-data", every_query_finds_data),
    ]
}

/// What Grafana's Foundation SDK says of these files; nothing, where it is not installed.
fn judged(files: &[String]) -> Result<Option<Value>, Failed> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = root.join("../target/labs/grafana/bin/python");
    if !python.exists() {
        return Ok(None);
    }
    let output = Command::new(python).arg(root.join("tests/it/python/grafana.py")).args(files).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    Ok(Some(serde_json::from_slice(&output.stdout)?))
}

fn not_installed() -> Completion {
    Completion::ignored_with("Grafana's Foundation SDK is not here; `cargo xtask images --process grafana` installs it")
}

fn files() -> Vec<String> {
    let folder = observability().join("dashboards");
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path().display().to_string()).collect()
}

fn schema_reads_them() -> Result<Completion, Failed> {
    let Some(verdict) = judged(&files())? else { return Ok(not_installed()) };
    assert_eq!(verdict["problems"], json!([]));
    assert!(verdict["dashboards"] == 5 && verdict["panels"].as_u64() > Some(35), "{verdict}");
    Ok(Completion::Completed)
}

fn schema_finds_mistakes() -> Result<Completion, Failed> {
    let folder = tempfile::tempdir()?;
    let text = fs::read_to_string(observability().join("dashboards/mod-553-service.json"))?;
    for (from, to, expected) in [
        ("\"gridPos\"", "\"gridPosition\"", "gridPosition is no field"),
        ("\"absolute\"", "\"relative\"", "relative"),
        ("\"refresh\": \"30s\"", "\"refresh\": 30", "expected str"),
        ("\"calcs\"", "\"calculations\"", "calculations is no field"),
    ] {
        assert!(text.contains(from), "{from}");
        let path = folder.path().join("broken.json");
        fs::write(&path, text.replace(from, to))?;
        let verdict = judged(&[path.display().to_string()]);
        // It says so, or cannot even read it.
        let found = match verdict {
            Ok(None) => return Ok(not_installed()),
            Ok(Some(verdict)) => verdict["problems"].to_string(),
            Err(error) => error.message().unwrap_or_default().to_owned(),
        };
        assert!(found.contains(expected), "{from} → {to}: {found}");
    }
    Ok(Completion::Completed)
}

/// Between two scrapes of the history.
const STEP_SECONDS: u64 = 60;
/// Two hours of it.
const STEPS: u64 = 120;

/// Everything that a service says of itself, as it grows while it is used, at one scrape after the other.
#[derive(Default)]
struct History {
    types: BTreeMap<String, String>,
    /// By family: lines of OpenMetrics.
    samples: BTreeMap<String, String>,
}

impl History {
    fn add(&mut self, text: &str, at: u64, job: &str) {
        for line in text.lines() {
            if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) {
                self.types.insert(name.to_owned(), kind.to_owned());
                continue;
            }
            let Some((series, value)) = line.rsplit_once(' ').filter(|_| !line.starts_with('#')) else { continue };
            let (name, labels) =
                series.split_once('{').map_or((series, ""), |(name, rest)| (name, rest.trim_end_matches('}')));
            let comma = if labels.is_empty() { "" } else { "," };
            let family = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
            let family = family.filter(|family| self.types.get(*family).is_some_and(|kind| kind == "histogram"));
            let lines = self.samples.entry(family.unwrap_or(name).to_owned()).or_default();
            writeln!(lines, "{name}{{{labels}{comma}job=\"{job}\",instance=\"{job}\"}} {value} {at}").unwrap();
        }
    }

    /// As OpenMetrics wants it: a counter's family is called without `_total`.
    fn text(&self) -> String {
        let mut text = String::new();
        for (family, lines) in &self.samples {
            let kind = self.types.get(family).map_or("gauge", String::as_str);
            let name = if kind == "counter" { family.trim_end_matches("_total") } else { family };
            writeln!(text, "# TYPE {name} {kind}\n{lines}").unwrap();
        }
        text.lines().filter(|line| !line.is_empty()).fold(String::new(), |all, line| all + line + "\n") + "# EOF\n"
    }
}

/// Two hours in which the real service is used, breaks in three ways and recovers: each minute of the history is a real scrape.
fn history(serving: &Serving, until: u64) -> Result<String, Failed> {
    let mut history = History::default();
    let training = serving.path("training.prom");
    let words = ["inference", "train", "--rows", "3000", "--out"];
    let output =
        Command::new(COMMAND).args(words).arg(serving.path("again.json")).arg("--metrics").arg(&training).output()?;
    assert!(output.status.success(), "{output:?}");
    let training = fs::read_to_string(training)?;
    for step in 0..STEPS {
        let fault = match step {
            40 => Some(json!({ "error_share": 0.2 })),
            50 => Some(json!({})),
            65 => Some(json!({ "scale": { "amount_usd": 5.0 }, "null_share": { "channel": 0.1 } })),
            100 => Some(json!({ "token_factor": 4.0 })),
            110 => Some(json!({})),
            _ => None,
        };
        if let Some(fault) = fault {
            block_on(serving.fault(&fault));
        }
        // A day's wave, and a caller for each of a few tenants.
        let requests = 9 + (5.0 * (step as f64 / 20.0).sin()) as u32;
        block_on(used(serving, requests, step));
        let at = until - (STEPS - 1 - step) * STEP_SECONDS;
        history.add(&block_on(serving.metrics()), at, "inference");
        history.add(&training, at, "training");
        writeln!(
            history.samples.entry("up".to_owned()).or_default(),
            "up{{job=\"inference\",instance=\"inference\"}} 1 {at}"
        )
        .unwrap();
    }
    Ok(history.text())
}

/// Some payments, and what was true of them.
async fn used(serving: &Serving, requests: u32, seed: u64) {
    let traffic = mod_553::inference::Traffic {
        url: serving.url.clone(),
        requests: u64::from(requests),
        per_second: None,
        seed: seed + 100,
        tenants: ["north", "south", "east"].map(str::to_owned).into(),
        labels: true,
        explain: true,
    };
    mod_553::inference::send(&traffic).await.unwrap();
}

fn promtool(folder: &Path, words: &[&str]) -> Result<(), Failed> {
    let output = Command::new("promtool").args(words).current_dir(folder).output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(()) } else { Err(format!("promtool {words:?}: {said}").into()) }
}

/// Recorded series have a history, too: Prometheus' own tool computes it from the rules. It does not see what it is computing, so what
/// is made of recorded series comes in a later stage; and a Prometheus notices new blocks when it starts.
fn backfilled(mut prometheus: Prometheus, now: u64) -> Result<Prometheus, Failed> {
    let mut recorded = Vec::new();
    for entry in fs::read_dir(observability().join("rules"))? {
        let path = entry?.path();
        if path.to_string_lossy().ends_with(".rules.yml") {
            let rules: Value = serde_saphyr::from_str(&fs::read_to_string(path)?)?;
            let groups = rules["groups"].as_array().unwrap();
            recorded.extend(groups.iter().flat_map(|group| group["rules"].as_array().unwrap()).cloned());
        }
    }
    recorded.retain(|rule| rule["record"].is_string());
    let (start, end) = ((now - STEPS * STEP_SECONDS).to_string(), now.to_string());
    let stage_of = |rule: &Value| match rule["record"].as_str().unwrap() {
        "slo:error_budget_remaining:ratio" => 2,
        "slo:error_ratio:rate30d" => 1,
        _ => 0,
    };
    for stage in 0..3 {
        let rules: Vec<&Value> = recorded.iter().filter(|rule| stage_of(rule) == stage).collect();
        let file = format!("stage-{stage}.yml");
        let text = json!({ "groups": [{ "name": file, "rules": rules }] }).to_string();
        fs::write(prometheus.folder.path().join(&file), text)?;
        let words = ["tsdb", "create-blocks-from", "rules", "--eval-interval", "60s", "--output-dir", "data"];
        let when = ["--start", &start, "--end", &end, "--url", &prometheus.url, &file];
        promtool(prometheus.folder.path(), &words.into_iter().chain(when).collect::<Vec<_>>())?;
        prometheus = prometheus.restart()?;
    }
    Ok(prometheus)
}

fn every_query_finds_data() -> Result<Completion, Failed> {
    for program in ["promtool", "prometheus"] {
        if let Some(ignored) = absent(program, "prometheus") {
            return Ok(ignored);
        }
    }
    let folder = tempfile::tempdir()?;
    let serving = Serving::start(&["--canary", "next.json", "--canary-share", "0.2"])?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() / STEP_SECONDS * STEP_SECONDS;
    fs::write(folder.path().join("history.txt"), history(&serving, now)?)?;
    promtool(folder.path(), &["tsdb", "create-blocks-from", "openmetrics", "history.txt", "data"])?;
    let prometheus = backfilled(Prometheus::start(folder, &[], "")?, now)?;
    let page = prometheus.folder.path().join("preview.html");
    let until = jiff::Timestamp::from_second(i64::try_from(now)?)?.to_string();
    let preview =
        ["dashboards", "preview", "--minutes", "110", "--until", &until, "--prometheus", &prometheus.url, "--out"];
    let output = ours(&preview.into_iter().chain([page.display().to_string().as_str()]).collect::<Vec<_>>())?;
    if let Some(keep) = std::env::var_os("MOD553_KEEP_PREVIEW") {
        fs::copy(&page, keep)?;
    }
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stdout.ends_with(b", 0 without data\n"), "{}", String::from_utf8_lossy(&output.stdout));
    // The questions behind the page, asked once more without our own client: Grafana's files are what counts.
    let mut asked = 0;
    for file in files() {
        let dashboard: Value = serde_json::from_str(&fs::read_to_string(file)?)?;
        for panel in dashboard["panels"].as_array().unwrap() {
            for target in panel["targets"].as_array().into_iter().flatten() {
                let query = format!("last_over_time(({})[90m:1m])", target["expr"].as_str().unwrap());
                let found = block_on(prometheus.query(&query));
                let number = |series: &Value| series["value"][1].as_str().is_some_and(|value| value != "NaN");
                assert!(found.iter().any(number), "panel {}: {query}", panel["title"]);
                asked += 1;
            }
        }
    }
    assert!(asked >= 35, "{asked}");
    Ok(Completion::Completed)
}
