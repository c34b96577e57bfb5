//! The command's alerts against receivers that misbehave, and against Debian's real Alertmanager, which delivers to a webhook here.

use super::scripted::{Asked, Scripted, json, with};
use super::target::block_on;
use jiff::Timestamp;
use libtest_mimic::{Completion, Failed, Trial};
use mod_106::alerts::{SIGNATURE_HEADER, TIMESTAMP_HEADER, verify};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::process::{Child, Command};

pub(crate) const SECRET: &str = "correct-horse-battery-staple";
const IMPATIENT: &str = "retries: 5, first_wait_s: 0.01, timeout_s: 0.5";

/// `mod-106 alerts …` in a folder, with the sink's secret in its environment.
fn command(folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mod-106"));
    command.arg("alerts").args(words).current_dir(folder).kill_on_drop(true);
    command.env("HOOK_SECRET", SECRET).env("NO_PROXY", "127.0.0.1").stdin(Stdio::null());
    command
}

async fn run(folder: &Path, words: &[&str], exit: i32) -> Result<Output, Failed> {
    let output = command(folder, words).output().await?;
    if output.status.code() != Some(exit) {
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(format!("{words:?}: expected exit code {exit}, found {}: {text}", output.status).into());
    }
    Ok(output)
}

fn configure(folder: &Path, url: &str, more: &str) {
    let text = format!(
        "receivers:\n  hook: {{ kind: webhook, url: '{url}', secret_env: HOOK_SECRET, {more} }}\ndefault: [hook]\n"
    );
    std::fs::write(folder.join("alerts.yaml"), text).unwrap();
}

fn alert(name: &str, severity: &str, suite: &str) -> Value {
    serde_json::json!({ "name": name, "severity": severity, "owner": "fraud", "summary": "s", "labels": { "suite": suite } })
}

fn write(folder: &Path, alerts: &[Value]) {
    std::fs::write(folder.join("alerts.json"), Value::from(alerts).to_string()).unwrap();
}

/// Whether a delivery is signed with the secret, now.
pub(crate) fn signed(asked: &Asked) -> bool {
    let timestamp_s = asked.header(TIMESTAMP_HEADER).and_then(|text| text.parse().ok()).unwrap_or_default();
    let signature = asked.header(SIGNATURE_HEADER).unwrap_or_default();
    verify(&SECRET.into(), timestamp_s, asked.body.as_bytes(), signature, Timestamp::now())
}

fn keys(asked: &[Asked]) -> BTreeSet<String> {
    asked.iter().filter_map(|asked| asked.header("idempotency-key").map(str::to_owned)).collect()
}

pub(crate) fn a_receiver_that_stumbles_is_told_once_under_one_key() -> Result<(), Failed> {
    block_on(async {
        let folder = tempfile::tempdir()?;
        let sink = Scripted::start(|number, _| match number {
            0 => with("429 Too Many Requests", "retry-after: 0", ""),
            1 => json("500 Internal Server Error", "{}"),
            2 => None,
            3 => Some("HTTP/1.1 200 O".to_owned()),
            _ => json("200 OK", "{}"),
        });
        let sink = sink.await;
        configure(folder.path(), &sink.uri, IMPATIENT);
        write(folder.path(), &[alert("Drift", "warning", "a")]);
        run(folder.path(), &["send", "alerts.json"], 0).await?;
        let asked = sink.asked();
        assert_eq!((asked.len(), keys(&asked).len()), (5, 1));
        assert!(asked.iter().all(signed));
        run(folder.path(), &["send", "alerts.json"], 0).await?;
        assert_eq!(sink.asked().len(), 5, "told twice");
        Ok(())
    })
}

pub(crate) fn what_a_stalled_receiver_misses_is_kept_and_sent_later() -> Result<(), Failed> {
    block_on(async {
        let folder = tempfile::tempdir()?;
        // Connections are made, and never answered.
        let stalled = std::net::TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}", stalled.local_addr()?);
        configure(folder.path(), &url, "retries: 1, first_wait_s: 0.01, timeout_s: 0.2");
        write(folder.path(), &[alert("Drift", "warning", "a")]);
        let output = run(folder.path(), &["send", "alerts.json"], 1).await?;
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(text.contains("no answer within 0.2 s, 2 times") && text.contains("sent again next time"), "{text}");
        configure(folder.path(), "http://127.0.0.1:1", "retries: 0");
        run(folder.path(), &["send"], 3).await?;
        let sink = Scripted::start(|_, _| json("200 OK", "{}")).await;
        configure(folder.path(), &sink.uri, IMPATIENT);
        run(folder.path(), &["send"], 0).await?;
        assert_eq!(sink.asked().len(), 1);
        Ok(())
    })
}

pub(crate) fn who_is_killed_while_sending_sends_again_under_the_same_key() -> Result<(), Failed> {
    block_on(async {
        let folder = tempfile::tempdir()?;
        let stalled = std::net::TcpListener::bind("127.0.0.1:0")?;
        configure(folder.path(), &format!("http://{}", stalled.local_addr()?), "timeout_s: 60");
        write(folder.path(), &[alert("Drift", "warning", "a")]);
        let mut sending = command(folder.path(), &["send", "alerts.json"]).spawn()?;
        let state = folder.path().join("alerts.state.json");
        until("the state file", || {
            std::fs::read_to_string(&state).is_ok_and(|text| text.contains("\"due\": \"firing\""))
        })
        .await?;
        // SIGKILL.
        sending.kill().await?;
        let written: Value = serde_json::from_str(&std::fs::read_to_string(&state)?)?;
        let entry = written["receivers"]["hook"]["alerts"].as_object().and_then(|all| all.iter().next());
        let (fingerprint, entry) = entry.ok_or("nothing is due")?;
        let start: Timestamp = entry["alert"]["starts_at"].as_str().unwrap_or_default().parse()?;
        let sink = Scripted::start(|_, _| json("200 OK", "{}")).await;
        configure(folder.path(), &sink.uri, IMPATIENT);
        run(folder.path(), &["send", "alerts.json"], 0).await?;
        let expected = format!("{fingerprint}-{}-firing", start.as_millisecond());
        assert_eq!(keys(&sink.asked()), BTreeSet::from([expected]));
        Ok(())
    })
}

pub(crate) fn alerts_keep_secrets_secret() -> Result<(), Failed> {
    block_on(async {
        let folder = tempfile::tempdir()?;
        let echo = format!("you said {SECRET}");
        let sink = Scripted::start(move |_, _| with("403 Forbidden", "x: y", &echo)).await;
        configure(folder.path(), &sink.uri, IMPATIENT);
        write(folder.path(), &[alert("Drift", "warning", "a")]);
        let output = run(folder.path(), &["send", "alerts.json", "--json"], 1).await?;
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned()
            + &std::fs::read_to_string(folder.path().join("alerts.state.json"))?;
        assert!(said.contains("you said ***") && !said.contains(SECRET), "{said}");
        assert_eq!(sink.asked().len(), 1, "a refusal was repeated");
        Ok(())
    })
}

pub(crate) fn a_storm_becomes_a_summary_and_its_end() -> Result<(), Failed> {
    block_on(async {
        let folder = tempfile::tempdir()?;
        let sink = Scripted::start(|_, _| json("200 OK", "{}")).await;
        configure(folder.path(), &sink.uri, "burst: 3, per_minute: 6000");
        let storm: Vec<_> = (0..40).map(|number| alert(&format!("Column{number}"), "warning", "a")).collect();
        write(folder.path(), &storm);
        run(folder.path(), &["send", "alerts.json", "--source", "night"], 0).await?;
        let bodies =
            || sink.asked().iter().map(|asked| serde_json::from_str(&asked.body).unwrap()).collect::<Vec<Value>>();
        let told = bodies();
        let summary = told.last().ok_or("nothing was sent")?;
        assert_eq!((told.len(), &summary["alert"]["name"]), (3, &Value::from("AlertsHeldBack")));
        let everything = told.iter().map(Value::to_string).collect::<String>();
        assert!((0..40).all(|number| everything.contains(&format!("Column{number}"))), "something was lost");
        write(folder.path(), &[]);
        tokio::time::sleep(Duration::from_millis(100)).await;
        run(folder.path(), &["send", "alerts.json", "--source", "night"], 0).await?;
        let ends = bodies().iter().skip(3).filter(|body| body["status"] == "resolved").count();
        assert_eq!(ends, 3);
        Ok(())
    })
}

async fn until(what: &str, holds: impl Fn() -> bool) -> Result<(), Failed> {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !holds() {
        if Instant::now() > deadline {
            return Err(format!("{what} did not come within a minute").into());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// The real Alertmanager, if it is on this machine.
pub(crate) fn alertmanager_trial() -> Trial {
    Trial::ignorable_test("alertmanager::groups-de-duplicates-and-resolves", || {
        for program in ["prometheus-alertmanager", "amtool"] {
            if std::process::Command::new(program).arg("--version").output().is_err() {
                return Ok(Completion::ignored_with(format!(
                    "no {program} here; on Debian, install prometheus-alertmanager"
                )));
            }
        }
        block_on(groups_de_duplicates_and_resolves()).map(|()| Completion::Completed)
    })
}

async fn start_alertmanager(folder: &Path, sink: &str) -> Result<(Child, String), Failed> {
    let settings = format!(
        "route: {{ receiver: sink, group_by: [suite], group_wait: 300ms, group_interval: 500ms, repeat_interval: 1h }}\n\
         receivers: [{{ name: sink, webhook_configs: [{{ url: '{sink}/', send_resolved: true }}] }}]\n"
    );
    let file = folder.join("alertmanager.yml");
    std::fs::write(&file, settings)?;
    let checked = Command::new("amtool").arg("check-config").arg(&file).output().await?;
    if !checked.status.success() {
        return Err(format!("amtool: {}", String::from_utf8_lossy(&checked.stderr)).into());
    }
    // It cannot report a port that it chose itself; this one is free now, and nobody else is told of it.
    let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let mut command = Command::new("prometheus-alertmanager");
    command
        .arg(format!("--config.file={}", file.display()))
        .arg(format!("--storage.path={}", folder.join("data").display()));
    command.arg(format!("--web.listen-address=127.0.0.1:{port}")).arg("--cluster.listen-address=");
    command
        .env("NO_PROXY", "127.0.0.1")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let alertmanager = command.spawn()?;
    until("Alertmanager", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()).await?;
    Ok((alertmanager, format!("http://127.0.0.1:{port}")))
}

/// What Alertmanager said to its webhook: status and the alerts' names with theirs, sorted.
fn said(sink: &Scripted) -> Vec<(String, Vec<String>)> {
    let body = |asked: &Asked| {
        let body: Value = serde_json::from_str(&asked.body).unwrap_or_default();
        let alerts = body["alerts"].as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let name = |alert: &Value| format!("{} {}", text(&alert["labels"]["alertname"]), text(&alert["status"]));
        let mut names: Vec<_> = alerts.iter().map(name).collect();
        names.sort();
        (text(&body["status"]), names)
    };
    let mut all: Vec<_> = sink.asked().iter().map(body).collect();
    all.sort();
    all
}

async fn groups_de_duplicates_and_resolves() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let path = folder.path();
    let sink = Scripted::start(|_, _| json("200 OK", "{}")).await;
    let (mut alertmanager, url) = start_alertmanager(path, &sink.uri).await?;
    let text = format!("receivers: {{ am: {{ kind: alertmanager, url: '{url}' }} }}\ndefault: [am]\n");
    std::fs::write(path.join("alerts.yaml"), text)?;
    let send = ["send", "alerts.json", "--source", "daily"];

    let all = [alert("Drift", "warning", "a"), alert("Nulls", "critical", "a"), alert("Drift", "warning", "b")];
    write(path, &all);
    run(path, &send, 0).await?;
    let group = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let firing = vec![
        ("firing".to_owned(), group(&["Drift firing"])),
        ("firing".to_owned(), group(&["Drift firing", "Nulls firing"])),
    ];
    until("one notification for each group", || said(&sink).len() >= 2).await?;
    assert_eq!(said(&sink), firing);

    // Said again, it is news to nobody: neither a second alert nor a second notification within several group intervals.
    let calm = AtomicUsize::new(0);
    run(path, &send, 0).await?;
    until("some calm", || calm.fetch_add(1, Ordering::Relaxed) > 75).await?;
    assert_eq!(said(&sink), firing);
    // Losing the race to another installer is fine: what counts is that one is there.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let known = reqwest::Client::builder().no_proxy().build()?.get(format!("{url}/api/v2/alerts")).send().await?;
    assert_eq!(known.json::<Vec<Value>>().await?.len(), 3);

    // One is over: it is not reported any more, and nobody says so but its absence.
    write(path, &all[..2]);
    run(path, &send, 0).await?;
    until("the end of the second group", || said(&sink).len() > 2).await?;
    assert!(said(&sink).contains(&("resolved".to_owned(), group(&["Drift resolved"]))), "{:?}", said(&sink));
    write(path, &[]);
    run(path, &send, 0).await?;
    let over = ("resolved".to_owned(), group(&["Drift resolved", "Nulls resolved"]));
    until("the end of the first group", || said(&sink).contains(&over)).await?;
    alertmanager.kill().await?;
    Ok(())
}
