//! What models cost, beside the real things: the reference service's own log and counters, FinOps' validator, promtool, a live
//! Prometheus with a history, a live Alertmanager, and the decision as a service.

mod history;
mod spend;

use super::environment::{COMMAND, absent, labs};
use super::prometheus::{free_port, ours};
use super::serving::{Serving, block_on, http};
use libtest_mimic::{Completion, Failed, Trial};
use serde_json::{Value, json};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("finops::the-services-own-log-is-priced-and-agrees-with-its-counters", log_and_counters),
        Trial::test("finops::parquet-and-csv-say-the-same", parquet_says_the_same),
        Trial::ignorable_test("finops::the-focus-validator-finds-nothing", focus_validator),
        Trial::test("finops::generated-files-are-those-in-the-repository", nothing_is_stale),
        Trial::ignorable_test("finops::rules-pass-promtool-and-tell-a-burn-from-a-day", rules_pass_promtool),
        Trial::ignorable_test("finops::every-query-of-the-dashboard-finds-data", history::every_query_finds_data),
        Trial::ignorable_test("finops::a-live-alertmanager-hears-of-a-budget-and-of-its-end", alertmanager_hears),
        Trial::test("finops::a-gateway-asks-and-is-answered", a_gateway_asks),
        Trial::test("finops::the-service-spends-what-its-policy-lets-it", spend::policy_holds),
        Trial::test("finops::bad-input-is-named-with-its-place", bad_input),
    ]
}

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("finops")
}

/// Our command in a folder.
fn finops(folder: &Path, words: &[&str]) -> Result<Output, Failed> {
    Ok(Command::new(COMMAND).arg("finops").args(words).current_dir(folder).output()?)
}

/// Our command, which must end with this code; what it said.
fn ends(folder: &Path, words: &[&str], code: i32) -> Result<String, Failed> {
    let output = finops(folder, words)?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    if output.status.code() == Some(code) {
        Ok(said)
    } else {
        Err(format!("{words:?}: {:?}\n{said}", output.status).into())
    }
}

fn promtool(folder: &Path, words: &[&str]) -> Result<String, Failed> {
    let output = Command::new("promtool").args(words).current_dir(folder).output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(said) } else { Err(format!("promtool {words:?}: {said}").into()) }
}

fn prices() -> String {
    data().join("prices.json").display().to_string()
}

/// The reference service is used, explains itself and is restarted in between: rows, counters and the specification agree.
fn log_and_counters() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let mut words = vec!["price".to_owned()];
    for (number, seed) in [(0, 5), (1, 6)] {
        let serving = Serving::start(&[])?;
        let tenants = ["--explain", "--tenant", "north", "--tenant", "south"];
        // A scrape soon after each start: a counter that has grown past its old value in between would not be seen to begin again.
        for (part, requests) in [(0, 4), (1, 76)] {
            serving.traffic(requests, seed + 10 * part, &tenants)?;
            let scrape = folder.path().join(format!("scrape-{number}{part}.prom"));
            fs::write(scrape, block_on(serving.metrics()))?;
        }
        // The log may lag behind the answers.
        let deadline = Instant::now() + Duration::from_secs(90);
        let log = loop {
            let log = fs::read_to_string(serving.path("logs").join("inference.jsonl")).unwrap_or_default();
            if log.lines().count() >= 80 || Instant::now() > deadline {
                break log;
            }
            std::thread::park_timeout(Duration::from_millis(20));
        };
        assert_eq!(log.lines().count(), 80);
        let name = format!("log-{number}.jsonl");
        fs::write(folder.path().join(&name), log)?;
        words.extend(["--usage".to_owned(), name]);
    }
    let prices = prices();
    let more = ["--prices", &prices, "--out", "rows.csv", "--unpriced", "left.jsonl", "--summary", "summary.json"];
    let revenue = ["--revenue-per-request", "0.01"];
    let words: Vec<&str> = words.iter().map(String::as_str).chain(more).chain(revenue).collect();
    ends(folder.path(), &words, 0)?;
    let words = ["reconcile", "--rows", "rows.csv", "--unpriced", "left.jsonl", "--json"];
    let scrapes = ["scrape-00.prom", "scrape-01.prom", "scrape-10.prom", "scrape-11.prom"];
    let scrapes: Vec<&str> = scrapes.into_iter().flat_map(|path| ["--scrape", path]).collect();
    let lines: Value = serde_json::from_str(&ends(folder.path(), &[&words[..], &scrapes[..]].concat(), 0)?)?;
    assert_eq!(lines.as_array().unwrap().len(), 3, "{lines}");
    let cached = lines.as_array().unwrap().iter().find(|line| line["tokens"] == "cache_read").unwrap();
    assert!(cached["counted"].as_u64().unwrap() > 0 && cached["difference"] == "0", "{cached}");
    ends(folder.path(), &["check", "rows.csv"], 0)?;
    let summary: Value = serde_json::from_str(&fs::read_to_string(folder.path().join("summary.json"))?)?;
    assert_eq!(summary["requests"], 160);
    let tenants = &summary["tenants"];
    assert!(tenants["north"]["cost_per_1k_requests_usd"].is_string() && tenants["south"]["requests"] != 0, "{summary}");
    assert!(summary["economics"]["margin_usd"].as_str().unwrap().starts_with("1.59"), "{summary}");
    Ok(())
}

/// Spans of two tenants and two models over some days.
fn spans(count: u64) -> String {
    let mut text = String::new();
    for id in 0..count {
        let attribute = |key: &str, value: Value| json!({ "key": key, "value": value });
        let model = if id % 3 == 0 { "gpt-5" } else { "gemini-2.5-pro" };
        let attributes = [
            attribute("gen_ai.request.model", json!({ "stringValue": model })),
            attribute("tenant", json!({ "stringValue": if id % 2 == 0 { "north" } else { "south" } })),
            attribute("gen_ai.usage.input_tokens", json!({ "intValue": (id * 7_919 % 260_000 + 1_000).to_string() })),
            attribute("gen_ai.usage.cache_read.input_tokens", json!({ "intValue": (id % 1_000).to_string() })),
            attribute("gen_ai.usage.output_tokens", json!({ "intValue": (id * 31 % 5_000).to_string() })),
        ];
        let start = 1_780_000_000 + id * 3_600;
        let span = json!({ "traceId": "t", "spanId": id.to_string(), "startTimeUnixNano": format!("{start}000000000"), "attributes": attributes });
        writeln!(text, "{}", json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": [span] }] }] })).unwrap();
    }
    text
}

fn priced(folder: &Path) -> Result<(), Failed> {
    fs::write(folder.join("usage.jsonl"), spans(200))?;
    let prices = prices();
    let words = ["price", "--usage", "usage.jsonl", "--prices", &prices, "--out", "rows.csv", "--out", "rows.parquet"];
    ends(folder, &[&words[..], &["--time-zone", "Europe/Berlin", "--period", "hour"]].concat(), 0).map(drop)
}

fn parquet_says_the_same() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    priced(folder.path())?;
    let budgets = "time_zone: Europe/Berlin\nbudgets: [{ name: all, usd: \"100000\", period: month }]\n";
    fs::write(folder.path().join("budgets.yaml"), budgets)?;
    let state = |rows: &str| {
        ends(
            folder.path(),
            &["budget", "--rows", rows, "--budgets", "budgets.yaml", "--at", "2026-05-31T21:00:00Z", "--json"],
            0,
        )
    };
    let (csv, parquet) = (state("rows.csv")?, state("rows.parquet")?);
    assert_eq!(csv, parquet);
    let state: Value = serde_json::from_str(&csv)?;
    assert!(state["budgets"][0]["spent_usd"].as_str().unwrap().len() > 4, "{state}");
    Ok(())
}

/// FinOps' own validator needs Python 3.12 or later and an environment of its own: `requirements-focus.in` says which.
fn focus_validator() -> Result<Completion, Failed> {
    let program = std::env::var_os("MOD553_FOCUS_VALIDATOR")
        .map_or_else(|| labs().join("focus/bin/focus-validator"), PathBuf::from);
    if !program.exists() {
        return Ok(Completion::ignored_with(
            "no focus-validator 2.2.1 here: it needs Python 3.12 and mod-553/tests/requirements-focus.in; its facts are checked from data",
        ));
    }
    let folder = tempfile::tempdir()?;
    priced(folder.path())?;
    // It looks for its table of currencies from the working directory on.
    let bin = program.parent().unwrap();
    let site = fs::read_dir(bin.join("../lib"))?.next().ok_or("no lib")??.path().join("site-packages");
    let criteria = "PUBLIC_PRICE_LIST_SUPPORTED,UNIT_PRICING_SUPPORTED,USAGE_MEASUREMENT_SUPPORTED,SUB_ACCOUNT_SUPPORTED,TAGGING_SUPPORTED,MULTIPLE_PRICING_CATEGORIES_SUPPORTED,NEGOTIATED_PRICING_SUPPORTED";
    let output = Command::new(&program)
        .args(["--validate-version", "1.2", "--block-download", "--applicability-criteria", criteria, "--data-file"])
        .arg(folder.path().join("rows.csv"))
        .current_dir(site)
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    let failed: Vec<&str> = said.lines().filter(|line| line.contains(": FAIL")).collect();
    // Nobody has invoiced these rows: the rule that an invoiced row names its invoice is not about them, which it cannot know.
    let others: Vec<_> = failed.iter().filter(|line| !line.contains("InvoiceId-C-")).collect();
    let passed = said.lines().filter(|line| line.contains(": PASS")).count();
    assert!(
        others.is_empty() && passed > 200,
        "{passed} passed; {others:#?}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(Completion::Completed)
}

fn nothing_is_stale() -> Result<(), Failed> {
    let output = ours(&["finops", "rules", "--check", "--at", "2026-11-21T00:00:00Z"])?;
    assert!(output.status.success(), "{output:?}");
    let output = ours(&["finops", "capacity", "mod-553/finops/capacity.yaml"])?;
    assert!(output.status.success(), "{output:?}");
    // Every alert is explained, and the policy knows only budgets that there are.
    let rules: Value = serde_saphyr::from_str(&fs::read_to_string(data().join("generated/cost.rules.yml"))?)?;
    let runbook = fs::read_to_string(data().join("runbook.md"))?;
    let rules: Vec<&Value> =
        rules["groups"].as_array().unwrap().iter().flat_map(|group| group["rules"].as_array().unwrap()).collect();
    let alerts: Vec<&str> = rules.iter().filter_map(|rule| rule["alert"].as_str()).collect();
    assert!(alerts.len() == 7, "{alerts:?}");
    for name in alerts {
        assert!(runbook.contains(&format!("\n## {name}\n")), "{name}");
    }
    Ok(())
}

/// Twenty times too fast is a page; three times is not.
fn rules_pass_promtool() -> Result<Completion, Failed> {
    if let Some(ignored) = absent("promtool", "prometheus") {
        return Ok(ignored);
    }
    let folder = tempfile::tempdir()?;
    fs::copy(data().join("generated/cost.rules.yml"), folder.path().join("cost.rules.yml"))?;
    promtool(folder.path(), &["check", "rules", "--lint-fatal", "cost.rules.yml"])?;
    let test = |tokens: u64, fires: bool, model: &str| -> Result<(), Failed> {
        let series =
            format!("gen_ai_client_token_usage_sum{{gen_ai_request_model=\"{model}\", gen_ai_token_type=\"input\"}}");
        let expected = json!([{
            "exp_labels": { "budget": "everything", "owner": "ml-finops", "period": "month", "severity": "page", "service": "finops" },
            "exp_annotations": {
                "summary": "At this rate the budget everything is spent within days",
                "description": "20.0 times faster than it may be spent.",
                "runbook_url": "mod-553/finops/runbook.md#budgetburnfast",
                "first_command": "mod-553 finops budget --rows rows.csv",
            },
        }]);
        let unit = json!({
            "rule_files": ["cost.rules.yml"], "evaluation_interval": "1m",
            "tests": [{
                "interval": "1m", "input_series": [{ "series": series, "values": format!("0+{tokens}x200") }],
                "alert_rule_test": [{ "eval_time": "150m", "alertname": "BudgetBurnFast", "exp_alerts": if fires { expected } else { json!([]) } }],
            }],
        });
        fs::write(folder.path().join("cost.test.yml"), unit.to_string())?;
        promtool(folder.path(), &["test", "rules", "cost.test.yml"]).map(drop)
    };
    // 2,000 dollars in 30 days are 0.0463 a minute: 23,148 tokens of gpt-4.1, at 2 dollars a million.
    test(462_963, true, "gpt-4.1")?;
    test(69_444, false, "gpt-4.1")?;
    // And the test is one: without the price nothing fires.
    test(462_963, false, "unheard-of")?;
    assert!(test(462_963, false, "gpt-4.1").is_err());
    Ok(Completion::Completed)
}

/// A process that ends with its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn until<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> Result<T, Failed> {
    let deadline = Instant::now() + Duration::from_secs(90);
    while Instant::now() < deadline {
        if let Some(found) = found() {
            return Ok(found);
        }
        std::thread::park_timeout(Duration::from_millis(50));
    }
    Err(format!("not {what} after 90 s").into())
}

fn get(url: &str) -> Option<Value> {
    block_on(async { http().get(url).send().await.ok()?.json().await.ok() })
}

fn alertmanager_hears() -> Result<Completion, Failed> {
    let program = "prometheus-alertmanager";
    if let Some(ignored) = absent(program, program) {
        return Ok(ignored);
    }
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("alertmanager.yml"), "route: { receiver: nobody }\nreceivers: [{ name: nobody }]\n")?;
    let (port, log) = (free_port()?, fs::File::create(folder.path().join("log"))?);
    let url = format!("http://127.0.0.1:{port}");
    let child = Command::new(program)
        .args(["--config.file=alertmanager.yml", "--storage.path=data", "--cluster.listen-address="])
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        .current_dir(folder.path())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()?;
    let _running = Running(child);
    until("ready", || get(&format!("{url}/api/v2/status")))?;
    let config = format!(
        "receivers:\n  am: {{ kind: alertmanager, url: \"{url}\", keep_firing_s: 3600 }}\nroutes: []\ndefault: [am]\n"
    );
    fs::write(folder.path().join("alerts.yaml"), config)?;
    let table = |usd: &str| {
        let now = jiff::Timestamp::now();
        let (start, end) = (now.strftime("%FT%H:00:00Z"), now.strftime("%FT%H:59:59Z"));
        format!("BilledCost,ChargePeriodStart,ChargePeriodEnd,SubAccountId,x_Model\n{usd},{start},{end},north,m\n")
    };
    fs::write(
        folder.path().join("budgets.yaml"),
        "time_zone: UTC\nbudgets: [{ name: all, usd: \"10\", period: day }]\n",
    )?;
    let words = ["budget", "--rows", "rows.csv", "--budgets", "budgets.yaml", "--alerts", "alerts.yaml"];
    let firing = || -> Option<Vec<Value>> {
        get(&format!("{url}/api/v2/alerts?filter=alertname%3DBudgetExceeded"))?.as_array().cloned()
    };
    fs::write(folder.path().join("rows.csv"), table("10.01"))?;
    ends(folder.path(), &words, 1)?;
    let alerts = until("heard", || firing().filter(|alerts| !alerts.is_empty()))?;
    assert_eq!((alerts.len(), &alerts[0]["labels"]["budget"]), (1, &json!("all")), "{alerts:?}");
    fs::write(folder.path().join("rows.csv"), table("0.01"))?;
    ends(folder.path(), &words, 0)?;
    until("over", || firing().filter(Vec::is_empty))?;
    Ok(Completion::Completed)
}

fn a_gateway_asks() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name);
    fs::copy(data().join("policy.yaml"), path("policy.yaml"))?;
    fs::copy(data().join("budgets.yaml"), path("budgets.yaml"))?;
    let now = jiff::Timestamp::now();
    let (start, end) = (now.strftime("%FT%H:00:00Z"), now.strftime("%FT%H:59:59Z"));
    fs::write(
        path("rows.csv"),
        format!("BilledCost,ChargePeriodStart,ChargePeriodEnd,x_Model\n61,{start},{end},gpt-5\n"),
    )?;
    let words = [
        "serve",
        "--policy",
        "policy.yaml",
        "--state",
        "state.json",
        "--trail",
        "trail.jsonl",
        "--listen",
        "127.0.0.1:0",
        "--ready-file",
        "ready",
    ];
    let child =
        Command::new(COMMAND).arg("finops").args(words).current_dir(folder.path()).stderr(Stdio::null()).spawn()?;
    let mut running = Running(child);
    let url = until("ready", || fs::read_to_string(path("ready")).ok())?;
    let ask = |body: &'static str| {
        let answer = block_on(async { http().post(format!("{url}/v1/decide")).body(body).send().await.unwrap() });
        let status = answer.status().as_u16();
        (status, block_on(async { answer.json::<Value>().await.unwrap() }))
    };
    const GPT_5: &str = r#"{"model": "gpt-5", "tenant": "north"}"#;
    let (status, unknown) = ask(GPT_5);
    assert!(status == 200 && unknown["known"] == false && unknown["action"] == "allow", "{unknown}");
    ends(folder.path(), &["budget", "--rows", "rows.csv", "--budgets", "budgets.yaml", "--state", "state.json"], 1)?;
    let (_, switched) = ask(GPT_5);
    assert!(
        switched["action"] == "switch" && switched["model"] == "gpt-5-mini" && switched["budget"] == "gpt-5",
        "{switched}"
    );
    let later = now.checked_add(jiff::SignedDuration::from_hours(1))?.to_string();
    let grant = [
        "override",
        "grant",
        "--trail",
        "trail.jsonl",
        "--policy",
        "policy.yaml",
        "--budget",
        "gpt-5",
        "--owner",
        "ana",
        "--reason",
        "launch",
        "--until",
        &later,
    ];
    ends(folder.path(), &grant, 0)?;
    let (_, allowed) = ask(GPT_5);
    assert!(allowed["action"] == "allow" && allowed["overridden"]["owner"] == "ana", "{allowed}");
    assert_eq!(ask("{\"modell\": 1}").0, 400);
    nix::sys::signal::kill(
        nix::unistd::Pid::from_raw(i32::try_from(running.0.id())?),
        nix::sys::signal::Signal::SIGTERM,
    )?;
    assert!(running.0.wait()?.success());
    Ok(())
}

fn bad_input() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let check = |name: &str, content: &str, words: &[&str], code: i32, expected: &str| -> Result<(), Failed> {
        fs::write(folder.path().join(name), content)?;
        let said = ends(folder.path(), words, code)?;
        assert!(said.contains(expected), "{said}");
        Ok(())
    };
    let map = r#"{"source": "s", "prices": [{"model": "m", "litellm_provider": "p", "valid_from": "2026-01-01", "input_cost_per_token": 1e-06}]}"#;
    fs::write(folder.path().join("good.json"), map)?;
    fs::write(folder.path().join("usage.jsonl"), spans(1))?;
    let price = ["price", "--usage", "usage.jsonl", "--out", "out.csv", "--prices"];
    let with = |map: &'static str| [&price[..], &[map]].concat();
    check("bad.json", &map.replace("1e-06", "cheap"), &with("bad.json"), 2, "input_cost_per_token of m is cheap")?;
    check("bad.json", "{", &with("bad.json"), 2, "bad.json")?;
    check("x", "", &with("good.json"), 1, "the price map has no gpt-5")?;
    check("x", "", &with("absent.json"), 2, "cannot read absent.json")?;
    let rows = "BilledCost,ChargePeriodStart,ChargePeriodEnd\n1,2026-01-01T00:00:00Z,2026-01-02T00:00:00Z\n";
    let budgets = "time_zone: UTC\nbudgets: [{ name: a, usd: \"1\", period: month }]\n";
    fs::write(folder.path().join("rows.csv"), rows)?;
    fs::write(folder.path().join("budgets.yaml"), budgets)?;
    let words = ["budget", "--rows", "rows.csv", "--budgets", "budgets.yaml", "--at", "2026-01-15T00:00:00Z"];
    check("x", "", &words, 0, "$1.00 of $1.00")?;
    check("rows.csv", &rows.replace("\n1,", "\none,"), &words, 2, "rows.csv:2: BilledCost is `one`")?;
    check("rows.csv", &rows.replace("BilledCost", "Billed"), &words, 2, "no column BilledCost")?;
    check("rows.csv", &format!("{rows}1,2026-01-01T00:00:00Z\n"), &words, 2, "rows.csv:3")?;
    fs::write(folder.path().join("rows.csv"), rows)?;
    check("budgets.yaml", &budgets.replace("UTC", "Mars/Olympus"), &words, 2, "no time zone is called Mars/Olympus")?;
    check("budgets.yaml", &budgets.replace("\"1\"", "\"-1\""), &words, 2, "expected a decimal number above zero")?;
    check("budgets.yaml", &budgets.replace("period: month", "period: year"), &words, 2, "budgets.yaml:2")?;
    let policy = "when_unknown: open\nrules: [{ budget: a, at_share: \"1\", action: switch }]\n";
    check(
        "policy.yaml",
        policy,
        &["decide", "--policy", "policy.yaml", "--state", "s", "--model", "m"],
        2,
        "rule on a: action switch",
    )?;
    Ok(())
}
