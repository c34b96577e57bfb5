//! Where the drift monitor's data come from and where its findings go: Arrow files, HTTP, S3, a run of the tracking server, a real
//! Alertmanager; and the page that people read.

use super::alertmanager::Alertmanager;
use super::environment::{COMMAND, absent};
use super::serving::{block_on, http};
use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use libtest_mimic::{Completion, Failed, Trial};
use mod_106::server::config::{AccessSettings, ArtifactSettings, S3Credentials, Settings};
use mod_553::drift::outcome::Outcome;
use mod_553::drift::report;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("drift::sources::arrow-files-say-what-parquet-says", arrow_files),
        Trial::test("drift::sources::http-and-s3-are-read-as-files-are", served),
        Trial::test("drift::sources::what-breaks-off-or-is-refused-is-told-apart", broken_off),
        Trial::test("drift::sources::a-run-holds-the-reports", logged),
        Trial::ignorable_test("drift::sources::an-alertmanager-is-told-and-told-when-it-is-over", alerted),
        Trial::test("drift::sources::the-page-that-people-read", page),
    ]
}

/// Normal numbers around a mean, and words.
fn batch(seed: u64, mean: f64) -> RecordBatch {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut normal = || (0..12).map(|_| random.f64()).sum::<f64>() - 6.0;
    let x: Vec<f64> = (0..4_000).map(|_| mean + normal()).collect();
    let plan: Vec<&str> = (0..4_000).map(|row| ["basic", "pro", "gold"][row % 3]).collect();
    let columns: [(&str, ArrayRef); 2] =
        [("x", Arc::new(Float64Array::from(x))), ("plan", Arc::new(StringArray::from(plan)))];
    RecordBatch::try_from_iter(columns).unwrap()
}

fn arrow_bytes(batch: &RecordBatch) -> Vec<u8> {
    let mut writer = arrow_ipc::writer::FileWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    // Two batches, so that whoever reads only the first is found out.
    writer.write(&batch.slice(0, 700)).unwrap();
    writer.write(&batch.slice(700, batch.num_rows() - 700)).unwrap();
    writer.into_inner().unwrap()
}

fn parquet_bytes(batch: &RecordBatch) -> Vec<u8> {
    let mut writer = parquet::arrow::ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
    writer.write(batch).unwrap();
    writer.into_inner().unwrap()
}

fn check(folder: &Path, words: &[&str], variables: &[(&str, &str)]) -> Result<Output, Failed> {
    let mut command = Command::new(COMMAND);
    command.current_dir(folder).args(["drift", "check"]).args(words);
    command.envs(variables.iter().copied()).env_remove("HTTP_PROXY").env_remove("http_proxy");
    Ok(command.output()?)
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn compared(folder: &Path, reference: &str, current: &str, variables: &[(&str, &str)]) -> Result<Value, Failed> {
    let output = check(folder, &["--reference", reference, "--current", current, "--json"], variables)?;
    serde_json::from_slice(&output.stdout).map_err(|_| said(&output).into())
}

fn arrow_files() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    for (name, batch) in [("reference", batch(1, 0.0)), ("current", batch(2, 0.6))] {
        fs::write(folder.path().join(format!("{name}.arrow")), arrow_bytes(&batch))?;
        fs::write(folder.path().join(format!("{name}.parquet")), parquet_bytes(&batch))?;
    }
    let found = compared(folder.path(), "reference.arrow", "current.arrow", &[])?;
    assert_eq!(found["columns"], compared(folder.path(), "reference.parquet", "current.parquet", &[])?["columns"]);
    assert_eq!((&found["verdict"], &found["current"]["rows"]), (&"drift".into(), &4_000.into()), "{found}");
    Ok(())
}

/// What a server holds: by path, a status and a body; the length that it announces may be another.
type Held = BTreeMap<String, (u16, Vec<u8>, usize)>;

/// A server of a few files, on HTTP/1.1 and one thread; what it was asked is written down.
struct Server {
    base: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start(held: Held) -> Result<Self, Failed> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let base = format!("http://{}", listener.local_addr()?);
        let asked = Arc::new(Mutex::new(Vec::new()));
        let written = asked.clone();
        // It ends with the process, as the other tests' servers do.
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let Ok(reading) = stream.try_clone() else { continue };
                let head: Vec<String> =
                    BufReader::new(reading).lines().map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
                let path = head.first().and_then(|line| line.split(' ').nth(1)).unwrap_or_default().to_owned();
                let missing = (404, b"<Error><Code>NoSuchKey</Code></Error>".to_vec(), 0);
                let (status, body, announced) = held.get(&path).cloned().unwrap_or(missing);
                written.lock().unwrap().push(head.join("\n"));
                let length = announced.max(body.len());
                let answer = format!(
                    "HTTP/1.1 {status} x\r\nContent-Length: {length}\r\nETag: \"1\"\r\nLast-Modified: Thu, 01 Jan 2026 00:00:00 GMT\r\n\
                     Connection: close\r\n\r\n"
                );
                let mut stream = stream;
                let _ = stream.write_all(answer.as_bytes()).and_then(|()| stream.write_all(&body));
            }
        });
        Ok(Self { base, asked })
    }
}

/// What AWS's own tools read.
fn aws(base: &str) -> [(&str, &str); 4] {
    [
        ("AWS_ENDPOINT_URL", base),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "for one test"),
        ("AWS_REGION", "eu-central-1"),
    ]
}

fn served() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let current = parquet_bytes(&batch(2, 0.6));
    fs::write(folder.path().join("reference.parquet"), parquet_bytes(&batch(1, 0.0)))?;
    fs::write(folder.path().join("current.parquet"), &current)?;
    let local = compared(folder.path(), "reference.parquet", "current.parquet", &[])?;
    let server = Server::start(BTreeMap::from([
        ("/data/current.parquet?day=1".to_owned(), (200, current.clone(), 0)),
        ("/bucket/deep/current.parquet".to_owned(), (200, current, 0)),
    ]))?;
    let http = format!("{}/data/current.parquet?day=1", server.base);
    assert_eq!(compared(folder.path(), "reference.parquet", &http, &[])?["columns"], local["columns"]);
    let s3 = "s3://bucket/deep/current.parquet";
    let found = compared(folder.path(), "reference.parquet", s3, &aws(&server.base))?;
    assert_eq!((&found["columns"], &found["current"]["location"]), (&local["columns"], &s3.into()));
    let asked = server.asked.lock().unwrap().join("\n").to_lowercase();
    assert!(asked.contains("authorization: aws4-hmac-sha256 credential=akidexample/"), "{asked}");
    assert!(!asked.contains("for one test"), "a secret is never sent");
    Ok(())
}

fn broken_off() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("reference.csv"), "x\n1\n")?;
    let server = Server::start(BTreeMap::from([
        ("/short.csv".to_owned(), (200, b"x\n1\n".to_vec(), 4_000)),
        ("/secret.csv".to_owned(), (403, b"no".to_vec(), 0)),
        ("/bucket/secret.csv".to_owned(), (403, b"<Error><Code>AccessDenied</Code></Error>".to_vec(), 0)),
    ]))?;
    let http = |name: &str| format!("{}/{name}", server.base);
    for (current, code, says) in [
        (http("short.csv"), 3, "short.csv"),
        (http("absent.csv"), 2, "the server answered 404"),
        (http("secret.csv"), 2, "the server answered 403"),
        ("s3://bucket/absent.csv".to_owned(), 2, "there is no such object"),
        ("s3://bucket/secret.csv".to_owned(), 2, "the store refuses these credentials"),
        ("s3://bucket".to_owned(), 2, "write s3://bucket/key"),
        ("ftp://host/x.csv".to_owned(), 2, "`ftp` is no scheme"),
    ] {
        let output =
            check(folder.path(), &["--reference", "reference.csv", "--current", &current], &aws(&server.base))?;
        assert_eq!(output.status.code(), Some(code), "{current}: {}", said(&output));
        assert!(said(&output).contains(says), "{current}: {}", said(&output));
    }
    Ok(())
}

/// The tracking server that comes with the first module, on a port of its own.
async fn tracking(folder: &Path) -> Result<String, Failed> {
    let ready = folder.join("ready");
    let settings = Settings {
        host: "127.0.0.1".to_owned(),
        port: 0,
        database: format!("sqlite://{}", folder.join("mlflow.db").display()),
        artifacts: ArtifactSettings {
            location: folder.join("artifacts").display().to_string(),
            s3_endpoint: None,
            s3_region: None,
            s3_credentials: S3Credentials::Absent,
        },
        access: AccessSettings::Open,
        allowed_hosts: vec!["127.0.0.1".to_owned()],
        ready_file: Some(ready.clone()),
        metrics: None,
    };
    tokio::spawn(mod_106::server::listen::serve(settings));
    let deadline = Instant::now() + Duration::from_secs(90);
    while Instant::now() < deadline {
        if let Ok(url) = fs::read_to_string(&ready) {
            return Ok(url.trim().to_owned());
        }
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    Err("the tracking server is not ready".into())
}

fn logged() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("reference.parquet"), parquet_bytes(&batch(1, 0.0)))?;
    fs::write(folder.path().join("current.parquet"), parquet_bytes(&batch(2, 0.6)))?;
    // The command is another process, and asks while this one waits for it: the server needs a thread of its own.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let url = tracking(folder.path()).await?;
        let post = async |path: &str, body: Value| -> Result<Value, Failed> {
            Ok(http().post(format!("{url}/api/2.0/mlflow/{path}")).json(&body).send().await?.json().await?)
        };
        let experiment = post("experiments/create", json!({"name": "drift"})).await?;
        let run = post("runs/create", json!({"experiment_id": experiment["experiment_id"]})).await?;
        let run = run["run"]["info"]["run_id"].as_str().ok_or("no run")?.to_owned();
        let words = ["--reference", "reference.parquet", "--current", "current.parquet", "--log-to-run", &run];
        let (path, words, uri) = (folder.path().to_owned(), words.map(str::to_owned), url.clone());
        let output = tokio::task::spawn_blocking(move || {
            check(&path, &words.each_ref().map(String::as_str), &[("MLFLOW_TRACKING_URI", &uri)])
        });
        let output = output.await??;
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        let get = async |path: &str| -> Result<Value, Failed> {
            Ok(http().get(format!("{url}/api/2.0/mlflow/{path}")).send().await?.json().await?)
        };
        let found = get(&format!("runs/get?run_id={run}")).await?;
        let data = &found["run"]["data"];
        let of = |list: &str, key: &str| {
            let entries = data[list].as_array().cloned().unwrap_or_default();
            entries.into_iter().find(|entry| entry["key"] == key).map(|entry| entry["value"].clone())
        };
        assert_eq!(of("tags", "drift.verdict"), Some("drift".into()), "{data}");
        assert_eq!(of("metrics", "drift.columns_drifted").and_then(|it| it.as_f64()), Some(1.0), "{data}");
        assert!(of("metrics", "drift.x.effect").and_then(|it| it.as_f64()).is_some_and(|it| it > 0.2), "{data}");
        let files = get(&format!("artifacts/list?run_id={run}&path=drift")).await?;
        let mut paths: Vec<&str> =
            files["files"].as_array().ok_or("no files")?.iter().filter_map(|file| file["path"].as_str()).collect();
        paths.sort_unstable();
        assert_eq!(paths, ["drift/drift.html", "drift/drift.json", "drift/drift.prom"], "{files}");
        Ok(())
    })
}

fn alerted() -> Result<Completion, Failed> {
    if let Some(ignored) = absent("prometheus-alertmanager", "prometheus-alertmanager") {
        return Ok(ignored);
    }
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("reference.parquet"), parquet_bytes(&batch(1, 0.0)))?;
    let manager = Alertmanager::start(folder.path(), "drift", "http://127.0.0.1:9/alerts")?;
    let config = format!(
        "state: {}\nreceivers:\n  am: {{ kind: alertmanager, url: \"{}\", retries: 1, timeout_s: 5 }}\ndefault: [am]\n",
        folder.path().join("alerts-state.json").display(),
        manager.url
    );
    fs::write(folder.path().join("alerts.yaml"), config)?;
    let firing = || -> Vec<Value> {
        let answer: Vec<Value> = block_on(async {
            http().get(format!("{}/api/v2/alerts", manager.url)).send().await.unwrap().json().await.unwrap()
        });
        answer.into_iter().filter(|alert| alert["labels"]["alertname"] == "DataDrift").collect()
    };
    for (mean, code, expected) in [(0.6, 1, 1), (0.6, 1, 1), (0.0, 0, 0)] {
        fs::write(folder.path().join("current.parquet"), parquet_bytes(&batch(3, mean)))?;
        let words = ["--reference", "reference.parquet", "--current", "current.parquet", "--alerts", "alerts.yaml"];
        let output = check(folder.path(), &words, &[])?;
        assert_eq!(output.status.code(), Some(code), "{}", said(&output));
        let deadline = Instant::now() + Duration::from_secs(90);
        while firing().len() != expected && Instant::now() < deadline {
            std::thread::park_timeout(Duration::from_millis(100));
        }
        let found = firing();
        assert_eq!(found.len(), expected, "{found:?}");
        assert!(found.iter().all(|alert| alert["labels"]["column"] == "x"), "{found:?}");
    }
    Ok(Completion::Completed)
}

fn page() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let rows = |shift: i32, plan: &str| {
        let row = |row: i32| {
            format!("{},{},{plan}\n", (row * 37 % 101 + shift) as f64 / 10.0, ["a", "b", "<b>"][row as usize % 3])
        };
        format!("amount,word,plan\n{}", (0..600).map(row).collect::<String>())
    };
    fs::write(folder.path().join("reference.csv"), rows(0, "basic"))?;
    fs::write(folder.path().join("current.csv"), rows(30, "basic"))?;
    let mut outcome: Outcome = serde_json::from_value(compared(folder.path(), "reference.csv", "current.csv", &[])?)
        .map_err(|it| it.to_string())?;
    "2026-01-05T00:00:00Z".clone_into(&mut outcome.started_at);
    "mod-553".clone_into(&mut outcome.tool);
    outcome.duration_seconds = 0.5;
    insta::assert_snapshot!("drift-page", report::html(&outcome));
    Ok(())
}
