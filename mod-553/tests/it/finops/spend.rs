//! Spend is controlled, not only watched: the reference service asks the policy before it buys words, and its predictions never wait for it.

use super::super::serving::{Serving, block_on, payment};
use super::ends;
use libtest_mimic::Failed;
use serde_json::{Value, json};
use std::fs;
use std::time::Duration;

const SWITCH: &str = "when_unknown: open
rules:
  - { budget: words, at_share: \"1.0\", action: switch, to: template-explainer-brief }
";

pub(super) fn policy_holds() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name);
    fs::write(path("policy.yaml"), SWITCH)?;
    let budget = "budgets:\n  - { name: words, usd: \"1.00\", period: day, model: template-explainer }\n";
    fs::write(path("budgets.yaml"), format!("time_zone: UTC\n{budget}"))?;
    let files = ["policy.yaml", "state.json", "trail.jsonl"].map(|name| path(name).display().to_string());
    let [policy, state, trail] = [&files[0], &files[1], &files[2]];
    let serving = Serving::start(&["--spend-policy", policy, "--spend-state", state, "--spend-trail", trail])?;
    let ask = || {
        // What was answered a second ago no longer holds.
        std::thread::park_timeout(Duration::from_millis(1_100));
        let (status, answer) = block_on(serving.predict(&json!({ "features": payment(), "explain": true })));
        assert!(status == 200 && answer["decision"].is_string(), "{answer}");
        answer
    };
    let usual = ask();
    assert_eq!((&usual["usage"]["model"], &usual["spend"]), (&json!("template-explainer"), &Value::Null), "{usual}");

    let now = jiff::Timestamp::now();
    let (start, end) = (now.strftime("%FT%H:00:00Z"), now.strftime("%FT%H:59:59Z"));
    let header = "BilledCost,ChargePeriodStart,ChargePeriodEnd,x_Model";
    fs::write(path("rows.csv"), format!("{header}\n2,{start},{end},template-explainer\n"))?;
    ends(folder.path(), &["budget", "--rows", "rows.csv", "--budgets", "budgets.yaml", "--state", "state.json"], 1)?;
    let brief = ask();
    assert_eq!(brief["usage"]["model"], "template-explainer-brief", "{brief}");
    assert_eq!(brief["spend"]["outcome"], "switched", "{brief}");
    let tokens = |answer: &Value| answer["usage"]["input_tokens"].as_u64().unwrap();
    assert!(tokens(&brief) < tokens(&usual), "{brief} {usual}");

    let until = now.checked_add(jiff::SignedDuration::from_hours(1))?.to_string();
    let files = ["override", "grant", "--trail", "trail.jsonl", "--policy", "policy.yaml", "--budget", "words"];
    let who = ["--owner", "ana", "--reason", "launch", "--until", &until];
    ends(folder.path(), &[&files[..], &who[..]].concat(), 0)?;
    assert_eq!(ask()["spend"], Value::Null);

    fs::remove_file(path("trail.jsonl"))?;
    fs::write(path("policy.yaml"), SWITCH.replace("action: switch, to: template-explainer-brief", "action: refuse"))?;
    let refused = ask();
    assert_eq!((&refused["explanation"], &refused["spend"]["outcome"]), (&Value::Null, &json!("refused")), "{refused}");
    fs::write(path("policy.yaml"), "rules: {")?;
    let unknown = ask();
    assert_eq!((&unknown["explanation"], &unknown["spend"]["outcome"]), (&Value::Null, &json!("unknown")), "{unknown}");

    let metrics = block_on(serving.metrics());
    for (outcome, count) in [("allowed", 2), ("switched", 1), ("refused", 1), ("unknown", 1), ("throttled", 0)] {
        let line = format!("business_spend_decisions_total{{outcome=\"{outcome}\"}} {count}");
        assert!(metrics.lines().any(|found| found == line), "{line} is not in\n{metrics}");
    }
    Ok(())
}
