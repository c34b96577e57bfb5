//! A real Alertmanager with the generated configuration: what it accepts, where it sends, what it groups, inhibits, silences and
//! resolves; and our webhook, which folds what comes again. Then the bad days: a webhook that answers 500 for an hour, an Alertmanager
//! that is down.

use super::environment::{COMMAND, absent};
use super::prometheus::{free_port, observability, ours};
use super::serving::{block_on, http};
use jiff::{SignedDuration, Timestamp};
use libtest_mimic::{Completion, Failed, Trial};
use serde_json::{Value, json};
use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::ignorable_test("alertmanager::amtool-accepts-and-routes-every-alert", amtool_accepts),
        Trial::ignorable_test("alertmanager::a-live-one-groups-inhibits-silences-and-resolves", live),
        Trial::ignorable_test("alertmanager::two-of-them-tell-everything-twice-and-it-is-one", duplicates),
        Trial::ignorable_test("alertmanager::twenty-alerts-at-once-are-one-message-also-after-500s", one_message),
        Trial::test("alertmanager::a-webhook-that-answers-500-for-an-hour-loses-nothing", an_hour_of_500),
        Trial::test("alertmanager::one-that-is-down-is-told-apart-and-told-later", down),
    ]
}

const PACKAGE: &str = "prometheus-alertmanager";

fn amtool(words: &[&str]) -> Result<String, Failed> {
    let output = Command::new("amtool").args(words).output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(said) } else { Err(format!("amtool {words:?}: {said}").into()) }
}

/// The labels of every alert that a rule raises.
fn alerts() -> Vec<(String, Value)> {
    let mut alerts = Vec::new();
    for entry in fs::read_dir(observability().join("rules")).unwrap() {
        let path = entry.unwrap().path();
        if !path.to_string_lossy().ends_with(".rules.yml") {
            continue;
        }
        let rules: Value = serde_saphyr::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        let groups = rules["groups"].as_array().unwrap();
        let rules = groups.iter().flat_map(|group| group["rules"].as_array().unwrap());
        let named = rules.filter_map(|rule| Some((rule["alert"].as_str()?.to_owned(), rule["labels"].clone())));
        alerts.extend(named);
    }
    alerts
}

fn amtool_accepts() -> Result<Completion, Failed> {
    if let Some(ignored) = absent("amtool", PACKAGE) {
        return Ok(ignored);
    }
    let config = observability().join("rules/alertmanager.yml").display().to_string();
    amtool(&["check-config", &config])?;
    let test = |receiver: &str, labels: &[String]| {
        let verify = format!("--verify.receivers={receiver}");
        let words = ["config", "routes", "test", "--config.file", &config, &verify];
        amtool(&words.into_iter().chain(labels.iter().map(String::as_str)).collect::<Vec<_>>())
    };
    let all = alerts();
    assert!(all.len() >= 17, "{}", all.len());
    for (name, labels) in &all {
        let labels = labels.as_object().unwrap();
        let receiver = format!("{}-{}", labels["owner"].as_str().unwrap(), labels["severity"].as_str().unwrap());
        let mut words: Vec<String> =
            labels.iter().map(|(name, value)| format!("{name}={}", value.as_str().unwrap())).collect();
        words.push(format!("alertname={name}"));
        test(&receiver, &words)?;
    }
    // Nobody's alert goes to somebody.
    test("ml-serving-ticket", &["alertname=Strange".to_owned()])?;
    assert!(test("ml-models-page", &["alertname=Strange".to_owned()]).is_err());
    Ok(Completion::Completed)
}

/// A process of ours that ends with its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Our webhook.
struct Receiver {
    url: String,
    inbox: std::path::PathBuf,
    _process: Running,
}

impl Receiver {
    fn start(folder: &std::path::Path) -> Result<Self, Failed> {
        let (inbox, ready) = (folder.join("inbox.jsonl"), folder.join("ready"));
        let mut command = Command::new(COMMAND);
        command
            .args(["slo", "receive", "--listen", "127.0.0.1:0", "--inbox"])
            .arg(&inbox)
            .arg("--ready-file")
            .arg(&ready);
        let process = Running(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?);
        let deadline = Instant::now() + Duration::from_secs(90);
        while Instant::now() < deadline {
            if let Ok(url) = fs::read_to_string(&ready) {
                return Ok(Self { url, inbox, _process: process });
            }
            std::thread::park_timeout(Duration::from_millis(20));
        }
        Err("the receiver is not ready".into())
    }

    /// Changes in order: the alert's name, its instance and whether it ended.
    fn changes(&self) -> Vec<(String, String, bool)> {
        let text = fs::read_to_string(&self.inbox).unwrap_or_default();
        let change = |line: &str| {
            let change: Value = serde_json::from_str(line).unwrap();
            let label = |name: &str| change["labels"][name].as_str().unwrap_or_default().to_owned();
            (label("alertname"), label("instance"), !change["ended_at"].is_null())
        };
        text.lines().map(change).collect()
    }
}

/// An Alertmanager with the generated configuration, made quick, that sends to our webhook.
pub(crate) struct Alertmanager {
    pub(crate) url: String,
    _process: Running,
}

impl Alertmanager {
    pub(crate) fn start(folder: &std::path::Path, name: &str, webhook: &str) -> Result<Self, Failed> {
        let owners = fs::read_to_string(observability().join("owners.yaml"))?;
        let quick = owners
            .replace("http://127.0.0.1:9095/alerts", webhook)
            .replace("groupWait: 30s, groupInterval: 5m", "groupWait: 1s, groupInterval: 1s");
        let (owners, out) = (folder.join("owners.yaml"), folder.join(format!("rules-{name}")));
        fs::write(&owners, quick)?;
        let words = ["slo", "generate", "--owners", &owners.display().to_string(), "--out", &out.display().to_string()];
        assert!(ours(&words)?.status.success());
        let port = free_port()?;
        let mut command = Command::new("prometheus-alertmanager");
        command.arg(format!("--config.file={}", out.join("alertmanager.yml").display()));
        command.arg(format!("--storage.path={}", folder.join(format!("data-{name}")).display()));
        command
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .args(["--cluster.listen-address=", "--log.level=warn"]);
        let log = fs::File::create(folder.join(format!("{name}.log")))?;
        let process = Running(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn()?);
        let url = format!("http://127.0.0.1:{port}");
        let deadline = Instant::now() + Duration::from_secs(90);
        while Instant::now() < deadline {
            if block_on(http().get(format!("{url}/-/ready")).send()).is_ok_and(|answer| answer.status().is_success()) {
                return Ok(Self { url, _process: process });
            }
            std::thread::park_timeout(Duration::from_millis(50));
        }
        Err(fs::read_to_string(folder.join(format!("{name}.log")))?.into())
    }

    /// Posts alerts as Prometheus does; one that ended has an end.
    fn post(&self, alerts: &[Value]) {
        let sent = block_on(http().post(format!("{}/api/v2/alerts", self.url)).json(alerts).send()).unwrap();
        assert!(sent.status().is_success(), "{}", sent.status());
    }

    /// How many alerts are in this state, and why.
    fn suppressed(&self, kind: &str) -> usize {
        let answer: Vec<Value> = block_on(async {
            http().get(format!("{}/api/v2/alerts", self.url)).send().await.unwrap().json().await.unwrap()
        });
        answer.iter().filter(|alert| !alert["status"][kind].as_array().unwrap().is_empty()).count()
    }
}

fn alert(name: &str, instance: &str, start: Timestamp, ended: bool) -> Value {
    let labels = alerts().into_iter().find(|(known, _)| known == name).unwrap().1;
    let mut labels = labels.as_object().unwrap().clone();
    labels.insert("alertname".to_owned(), json!(name));
    labels.insert("instance".to_owned(), json!(instance));
    let mut alert = json!({ "labels": labels, "annotations": {}, "startsAt": start });
    if ended {
        alert["endsAt"] = json!(Timestamp::now());
    }
    alert
}

fn until(what: &str, holds: impl Fn() -> bool) -> Result<(), Failed> {
    let deadline = Instant::now() + Duration::from_secs(90);
    while !holds() {
        if Instant::now() > deadline {
            return Err(format!("not {what} after 90 s").into());
        }
        std::thread::park_timeout(Duration::from_millis(100));
    }
    Ok(())
}

fn live() -> Result<Completion, Failed> {
    if let Some(ignored) = absent("prometheus-alertmanager", PACKAGE) {
        return Ok(ignored);
    }
    let folder = tempfile::tempdir()?;
    let receiver = Receiver::start(folder.path())?;
    let manager = Alertmanager::start(folder.path(), "one", &receiver.url)?;
    let start = Timestamp::now();
    // A silence that somebody set before they went to look.
    let expires = start + SignedDuration::from_hours(1);
    let matcher = json!({ "name": "alertname", "value": "InputQualityBurnFast", "isRegex": false, "isEqual": true });
    let silence = json!({ "matchers": [matcher], "startsAt": start, "endsAt": expires, "createdBy": "test", "comment": "being looked at" });
    let set = block_on(http().post(format!("{}/api/v2/silences", manager.url)).json(&silence).send())?;
    assert!(set.status().is_success());
    manager.post(&[
        alert("InferenceAvailabilityBurnFast", "a", start, false),
        // A consequence of the page on the same objective.
        alert("InferenceAvailabilityBurnSlow", "a", start, false),
        // The same loudness, another objective: grouped with the first, not inhibited by it.
        alert("InferenceLatencyBurnFast", "a", start, false),
        alert("InputQualityBurnFast", "a", start, false),
        // A ticket without an objective is nobody's consequence.
        alert("FaultLeftOn", "a", start, false),
    ]);
    let began = |name: &str| (name.to_owned(), "a".to_owned(), false);
    until("told", || {
        let changes = receiver.changes();
        ["InferenceAvailabilityBurnFast", "InferenceLatencyBurnFast", "FaultLeftOn"]
            .iter()
            .all(|name| changes.contains(&began(name)))
    })?;
    assert_eq!((manager.suppressed("inhibitedBy"), manager.suppressed("silencedBy")), (1, 1));
    assert_eq!(receiver.changes().len(), 3, "{:?}", receiver.changes());
    // The cause of everything: whatever begins now is a consequence.
    manager.post(&[alert("InferenceDown", "a", start, false)]);
    until("told of the cause", || receiver.changes().contains(&began("InferenceDown")))?;
    manager.post(&[alert("InferenceLogFailing", "a", start, false)]);
    until("inhibited", || manager.suppressed("inhibitedBy") >= 4)?;
    // It is over.
    manager.post(&[alert("InferenceDown", "a", start, true), alert("InferenceLogFailing", "a", start, true)]);
    let ended = ("InferenceDown".to_owned(), "a".to_owned(), true);
    until("resolved", || receiver.changes().contains(&ended))?;
    // Nobody was told that the consequence began. Alertmanager may tell that it ended: it resolves whole groups.
    let began_too = began("InferenceLogFailing");
    assert!(!receiver.changes().contains(&began_too), "{:?}", receiver.changes());
    Ok(Completion::Completed)
}

/// Two that do not know each other, as after a split network.
fn duplicates() -> Result<Completion, Failed> {
    if let Some(ignored) = absent("prometheus-alertmanager", PACKAGE) {
        return Ok(ignored);
    }
    let folder = tempfile::tempdir()?;
    let receiver = Receiver::start(folder.path())?;
    let managers = ["one", "two"].map(|name| Alertmanager::start(folder.path(), name, &receiver.url));
    let [one, two] = managers;
    let managers = [one?, two?];
    let start = Timestamp::now();
    let instances: Vec<String> = (0..20).map(|number| format!("i-{number}")).collect();
    for ended in [false, true] {
        for manager in &managers {
            let batch: Vec<Value> =
                instances.iter().map(|instance| alert("InferenceDown", instance, start, ended)).collect();
            manager.post(&batch);
        }
        let expected = if ended { 40 } else { 20 };
        until("told", || receiver.changes().len() >= expected)?;
    }
    // Both have had time to tell it again.
    std::thread::park_timeout(Duration::from_secs(3));
    assert_eq!(receiver.changes().len(), 40, "each begins once and ends once");
    // The same labels begin again: another incident.
    managers[0].post(&[alert("InferenceDown", "i-0", Timestamp::now(), false)]);
    until("told again", || receiver.changes().len() == 41)?;
    Ok(Completion::Completed)
}

/// A webhook that answers what it is told to, and keeps what it is sent.
struct Moody {
    url: String,
    status: std::sync::Arc<std::sync::atomic::AtomicU16>,
    bodies: std::sync::Arc<std::sync::Mutex<Vec<Value>>>,
}

async fn moody() -> Moody {
    use axum::{Router, extract::State, http::StatusCode, routing::post};
    use std::sync::{Arc, Mutex, atomic::AtomicU16, atomic::Ordering};
    type Shared = (Arc<AtomicU16>, Arc<Mutex<Vec<Value>>>);
    async fn answer(State((status, bodies)): State<Shared>, body: axum::body::Bytes) -> StatusCode {
        let status = StatusCode::from_u16(status.load(Ordering::SeqCst)).unwrap();
        if status.is_success() {
            bodies.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
        }
        status
    }
    let shared: Shared = (Arc::new(AtomicU16::new(500)), Arc::default());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let router = Router::new().route("/hook", post(answer)).with_state(shared.clone());
    tokio::spawn(axum::serve(listener, router).into_future());
    Moody { url, status: shared.0, bodies: shared.1 }
}

fn dispatcher_config(folder: &std::path::Path, url: &str, kind: &str) -> mod_106::alerts::Config {
    let path = folder.join("alerts.yaml");
    let state = folder.join("state.json");
    let secret = if kind == "webhook" { ", secret_env: HOOK_SECRET" } else { "" };
    let text = format!(
        "state: {}\nreceivers:\n  hook: {{ kind: {kind}, url: \"{url}\", retries: 0, timeout_s: 2{secret} }}\ndefault: [hook]\n",
        state.display()
    );
    fs::write(&path, text).unwrap();
    mod_106::alerts::Config::read(&path).unwrap()
}

/// What signs a webhook's messages.
fn secret(name: &str) -> Option<String> {
    (name == "HOOK_SECRET").then(|| "a secret for one test".to_owned())
}

fn an_hour_of_500() -> Result<(), Failed> {
    use mod_106::alerts::{Alert, Dispatcher, Fate, Options, Severity};
    block_on(async {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let hook = moody().await;
        let config = dispatcher_config(folder.path(), &hook.url, "webhook");
        let dispatcher = Dispatcher::new(&config);
        let begun: Timestamp = "2026-03-01T00:00:00Z".parse().unwrap();
        let alert = |number: usize| {
            let mut alert = Alert::new("ModelDrift", Severity::Warning, "ml-models", "a feature moved");
            alert.labels.insert("feature".to_owned(), format!("f{number}"));
            alert.starts_at = Some(begun);
            alert
        };
        let alerts: Vec<Alert> = (0..5).map(alert).collect();
        let options = Options { source: Some("drift".to_owned()), dry_run: false };
        // One of them is over after half an hour; whoever was killed while sending may have told its beginning.
        let held = |minute: i64| if minute < 30 { &alerts[..] } else { &alerts[..4] };
        // Sixty runs, a minute apart, and the clock is ours.
        for minute in 0..60 {
            let now = begun + SignedDuration::from_mins(minute);
            let told = dispatcher.send(held(minute), &options, now, &secret).await.unwrap();
            assert!(told.iter().all(|one| one.fate != Fate::Delivered), "{told:?}");
            assert!(dispatcher.undelivered(&told).is_some() || minute > 0, "the first refusal is told");
        }
        hook.status.store(200, std::sync::atomic::Ordering::SeqCst);
        for minute in 60..70 {
            let now = begun + SignedDuration::from_mins(minute);
            dispatcher.send(held(minute), &options, now, &secret).await.unwrap();
        }
        let bodies = hook.bodies.lock().unwrap().clone();
        let feature = |body: &Value| body["alert"]["labels"]["feature"].as_str().unwrap().to_owned();
        let mut features: Vec<String> = bodies.iter().map(feature).collect();
        features.sort_unstable();
        assert_eq!(features, ["f0", "f1", "f2", "f3", "f4"], "nothing is lost and nothing is told twice: {bodies:?}");
        for body in &bodies {
            let expected = if feature(body) == "f4" { "resolved" } else { "firing" };
            assert_eq!(body["status"], expected, "{body}");
        }
    });
    Ok(())
}

/// A service falls over with twenty instances while the webhook is ill: one message with all of them once it is well, and no second.
fn one_message() -> Result<Completion, Failed> {
    use std::sync::{Arc, atomic::Ordering};
    if let Some(ignored) = absent("prometheus-alertmanager", PACKAGE) {
        return Ok(ignored);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let hook = runtime.block_on(moody());
    let folder = tempfile::tempdir()?;
    let manager = Alertmanager::start(folder.path(), "one", &hook.url)?;
    let start = Timestamp::now();
    let batch: Vec<Value> =
        (0..20).map(|number| alert("InferenceDown", &format!("i-{number}"), start, false)).collect();
    manager.post(&batch);
    // It is refused for a while, and tried again.
    std::thread::park_timeout(Duration::from_secs(3));
    assert!(hook.bodies.lock().unwrap().is_empty());
    hook.status.store(200, Ordering::SeqCst);
    let bodies = Arc::clone(&hook.bodies);
    until("told", move || !bodies.lock().unwrap().is_empty())?;
    // Prometheus says it again each minute; here, each second.
    for _ in 0..3 {
        manager.post(&batch);
        std::thread::park_timeout(Duration::from_secs(1));
    }
    let bodies = hook.bodies.lock().unwrap();
    assert_eq!(bodies.len(), 1, "{} messages", bodies.len());
    assert_eq!(bodies[0]["alerts"].as_array().unwrap().len(), 20);
    Ok(Completion::Completed)
}

fn down() -> Result<(), Failed> {
    use mod_106::alerts::{Alert, Dispatcher, Options, Severity};
    block_on(async {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let closed = format!("http://127.0.0.1:{}", free_port().unwrap());
        let config = dispatcher_config(folder.path(), &closed, "alertmanager");
        let dispatcher = Dispatcher::new(&config);
        let alert = Alert::new("ModelDrift", Severity::Warning, "ml-models", "a feature moved");
        let told = dispatcher.send(&[alert], &Options::default(), Timestamp::now(), &secret).await.unwrap();
        let error = dispatcher.undelivered(&told).unwrap();
        assert_eq!(error.exit_code(), 3, "{error}");
        assert!(error.to_string().contains("hook"), "{error}");
        // One that takes the connection and says nothing is given up, too.
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        let config =
            dispatcher_config(elsewhere.path(), &format!("http://{}", silent.local_addr().unwrap()), "alertmanager");
        let dispatcher = Dispatcher::new(&config);
        let alert = Alert::new("ModelDrift", Severity::Warning, "ml-models", "a feature moved");
        let begun = Instant::now();
        let told = dispatcher.send(&[alert], &Options::default(), Timestamp::now(), &secret).await.unwrap();
        assert!(dispatcher.undelivered(&told).is_some() && begun.elapsed() < Duration::from_secs(60), "{told:?}");
        // It is kept for the next run.
        assert!(fs::read_to_string(folder.path().join("state.json")).unwrap().contains("ModelDrift"));
    });
    Ok(())
}
