//! The feature store's commands: files that are malformed or half-written, batches that a server refuses, and servers that are away.

use super::{Case, Desk, NOBODY};
use libtest_mimic::Failed;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

pub(super) const FEATURES: &str = "
project: payments
online_store: online.db
entities:
  - {name: customer, join_key: customer_id, value_type: Int64}
sources:
  - {name: spend_file, path: rows.csv, timestamp_field: event_timestamp}
push_sources:
  - {name: spend_push, batch_source: spend_file}
feature_views:
  - name: spend
    entities: [customer]
    ttl: 3h
    source: spend_push
    features:
      - {name: payments_7d, dtype: Int64}
      - {name: country, dtype: String}
";
pub(super) const ROWS: &str =
    "customer_id,event_timestamp,payments_7d,country\n7,2026-03-01T09:30:00Z,3,FR\n8,2026-03-01T09:31:00Z,,DE\n";
pub(super) const ENTITIES: &str = "customer_id,event_timestamp\n7,2026-03-01T10:00:00Z\n8,2026-03-01T10:00:00Z\n";
const PUSH: &str = "{\n \"customer_id\": [7],\n \"event_timestamp\": [\"2026-03-01T09:30:00Z\"],\n \"payments_7d\": [4],\n \"country\": [\"FR\"]\n}\n";

pub(super) fn files() -> Result<(), Failed> {
    let mut desk = Desk::with(&[
        ("features.yaml", FEATURES),
        ("misspelt.yaml", &FEATURES.replace("join_key", "join_kye")),
        ("half.yaml", &FEATURES[..120]),
        ("rows.csv", ROWS),
        ("entities.csv", ENTITIES),
        ("no-zone.csv", &ENTITIES.replacen("00Z", "00", 1)),
        ("half.csv", &ENTITIES[..ENTITIES.len() - 22]),
        ("no-key.csv", &ENTITIES.replace("customer_id", "customer")),
        ("words.csv", &ROWS.replace(",3,", ",three,")),
        ("half.parquet", "PAR1 and then nothing"),
        ("entities.txt", ENTITIES),
        ("training.csv", "the training set of yesterday\n"),
        ("file", ""),
    ])?;
    std::fs::create_dir(desk.path().join("folder.csv"))?;
    let cases = file_cases();
    cases.iter().try_for_each(|(line, exit, says)| desk.fails((line, *exit, says)))?;
    insta::assert_snapshot!("feature-files", desk.transcript);
    Ok(())
}

/// A command, its exit code and what it must say, where the command is put together.
type OwnedCase = (String, i32, Vec<&'static str>);

fn file_cases() -> Vec<OwnedCase> {
    let join = "features join --feature spend --out training.csv --entities";
    vec![
        (format!("{join} none.csv"), 2, vec!["none.csv"]),
        (format!("{join} no-zone.csv"), 2, vec!["no-zone.csv, line 2, column \"event_timestamp\"", "zone"]),
        (format!("{join} half.csv"), 2, vec!["half.csv"]),
        (
            format!("{join} no-key.csv"),
            2,
            vec!["no-key.csv: no column \"customer_id\"; found customer, event_timestamp"],
        ),
        (format!("{join} half.parquet"), 2, vec!["half.parquet: not Parquet"]),
        (format!("{join} entities.txt"), 2, vec!["give a file that ends so"]),
        (format!("{join} entities.csv --repository none.yaml"), 2, vec!["none.yaml"]),
        (format!("{join} entities.csv --repository misspelt.yaml"), 2, vec!["misspelt.yaml", "join_kye"]),
        (format!("{join} entities.csv --repository half.yaml"), 2, vec!["half.yaml"]),
        (format!("{join} entities.csv --log-to-run 0123 --tracking-uri ftp://x"), 2, vec!["ftp"]),
        (
            "features join --feature spend:paymnts_7d --out training.csv --entities entities.csv".to_owned(),
            2,
            vec!["no feature named \"spend:paymnts_7d\"", "country, payments_7d"],
        ),
        (
            "features join --service fraud --out training.csv --entities entities.csv".to_owned(),
            2,
            vec!["no feature service named \"fraud\""],
        ),
        ("features join --feature spend --out training.txt --entities entities.csv".to_owned(), 2, vec![".parquet"]),
        (
            "features join --feature spend --out file/a.csv --entities entities.csv".to_owned(),
            1,
            vec!["file/a.csv", "writable"],
        ),
        (
            "features join --feature spend --out folder.csv --entities entities.csv".to_owned(),
            1,
            vec!["a folder is in its place"],
        ),
        ("features ingest spend words.csv".to_owned(), 2, vec!["words.csv, line 2, column \"payments_7d\"", "three"]),
        ("features ingest spend half.parquet".to_owned(), 2, vec!["half.parquet: not Parquet"]),
        ("features ingest spned rows.csv".to_owned(), 2, vec!["no feature view named \"spned\"", "spend"]),
        (
            "features materialize --repository features.yaml --start 2026-03-02T00:00:00Z --end 2026-03-01T00:00:00Z"
                .to_owned(),
            2,
            vec!["--start must be before --end"],
        ),
        ("features materialize --repository features.yaml --end yesterday".to_owned(), 2, vec!["--end", "yesterday"]),
        ("features materialize".to_owned(), 2, vec!["--server"]),
        ("features serve --port 0 --repository misspelt.yaml".to_owned(), 2, vec!["misspelt.yaml"]),
    ]
}

/// Our own feature server in the desk's folder.
struct FeatureServer(Child);

impl FeatureServer {
    fn start(desk: &mut Desk) -> Result<Self, Failed> {
        let mut command = desk.command("features serve --port 0 --ready-file ready");
        let server = Self(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?);
        let deadline = Instant::now() + Duration::from_secs(60);
        let uri = loop {
            let uri = std::fs::read_to_string(desk.path().join("ready")).unwrap_or_default();
            if uri.trim().starts_with("http") {
                break uri.trim().to_owned();
            }
            if Instant::now() > deadline {
                return Err("the feature server did not get ready within a minute".into());
            }
            std::thread::park_timeout(Duration::from_millis(20));
        };
        desk.addresses.push(("FEATURES", uri));
        Ok(server)
    }
}

impl Drop for FeatureServer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(super) fn servers() -> Result<(), Failed> {
    let mut desk = Desk::with(&[
        ("features.yaml", FEATURES),
        ("rows.csv", ROWS),
        ("push.json", PUSH),
        ("half.json", &PUSH[..PUSH.len() - 20]),
        ("list.json", "[1, 2]"),
        ("other.json", &PUSH.replace("country", "land")),
        ("word.json", &PUSH.replace("[4]", "[\"four\"]")),
        ("uneven.json", &PUSH.replace("[4]", "[4, 5]")),
        ("keyless.json", &PUSH.replace("[7]", "[null]")),
        ("timeless.json", &PUSH.replace("2026-03-01T09:30:00Z", "yesterday")),
    ])?;
    let server = FeatureServer::start(&mut desk)?;
    let get = "features get --server FEATURES --entity customer_id=7 --feature spend:payments_7d";
    assert!(desk.succeeds(get)?.contains("NOT_FOUND"));
    let cases: [Case; 18] = [
        ("features push spend_push none.json --server FEATURES", 2, &["none.json"]),
        ("features push spend_push half.json --server FEATURES", 2, &["half.json:5:", "whole"]),
        ("features push spend_push list.json --server FEATURES", 2, &["list.json:1:"]),
        ("features push spend_psuh push.json --server FEATURES", 1, &["spend_psuh", "spend_push"]),
        ("features push spend_push other.json --server FEATURES", 1, &["spend needs the column country"]),
        ("features push spend_push word.json --server FEATURES", 1, &["payments_7d", "four"]),
        ("features push spend_push word.json --server FEATURES --to online_and_offline", 1, &["payments_7d", "four"]),
        ("features push spend_push uneven.json --server FEATURES", 1, &["different lengths"]),
        ("features push spend_push keyless.json --server FEATURES", 1, &["customer_id: row 1 has no value"]),
        ("features push spend_push timeless.json --server FEATURES --to offline", 1, &["event_timestamp", "yesterday"]),
        ("features push spend_push push.json --server NOBODY", 3, &["NOBODY", "is it running"]),
        ("features push spend_push push.json --server ftp://x", 2, &["ftp://x", "such as http://"]),
        ("features get --server NOBODY --entity customer_id=7 --feature spend:country", 3, &["is it running"]),
        ("features get --server FEATURES --entity customer_id=7 --feature spned:country", 1, &["spned", "spend"]),
        ("features get --server FEATURES --entity customer_id=seven --feature spend:country", 1, &["customer_id"]),
        ("features materialize --server NOBODY", 3, &["is it running"]),
        ("features materialize --server FEATURES --view spned", 1, &["spned", "spend"]),
        ("features registry --registry NOBODY", 3, &["is it running"]),
    ];
    let cases =
        cases.map(|(line, exit, says)| (line, exit, says.iter().map(|part| part.replace("NOBODY", NOBODY)).collect()));
    for (line, exit, says) in &cases {
        let says: &Vec<String> = says;
        desk.fails((line, *exit, &says.iter().map(String::as_str).collect::<Vec<_>>()))?;
    }
    assert!(desk.succeeds(get)?.contains("NOT_FOUND"), "something of a refused push arrived");
    desk.succeeds("features push spend_push push.json --server FEATURES")?;
    // It is stored, and too old by now to be used.
    assert!(desk.succeeds(get)?.contains("OUTSIDE_MAX_AGE"));
    drop(server);
    insta::assert_snapshot!("feature-servers", desk.transcript);
    Ok(())
}
