//! `mod-106 alerts test`, `routes` and `send`, run for real: what arrives at a listening sink is held against what Slack, PagerDuty
//! and our own webhook's description say, not against a picture of it.
//!
//! - Slack: <https://docs.slack.dev/reference/block-kit/blocks>, <https://docs.slack.dev/messaging/formatting-message-text>
//! - PagerDuty: <https://developer.pagerduty.com/docs/events-api-v2/trigger-events/>

use super::alerts::{SECRET, signed};
use super::scripted::{Asked, Scripted, json};
use super::target::block_on;
use libtest_mimic::{Failed, Trial};
use mod_106::alerts::{SIGNATURE_HEADER, TIMESTAMP_HEADER, verify};
use serde_json::{Value, json as object};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Output, Stdio};
use tokio::process::Command;

const ROUTING_KEY: &str = "0123456789abcdef0123456789abcdef";

pub(crate) fn trials() -> [Trial; 4] {
    [
        Trial::test("receivers::a-test-arrives-and-ends-everywhere", a_test_arrives_and_ends_everywhere),
        Trial::test("receivers::a-test-says-who-was-not-reached", a_test_says_who_was_not_reached),
        Trial::test("receivers::routes-say-where-alerts-really-go", routes_say_where_alerts_really_go),
        Trial::test(
            "receivers::hostile-alerts-keep-to-the-receivers-rules",
            hostile_alerts_keep_to_the_receivers_rules,
        ),
    ]
}

/// A folder with a configuration whose three receivers are one sink, told apart by path.
struct Office {
    folder: tempfile::TempDir,
    sink: Scripted,
}

impl Office {
    async fn open(routes: &str) -> Result<Self, Failed> {
        let (folder, sink) = (tempfile::tempdir()?, Scripted::start(|_, _| json("202 Accepted", "{}")).await);
        let text = format!(
            "receivers:\n  hook: {{ kind: webhook, url: '{0}/hook', secret_env: HOOK_SECRET }}\n  \
             chat: {{ kind: slack, url_env: SLACK_URL }}\n  \
             pager: {{ kind: pagerduty, url: '{0}/v2/enqueue', secret_env: PAGERDUTY_KEY }}\n{routes}",
            sink.uri
        );
        std::fs::write(folder.path().join("alerts.yaml"), text)?;
        Ok(Self { folder, sink })
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    async fn run(&self, words: &[&str], exit: i32) -> Result<Output, Failed> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mod-106"));
        command.arg("alerts").args(words).current_dir(self.path()).stdin(Stdio::null()).kill_on_drop(true);
        command.env("HOOK_SECRET", SECRET).env("PAGERDUTY_KEY", ROUTING_KEY).env("NO_PROXY", "127.0.0.1");
        command.env("SLACK_URL", format!("{}/services/T0/B0/token", self.sink.uri));
        let output = command.output().await?;
        if output.status.code() == Some(exit) {
            return Ok(output);
        }
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        Err(format!("{words:?}: expected exit code {exit}, found {}: {said}", output.status).into())
    }

    /// What arrived at each path, in order.
    fn arrived(&self) -> BTreeMap<String, Vec<Asked>> {
        let mut arrived: BTreeMap<String, Vec<Asked>> = BTreeMap::new();
        for asked in self.sink.asked() {
            arrived.entry(asked.line().to_owned()).or_default().push(asked);
        }
        arrived
    }
}

fn body(asked: &Asked) -> Result<Value, Failed> {
    assert_eq!(asked.header("content-type"), Some("application/json"));
    serde_json::from_str(&asked.body).map_err(|error| format!("{error}: {}", asked.body).into())
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn length(text: &str) -> usize {
    text.chars().count()
}

/// What PagerDuty refuses, it refuses for this.
fn is_for_pagerduty(asked: &Asked, action: &str) -> Result<Value, Failed> {
    assert!(asked.body.len() <= 512 * 1024, "an event of {} bytes", asked.body.len());
    let event = body(asked)?;
    assert_eq!((text(&event, "/routing_key"), text(&event, "/event_action")), (ROUTING_KEY, action));
    assert!((1..=255).contains(&length(text(&event, "/dedup_key"))), "{event}");
    assert!((1..=1024).contains(&length(text(&event, "/payload/summary"))), "{event}");
    assert!(!text(&event, "/payload/source").is_empty(), "{event}");
    assert!(["critical", "error", "warning", "info"].contains(&text(&event, "/payload/severity")), "{event}");
    assert!(text(&event, "/payload/timestamp").parse::<jiff::Timestamp>().is_ok(), "{event}");
    for link in event["links"].as_array().into_iter().flatten() {
        assert!(text(link, "/href").starts_with("http") && !text(link, "/text").is_empty(), "{link}");
    }
    let known = ["routing_key", "event_action", "dedup_key", "payload", "images", "links", "client", "client_url"];
    let unknown: Vec<_> = event.as_object().into_iter().flat_map(|event| event.keys()).collect();
    assert!(unknown.iter().all(|key| known.contains(&key.as_str())), "{unknown:?}");
    Ok(event)
}

/// What Slack refuses, or would understand as something that was not meant.
fn is_for_slack(asked: &Asked) -> Result<Value, Failed> {
    let message = body(asked)?;
    let blocks = message["blocks"].as_array().cloned().unwrap_or_default();
    assert!((1..=50).contains(&blocks.len()), "{} blocks", blocks.len());
    let mut texts = vec![text(&message, "/text").to_owned()];
    for block in &blocks {
        match text(block, "/type") {
            "header" => {
                assert_eq!(text(block, "/text/type"), "plain_text");
                assert!((1..=150).contains(&length(text(block, "/text/text"))), "{block}");
            }
            "section" => texts.push(text(block, "/text/text").to_owned()),
            "context" => {
                let elements = block["elements"].as_array().cloned().unwrap_or_default();
                assert!((1..=10).contains(&elements.len()), "{block}");
                texts.extend(elements.iter().map(|element| text(element, "/text").to_owned()));
            }
            other => return Err(format!("a block of type {other:?}").into()),
        }
    }
    let links = regex::Regex::new(r"<https?://[^<>|\s]+\|\w+>").unwrap();
    for text in texts {
        assert!((1..=3000).contains(&length(&text)), "{} characters", length(&text));
        let bare = links.replace_all(&text, "").replace("&amp;", "").replace("&lt;", "").replace("&gt;", "");
        assert!(!bare.contains(['<', '>', '&']), "something is not escaped: {bare}");
    }
    Ok(message)
}

/// What our own receivers are promised.
fn is_for_a_webhook(asked: &Asked, status: &str) -> Result<Value, Failed> {
    assert!(signed(asked), "the signature is not one of this body, with this secret, now");
    let timestamp_s = asked.header(TIMESTAMP_HEADER).and_then(|text| text.parse().ok()).unwrap_or_default();
    let signature = asked.header(SIGNATURE_HEADER).unwrap_or_default();
    let forged = asked.body.replacen(status, "forged", 1);
    assert!(!verify(&SECRET.into(), timestamp_s, forged.as_bytes(), signature, jiff::Timestamp::now()));
    let told = body(asked)?;
    assert_eq!((&told["version"], text(&told, "/status")), (&Value::from(1), status));
    assert_eq!(asked.header("idempotency-key"), Some(text(&told, "/idempotency_key")));
    assert!(!text(&told, "/fingerprint").is_empty());
    Ok(told)
}

fn a_test_arrives_and_ends_everywhere() -> Result<(), Failed> {
    block_on(async {
        let office = Office::open("default: [hook]\n").await?;
        let output = office.run(&["test", "--json"], 0).await?;
        let told: Value = serde_json::from_slice(&output.stdout)?;
        let fates: BTreeSet<_> = told
            .as_array()
            .into_iter()
            .flatten()
            .map(|it| format!("{} {} {}", text(it, "/receiver"), text(it, "/status"), text(it, "/fate")))
            .collect();
        let all = ["chat", "hook", "pager"].into_iter();
        let all = all.flat_map(|name| ["firing", "resolved"].map(|status| format!("{name} {status} delivered")));
        assert_eq!(fates, all.collect());

        let arrived = office.arrived();
        let paths: Vec<_> = arrived.iter().map(|(path, asked)| (path.as_str(), asked.len())).collect();
        assert_eq!(paths, [("POST /hook", 2), ("POST /services/T0/B0/token", 2), ("POST /v2/enqueue", 2)]);
        let hook = &arrived["POST /hook"];
        let (began, ended) = (is_for_a_webhook(&hook[0], "firing")?, is_for_a_webhook(&hook[1], "resolved")?);
        assert_eq!(began["fingerprint"], ended["fingerprint"]);
        assert_ne!(began["idempotency_key"], ended["idempotency_key"]);
        assert_eq!(text(&began, "/alert/summary"), "a test: nothing is wrong");
        let pager = &arrived["POST /v2/enqueue"];
        let (began, ended) = (is_for_pagerduty(&pager[0], "trigger")?, is_for_pagerduty(&pager[1], "resolve")?);
        assert_eq!(began["dedup_key"], ended["dedup_key"], "another key would leave the incident open");
        let chat = &arrived["POST /services/T0/B0/token"];
        let (began, ended) = (is_for_slack(&chat[0])?, is_for_slack(&chat[1])?);
        assert!(text(&began, "/text").contains("TestAlert") && text(&ended, "/text").contains("resolved"));
        // Only the webhook's secret signs; nobody else is shown one, or a signature made with one.
        assert!(pager.iter().chain(chat).all(|asked| asked.header(SIGNATURE_HEADER).is_none()));
        assert!(office.sink.asked().iter().all(|asked| !asked.body.contains(SECRET) && !asked.head.contains(SECRET)));
        let left: Vec<_> = std::fs::read_dir(office.path())?.map(|file| file.unwrap().file_name()).collect();
        assert_eq!(left, ["alerts.yaml"], "a test leaves nothing behind that real alerts would be compared with");
        Ok(())
    })
}

fn a_test_says_who_was_not_reached() -> Result<(), Failed> {
    block_on(async {
        let office = Office::open("default: [hook]\n").await?;
        office.run(&["test", "--dry-run"], 0).await?;
        assert!(office.sink.asked().is_empty(), "a dry run sent something");
        office.run(&["test", "--receiver", "chat"], 0).await?;
        assert_eq!(office.arrived().into_keys().collect::<Vec<_>>(), ["POST /services/T0/B0/token"]);
        let output = office.run(&["test", "--receiver", "chta"], 2).await?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("expected one of chat, hook, pager") && said.contains("alerts routes"), "{said}");
        // The others are tested all the same.
        let config = std::fs::read_to_string(office.path().join("alerts.yaml"))?;
        let dead = config.replace(&format!("{}/hook", office.sink.uri), "http://127.0.0.1:1/hook");
        std::fs::write(office.path().join("alerts.yaml"), dead.replace("HOOK_SECRET }", "HOOK_SECRET, retries: 0 }"))?;
        let output = office.run(&["test"], 3).await?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("the test did not reach hook") && said.contains("mend the receiver"), "{said}");
        assert_eq!(office.arrived()["POST /v2/enqueue"].len(), 2);
        Ok(())
    })
}

fn routes_say_where_alerts_really_go() -> Result<(), Failed> {
    block_on(async {
        let office = Office::open(
            "routes:\n  - { severity: [critical], to: [pager], continue: true }\n  - { owner: [fraud], to: [chat] }\n\
             default: [hook]\n",
        )
        .await?;
        let alert = |name: &str, severity: &str, owner: &str| object!({ "name": name, "severity": severity, "owner": owner, "summary": name, "labels": { "n": name } });
        let alerts = [
            alert("CriticalOfFraud", "critical", "fraud"),
            alert("CriticalOfOthers", "critical", "risk"),
            alert("WarningOfFraud", "warning", "fraud"),
            alert("WarningOfOthers", "warning", "risk"),
        ];
        std::fs::write(office.path().join("alerts.json"), Value::from(alerts.as_slice()).to_string())?;
        let output = office.run(&["routes", "alerts.json", "--json"], 0).await?;
        assert!(office.sink.asked().is_empty(), "explaining sent something");
        let explained: Value = serde_json::from_slice(&output.stdout)?;
        let mut said: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for alert in explained.as_array().into_iter().flatten() {
            for receiver in alert["receivers"].as_array().into_iter().flatten() {
                let receiver = receiver.as_str().unwrap_or_default().to_owned();
                said.entry(receiver).or_default().insert(text(alert, "/alert").to_owned());
            }
            assert!(!alert["steps"].as_array().unwrap().is_empty(), "no reason is given: {alert}");
        }
        office.run(&["send", "alerts.json"], 0).await?;
        let mut went: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for asked in office.sink.asked() {
            let receiver = match asked.line() {
                "POST /hook" => "hook",
                "POST /v2/enqueue" => "pager",
                _ => "chat",
            };
            let names = alerts.iter().map(|alert| text(alert, "/name")).filter(|name| asked.body.contains(name));
            went.entry(receiver.to_owned()).or_default().extend(names.map(str::to_owned));
        }
        assert_eq!(said, went);
        let sets = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
        assert_eq!(went["pager"], sets(&["CriticalOfFraud", "CriticalOfOthers"]));
        assert_eq!(went["chat"], sets(&["CriticalOfFraud", "WarningOfFraud"]));
        assert_eq!(went["hook"], sets(&["WarningOfOthers"]), "the default is for what no route took");
        let table = office.run(&["routes", "alerts.json"], 0).await?;
        let table = String::from_utf8_lossy(&table.stdout).into_owned();
        assert!(table.contains("CriticalOfFraud") && table.contains("pager, chat"), "{table}");
        let all = office.run(&["routes"], 0).await?;
        let all = String::from_utf8_lossy(&all.stdout).into_owned();
        assert!(all.contains("what no route took") && all.contains("continues"), "{all}");
        Ok(())
    })
}

fn hostile_alerts_keep_to_the_receivers_rules() -> Result<(), Failed> {
    block_on(async {
        let office = Office::open("default: [hook, chat, pager]\n").await?;
        let annotations: BTreeMap<_, _> = (0..60)
            .map(|number| (format!("link_{number}"), format!("https://example.org/?a=1&b=<{}>", "x".repeat(number))))
            .chain([("report".to_owned(), "https://example.org/?a=1&b=2".to_owned())])
            .collect();
        let hostile = object!({
            "name": "<!channel> \"quoted\" 日本 & é \u{202e}", "severity": "critical", "owner": "a<b>&c",
            "summary": "&<>".repeat(3_000), "description": "<!here> *bold* `code` ".repeat(20_000),
            "labels": { "column": "<!everyone>", "slice": "\"\\\n" }, "annotations": annotations,
        });
        std::fs::write(office.path().join("alerts.json"), hostile.to_string())?;
        office.run(&["send", "alerts.json"], 0).await?;
        let arrived = office.arrived();
        let told = is_for_a_webhook(&arrived["POST /hook"][0], "firing")?;
        assert_eq!(told["alert"]["summary"], hostile["summary"], "our own receivers get everything");
        let event = is_for_pagerduty(&arrived["POST /v2/enqueue"][0], "trigger")?;
        assert_eq!(event["payload"]["custom_details"]["labels"], hostile["labels"]);
        let message = is_for_slack(&arrived["POST /services/T0/B0/token"][0])?;
        assert!(message.to_string().contains("<https://example.org/?a=1&amp;b=2|report>"), "{message}");
        Ok(())
    })
}
