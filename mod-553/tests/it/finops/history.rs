//! The cost dashboard on a Prometheus with a history: counters and budgets of two and a half hours, recorded series made of them in
//! stages, and every query of every panel asked.

use super::super::environment::absent;
use super::super::prometheus::Prometheus;
use super::super::serving::block_on;
use super::{data, ends, priced, promtool};
use libtest_mimic::{Completion, Failed};
use serde_json::{Value, json};
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

const STEP: u64 = 60;
const STEPS: u64 = 150;

/// Counters and budgets of two and a half hours, each minute a scrape; budgets are what `finops export` says.
fn history(folder: &Path, until: u64) -> Result<String, Failed> {
    let (mut tokens, mut counts, mut cached) = (String::new(), String::new(), String::new());
    let mut told = std::collections::BTreeMap::<String, String>::new();
    priced(folder)?;
    fs::copy(data().join("budgets.yaml"), folder.join("budgets.yaml"))?;
    ends(
        folder,
        &[
            "export",
            "--rows",
            "rows.csv",
            "--budgets",
            "budgets.yaml",
            "--at",
            "2026-05-31T21:00:00Z",
            "--out",
            "finops.prom",
        ],
        0,
    )?;
    let exported = fs::read_to_string(folder.join("finops.prom"))?;
    promtool_accepts(&exported)?;
    for step in 0..STEPS {
        let at = until - (STEPS - 1 - step) * STEP;
        for (model, rate) in [("gpt-5", 5_000), ("gemini-2.5-pro", 3_000)] {
            for (direction, share) in [("input", 1), ("output", 4)] {
                let labels = format!("gen_ai_request_model=\"{model}\",gen_ai_token_type=\"{direction}\"");
                writeln!(tokens, "gen_ai_client_token_usage_sum{{{labels}}} {} {at}", step * rate / share)?;
                writeln!(counts, "gen_ai_client_token_usage_count{{{labels}}} {} {at}", step * 5)?;
            }
            writeln!(
                cached,
                "gen_ai_cached_input_tokens_total{{gen_ai_request_model=\"{model}\"}} {} {at}",
                step * rate / 3
            )?;
        }
        for line in exported.lines().filter(|line| !line.starts_with('#')) {
            let (series, value) = line.rsplit_once(' ').unwrap();
            let name = series.split('{').next().unwrap().to_owned();
            let value = if name.ends_with("timestamp_seconds") { at.to_string() } else { value.to_owned() };
            writeln!(told.entry(name).or_default(), "{series} {value} {at}")?;
        }
    }
    let mut text = format!(
        "# TYPE gen_ai_client_token_usage histogram\n{tokens}{counts}# TYPE gen_ai_cached_input_tokens counter\n{cached}"
    );
    for (name, lines) in told {
        write!(text, "# TYPE {name} gauge\n{lines}")?;
    }
    Ok(text + "# EOF\n")
}

fn promtool_accepts(text: &str) -> Result<(), Failed> {
    use std::io::Write as _;
    let mut child = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    child.stdin.take().unwrap().write_all(text.as_bytes())?;
    let output = child.wait_with_output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    Ok(())
}

pub(super) fn every_query_finds_data() -> Result<Completion, Failed> {
    for program in ["promtool", "prometheus"] {
        if let Some(ignored) = absent(program, "prometheus") {
            return Ok(ignored);
        }
    }
    let folder = tempfile::tempdir()?;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs() / STEP * STEP;
    let text = history(folder.path(), now)?;
    fs::write(folder.path().join("history.txt"), text)?;
    promtool(folder.path(), &["tsdb", "create-blocks-from", "openmetrics", "history.txt", "data"])?;
    let rules: Value = serde_saphyr::from_str(&fs::read_to_string(data().join("generated/cost.rules.yml"))?)?;
    let recorded = |group: usize| -> Vec<Value> { rules["groups"][group]["rules"].as_array().unwrap().clone() };
    let burns = |rule: &Value| rule["record"].as_str().unwrap().starts_with("finops:budget_burn");
    let (burn, cost): (Vec<Value>, Vec<Value>) = recorded(1).into_iter().partition(burns);
    let mut prometheus = Prometheus::start(folder, &[], "")?;
    let (start, end) = ((now - STEPS * STEP).to_string(), now.to_string());
    // What is made of recorded series comes in a later stage; a Prometheus notices new blocks when it starts.
    for (stage, rules) in [recorded(0), cost, burn].into_iter().enumerate() {
        let file = format!("stage-{stage}.yml");
        fs::write(
            prometheus.folder.path().join(&file),
            json!({ "groups": [{ "name": file, "rules": rules }] }).to_string(),
        )?;
        let words = ["tsdb", "create-blocks-from", "rules", "--eval-interval", "60s", "--output-dir", "data"];
        let when = ["--start", &start, "--end", &end, "--url", &prometheus.url, &file];
        promtool(prometheus.folder.path(), &words.into_iter().chain(when).collect::<Vec<_>>())?;
        prometheus = prometheus.restart()?;
    }
    let dashboard: Value = serde_json::from_str(&fs::read_to_string(data().join("generated/mod-553-cost.json"))?)?;
    let mut asked = 0;
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().into_iter().flatten() {
            let query = format!("last_over_time(({})[90m:1m])", target["expr"].as_str().unwrap());
            let found = block_on(prometheus.query(&query));
            let number = |series: &Value| series["value"][1].as_str().is_some_and(|value| value != "NaN");
            assert!(found.iter().any(number), "panel {}: {query}", panel["title"]);
            asked += 1;
        }
    }
    assert!(asked >= 10, "{asked}");
    // A third of 5,000 tokens a minute comes from the cache: what is recorded is what they cost.
    let found =
        block_on(prometheus.query("last_over_time(finops:cost_usd_per_s:rate1h{gen_ai_request_model=\"gpt-5\"}[30m])"));
    let recorded: f64 = found[0]["value"][1].as_str().unwrap().parse()?;
    let expected = (5_000.0 * 1.25e-6 - 5_000.0 / 3.0 * 1.125e-6 + 1_250.0 * 1e-5) / 60.0;
    assert!((recorded / expected - 1.0).abs() < 0.01, "{recorded} for {expected}");
    Ok(Completion::Completed)
}
