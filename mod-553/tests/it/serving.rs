//! The reference inference service, started as its user starts it, and how the service is met from outside: predictions and labels,
//! refusals, faults, a stop that loses nothing.

use super::environment::COMMAND;
use libtest_mimic::{Completion, Failed, Trial};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("inference::a-payment-is-screened-logged-and-counted", screened_logged_and_counted),
        Trial::test("inference::what-is-wrong-is-refused-with-what-to-send", refused),
        Trial::test("inference::faults-are-felt-shown-and-taken-back", faults),
        Trial::test("inference::a-canary-answers-its-share-and-can-be-rolled-back", canary),
        Trial::test("inference::a-stop-finishes-what-was-begun-and-loses-no-record", stop),
        Trial::test("inference::a-million-tenants-are-fifty-one-series", labels_stay_few),
        Trial::ignorable_test("inference::promtool-accepts-the-metrics", promtool_accepts),
    ]
}

/// Runs a test's future.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

pub(crate) fn http() -> reqwest::Client {
    // Another test of this process may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// A running service in a folder of its own.
pub(crate) struct Serving {
    pub(crate) url: String,
    pub(crate) management: String,
    pub(crate) folder: tempfile::TempDir,
    process: Child,
}

impl Serving {
    /// Trains a model and serves it with faults allowed, and these words besides.
    pub(crate) fn start(more: &[&str]) -> Result<Self, Failed> {
        let folder = tempfile::tempdir()?;
        train(&folder.path().join("model.json"), "1", 1)?;
        train(&folder.path().join("next.json"), "2", 7)?;
        let log = fs::File::create(folder.path().join("serve.log"))?;
        let mut command = Command::new(COMMAND);
        command.args(["inference", "serve", "--model", "model.json", "--port", "0", "--management-port", "0"]);
        command.args(["--log-folder", "logs", "--ready-file", "ready.json", "--faults"]).args(more);
        command.current_dir(folder.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let process = command.spawn()?;
        let mut serving = Self { url: String::new(), management: String::new(), folder, process };
        let deadline = Instant::now() + Duration::from_secs(90);
        while Instant::now() < deadline {
            if let Ok(text) = fs::read_to_string(serving.path("ready.json")) {
                let ready: Value = serde_json::from_str(&text)?;
                serving.url = ready["url"].as_str().unwrap().to_owned();
                serving.management = ready["management"].as_str().unwrap().to_owned();
                return Ok(serving);
            }
            std::thread::park_timeout(Duration::from_millis(20));
        }
        Err(format!("not ready after 90 s: {}", fs::read_to_string(serving.path("serve.log"))?).into())
    }

    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) async fn predict(&self, question: &Value) -> (u16, Value) {
        let sent = http().post(format!("{}/v1/predict", self.url)).json(question).send().await.unwrap();
        (sent.status().as_u16(), sent.json().await.unwrap())
    }

    pub(crate) async fn fault(&self, faults: &Value) -> (u16, Value) {
        let sent = http().put(format!("{}/admin/faults", self.management)).json(faults).send().await.unwrap();
        (sent.status().as_u16(), sent.json().await.unwrap())
    }

    pub(crate) async fn metrics(&self) -> String {
        http().get(format!("{}/metrics", self.management)).send().await.unwrap().text().await.unwrap()
    }

    /// Sends traffic with the command, and returns its report.
    pub(crate) fn traffic(&self, requests: u32, seed: u32, more: &[&str]) -> Result<Value, Failed> {
        let mut command = Command::new(COMMAND);
        command.args(["inference", "traffic", "--json", "--url", &self.url]);
        command.args(["--requests", &requests.to_string(), "--seed", &seed.to_string()]).args(more);
        let output = command.output()?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    fn signal(&self, signal: nix::sys::signal::Signal) {
        let process = nix::unistd::Pid::from_raw(i32::try_from(self.process.id()).unwrap());
        nix::sys::signal::kill(process, signal).unwrap();
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It is ours, and its folder goes with it.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn train(out: &Path, version: &str, seed: u32) -> Result<(), Failed> {
    let mut command = Command::new(COMMAND);
    command.args(["inference", "train", "--rows", "3000", "--version", version, "--seed", &seed.to_string()]);
    let output = command.arg("--out").arg(out).output()?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned().into()) }
}

/// The value of a series, whatever the order of its labels.
pub(crate) fn value(metrics: &str, name: &str, labels: &[&str]) -> f64 {
    let matches = |line: &&str| {
        line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ']))
            && labels.iter().all(|label| line.contains(label))
    };
    metrics.lines().filter(matches).map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()).sum()
}

pub(crate) fn payment() -> Value {
    json!({ "amount_usd": 42.5, "account_age_days": 300, "attempts_24h": 1, "hour": 14, "channel": "web", "merchant": "travel" })
}

fn screened_logged_and_counted() -> Result<(), Failed> {
    let serving = Serving::start(&[])?;
    block_on(async {
        let question = json!({ "request_id": "r-1", "tenant": "acme", "features": payment(), "explain": true });
        let (status, answer) = serving.predict(&question).await;
        assert_eq!(
            (status, &answer["version"], &answer["decision"]),
            (200, &json!("1"), &json!("approve")),
            "{answer}"
        );
        assert!(answer["explanation"].as_str().unwrap().contains("probability of fraud"), "{answer}");
        let label = json!({ "request_id": "r-1", "label": true });
        for counted in [true, false] {
            let told = http().post(format!("{}/v1/feedback", serving.url)).json(&label).send().await.unwrap();
            assert_eq!(told.json::<Value>().await.unwrap(), json!({ "counted": counted }));
        }
        let metrics = serving.metrics().await;
        let expected = [
            ("model_predictions_total", vec!["outcome=\"ok\"", "variant=\"stable\""], 1.0),
            ("model_labels_total", vec!["correct=\"false\""], 1.0),
            ("model_confusion_total", vec!["predicted=\"legitimate\"", "actual=\"fraud\""], 1.0),
            ("business_decisions_total", vec!["decision=\"approve\""], 1.0),
            ("business_loss_usd_total", vec![], 42.5),
            ("business_requests_total", vec!["tenant=\"acme\""], 1.0),
            ("model_input_values_total", vec!["state=\"ok\""], 6.0),
            ("inference_log_records_total", vec!["result=\"written\""], 3.0),
            ("http_server_request_duration_seconds_count", vec!["http_route=\"/v1/predict\"", "code=\"200\""], 1.0),
            ("model_info", vec!["digest=\"sha256:"], 1.0),
        ];
        for (name, labels, expected) in expected {
            assert_eq!(value(&metrics, name, &labels), expected, "{name} {labels:?}\n{metrics}");
        }
        let usage = &answer["usage"];
        assert_eq!(
            value(&metrics, "gen_ai_client_token_usage_sum", &["input"]),
            usage["input_tokens"].as_f64().unwrap()
        );
        assert!(usage["cached_input_tokens"].as_u64() < usage["input_tokens"].as_u64(), "{usage}");
    });
    let checked = Command::new(COMMAND).args(["log", "check"]).arg(serving.path("logs/inference.jsonl")).output()?;
    assert!(checked.status.success() && checked.stdout.ends_with(b": 1 records\n"), "{checked:?}");
    Ok(())
}

fn refused() -> Result<(), Failed> {
    let serving = Serving::start(&[])?;
    block_on(async {
        let check = async |question: Value, status: u16, words: &str| {
            let (found, answer) = serving.predict(&question).await;
            let message = answer["error"]["message"].as_str().unwrap_or_default();
            assert!(found == status && message.contains(words), "{found} {answer}");
        };
        check(json!({ "feature": {} }), 400, "expected {\"features\"").await;
        check(
            json!({ "features": { "amount": 1 } }),
            422,
            "amount is no feature of this model; the model's features are",
        )
        .await;
        check(json!({ "features": { "amount_usd": "a lot" } }), 422, "amount_usd has the wrong type").await;
        check(json!({ "request_id": "", "features": {} }), 400, "0 bytes").await;
        let first = json!({ "request_id": "r-1", "features": payment() });
        assert_eq!(serving.predict(&first).await.0, 200);
        check(first, 409, "was answered before").await;
        // Nulls and what training never saw are life: answered, and counted.
        let odd = json!({ "features": { "amount_usd": 1e9, "channel": "fax", "hour": null } });
        assert_eq!(serving.predict(&odd).await.0, 200);
        let metrics = serving.metrics().await;
        for (state, count) in [("null", 15.0), ("out_of_range", 1.0), ("unseen", 1.0), ("wrong_type", 1.0)] {
            let label = format!("state=\"{state}\"");
            assert_eq!(value(&metrics, "model_input_values_total", &[&label]), count, "{state}");
        }
        // What cannot be read is rejected as what cannot be answered is: 400, 422, 422, 400 and 409.
        assert_eq!(value(&metrics, "model_predictions_total", &["outcome=\"rejected\""]), 5.0);
        let label = json!({ "request_id": "none", "label": true });
        let told = http().post(format!("{}/v1/feedback", serving.url)).json(&label).send().await.unwrap();
        assert_eq!(told.status(), 404);
    });
    Ok(())
}

fn faults() -> Result<(), Failed> {
    let serving = Serving::start(&[])?;
    let correct = |seed| -> Result<f64, Failed> {
        let report = serving.traffic(400, seed, &["--labels"])?;
        Ok(report["correct"].as_f64().unwrap() / report["answered"].as_f64().unwrap())
    };
    let healthy = correct(2)?;
    block_on(serving.fault(&json!({ "bad_deploy": true })));
    let skewed = correct(3)?;
    assert!(skewed < healthy - 0.08, "{healthy} {skewed}");
    block_on(async {
        let metrics = serving.metrics().await;
        assert_eq!(value(&metrics, "inference_fault_active", &["bad_deploy"]), 1.0);
        assert_eq!(value(&metrics, "model_info", &["version=\"1-skew\""]), 1.0);
        assert_eq!(value(&metrics, "model_info", &["version=\"1\""]), 0.0);
        // A drift of the input, as the signal sees it.
        assert!(value(&metrics, "model_feature_psi", &["amount_usd"]) < 0.1, "{metrics}");
        serving.fault(&json!({ "scale": { "amount_usd": 100.0 }, "token_factor": 10.0 })).await;
    });
    serving.traffic(400, 4, &[])?;
    block_on(async {
        assert!(value(&serving.metrics().await, "model_feature_psi", &["amount_usd"]) > 0.2);
        serving.fault(&json!({ "error_share": 1.0 })).await;
        assert_eq!(serving.predict(&json!({ "features": payment() })).await.0, 500);
        serving.fault(&json!({ "latency_ms": 300 })).await;
        let begun = Instant::now();
        assert_eq!(serving.predict(&json!({ "features": payment() })).await.0, 200);
        assert!(begun.elapsed() >= Duration::from_millis(300));
        assert_eq!(serving.fault(&json!({ "latency": 300 })).await.0, 400);
        let healthy = http().delete(format!("{}/admin/faults", serving.management)).send().await.unwrap();
        assert_eq!(healthy.json::<Value>().await.unwrap()["latency_ms"], 0);
        // The API's own door has no knobs.
        let wrong_door = http().get(format!("{}/admin/faults", serving.url)).send().await.unwrap();
        assert_eq!(wrong_door.status(), 404);
    });
    Ok(())
}

fn canary() -> Result<(), Failed> {
    let serving = Serving::start(&["--canary", "next.json", "--canary-share", "0.25"])?;
    serving.traffic(400, 5, &[])?;
    block_on(async {
        let metrics = serving.metrics().await;
        let canary = value(&metrics, "model_predictions_total", &["variant=\"canary\"", "version=\"2\""]);
        assert!((60.0..140.0).contains(&canary), "{canary}");
        let deploy = async |rollout: Value| {
            let sent = http().put(format!("{}/admin/deploy", serving.management)).json(&rollout).send().await.unwrap();
            (sent.status().as_u16(), sent.json::<Value>().await.unwrap())
        };
        let (_, served) = deploy(json!({ "variant": "stable", "model": serving.path("next.json") })).await;
        assert_eq!(served["deployments"][0]["version"], "2");
        let (_, served) = deploy(json!({ "variant": "canary" })).await;
        assert_eq!(served["deployments"].as_array().unwrap().len(), 1);
        assert_eq!(deploy(json!({ "variant": "stable", "model": "/no/such" })).await.0, 400);
        assert_eq!(value(&serving.metrics().await, "model_info", &[]), 1.0);
    });
    Ok(())
}

fn stop() -> Result<(), Failed> {
    let mut serving = Serving::start(&[])?;
    let answered = block_on(async {
        serving.fault(&json!({ "latency_ms": 500 })).await;
        let question = json!({ "request_id": "slow", "features": payment() });
        let asked = serving.predict(&question);
        let stopped = async {
            // The request has to be in flight first.
            while value(&serving.metrics().await, "http_server_active_requests", &[]) < 1.0 {
                tokio::task::yield_now().await;
            }
            serving.signal(nix::sys::signal::Signal::SIGTERM);
            while http().get(format!("{}/ready", serving.management)).send().await.unwrap().status() != 503 {
                tokio::task::yield_now().await;
            }
        };
        tokio::join!(asked, stopped).0
    });
    assert_eq!(answered.0, 200, "{answered:?}");
    assert!(serving.process.wait()?.success());
    assert!(fs::read_to_string(serving.path("logs/inference.jsonl"))?.contains("\"slow\""));
    assert!(!serving.path("ready.json").exists());
    Ok(())
}

fn labels_stay_few() -> Result<(), Failed> {
    let serving = Serving::start(&[])?;
    block_on(async {
        let client = http();
        for number in 0..300 {
            let question = json!({ "tenant": format!("tenant-{number}"), "features": payment() });
            client.post(format!("{}/v1/predict", serving.url)).json(&question).send().await.unwrap();
            client.get(format!("{}/no/{number}", serving.url)).send().await.unwrap();
        }
        let metrics = serving.metrics().await;
        let tenants = metrics.lines().filter(|line| line.starts_with("business_requests_total{")).count();
        assert_eq!(tenants, 51);
        assert_eq!(value(&metrics, "business_requests_total", &["tenant=\"other\""]), 250.0);
        assert_eq!(value(&metrics, "telemetry_label_overflow_total", &["tenant"]), 250.0);
        assert!(!metrics.contains("/no/"), "{metrics}");
    });
    Ok(())
}

fn promtool_accepts() -> Result<Completion, Failed> {
    if let Some(ignored) = super::environment::absent("promtool", "prometheus") {
        return Ok(ignored);
    }
    let serving = Serving::start(&[])?;
    serving.traffic(20, 6, &["--labels", "--explain"])?;
    let path = serving.path("metrics.txt");
    fs::write(&path, block_on(serving.metrics()))?;
    let output = Command::new("promtool").args(["check", "metrics"]).stdin(fs::File::open(&path)?).output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && said.is_empty(), "{said}");
    Ok(Completion::Completed)
}
