//! Our feature store beside the real Feast 0.67: the same rows, the same questions.
//!
//! - training sets: 800 entity rows over 3,000 feature rows, row by row
//! - the feature server: each request to both servers through our client; where they differ on purpose, the difference stands here
//! - the registry: what Feast's REST registry tells and what ours tells, after our client read both

use super::target::{Absent, block_on, free_port};
use libtest_mimic::{Completion, Failed, Trial};
use mod_106::features::Error;
use mod_106::features::client::FeatureClient;
use mod_106::features::registry::Registry;
use mod_106::features::wire::{
    FieldStatus, MaterializeIncrementalRequest, MaterializeRequest, OnlineRequest, OnlineResponse, PushRequest,
    PushTarget,
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const READY_WITHIN: Duration = Duration::from_secs(180);
const REPOSITORY: &str = "
project: payments
online_store: online.db
entities:
  - {name: customer, join_key: customer_id, value_type: Int64, owner: fraud@example.com}
sources:
  - {name: customer_spend_file, path: rows.csv, timestamp_field: event_timestamp, created_timestamp_column: created_timestamp}
push_sources:
  - {name: customer_spend_push, batch_source: customer_spend_file}
feature_views:
  - name: customer_spend
    entities: [customer]
    ttl: 3h
    source: customer_spend_push
    features:
      - {name: payments_7d, dtype: Int64}
      - {name: amount_mean_7d, dtype: Float64}
      - {name: country, dtype: String}
feature_services:
  - {name: fraud_v1, features: [customer_spend]}
";

/// One comparison with the real Feast.
type Comparison = fn(&Feast) -> Result<(), Failed>;

/// The values of a row created last, and those of another of the same moment.
type Tie = (Vec<String>, Vec<String>);

pub(crate) fn trials() -> Vec<Trial> {
    let tests: [(&str, Comparison); 2] = [
        ("feast::training-sets-are-joined-alike", training_sets_are_joined_alike),
        ("feast::servers-and-registries-answer-alike", servers_and_registries_answer_alike),
    ];
    let trial = |(name, test): (&str, Comparison)| {
        Trial::ignorable_test(name, move || match Feast::find() {
            Ok(feast) => test(&feast).map(|()| Completion::Completed),
            Err(Absent::NotHere(reason)) => Ok(Completion::ignored_with(reason)),
            Err(Absent::Broken(reason)) => Err(reason.into()),
        })
    };
    tests.into_iter().map(trial).collect()
}

/// Feast's programs, and a folder with our repository in it.
struct Feast {
    programs: PathBuf,
    folder: tempfile::TempDir,
}

/// A server that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let group = format!("-{}", self.0.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        let _ = self.0.wait();
    }
}

impl Feast {
    fn find() -> Result<Self, Absent> {
        let programs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/labs/feast/bin");
        if !programs.join("feast").exists() {
            let reason = "no target/labs/feast; `cargo xtask images --process` makes it";
            return Err(Absent::NotHere(reason.to_owned()));
        }
        let folder = tempfile::tempdir().map_err(|error| Absent::Broken(error.to_string()))?;
        let written = std::fs::write(folder.path().join("features.yaml"), REPOSITORY)
            .and_then(|()| std::fs::create_dir(folder.path().join("feast")));
        written.map_err(|error| Absent::Broken(error.to_string()))?;
        Ok(Self { programs, folder })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs Feast's side in its own folder.
    fn peer(&self, words: &[&str]) -> Result<(), Failed> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/python/feast_peer.py");
        let mut command = Command::new(self.programs.join("python"));
        command.arg(script).args(words).current_dir(self.path("feast"));
        succeeded(command)
    }

    fn ours(&self, words: &[&str]) -> Result<(), Failed> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mod-106"));
        command.args(words).current_dir(self.folder.path()).env_remove("MLFLOW_TRACKING_URI");
        succeeded(command)
    }

    /// Starts a server and waits until it answers at a path.
    fn serve(
        &self,
        mut command: Command,
        folder: &str,
        port: u16,
        path: &str,
    ) -> Result<(Running, FeatureClient), Failed> {
        let log = std::fs::File::create(self.path(&format!("{port}.log")))?;
        command
            .current_dir(self.path(folder))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0);
        let running = Running(command.spawn()?);
        let address = format!("http://127.0.0.1:{port}");
        let deadline = Instant::now() + READY_WITHIN;
        while !answers(port, path) {
            if Instant::now() > deadline {
                let log = std::fs::read_to_string(self.path(&format!("{port}.log")))?;
                return Err(format!("{command:?} did not get ready:\n{log}").into());
            }
            std::thread::park_timeout(Duration::from_millis(100));
        }
        Ok((running, FeatureClient::new(&address)?))
    }
}

/// Whether a server answers 200 at a path.
fn answers(port: u16, path: &str) -> bool {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(90)))?;
        write!(stream, "GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")?;
        let mut answer = [0; 12];
        stream.read_exact(&mut answer)?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    };
    ask().is_ok_and(|head| head.ends_with(" 200"))
}

fn succeeded(mut command: Command) -> Result<(), Failed> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{command:?}: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr)).into())
}

fn at(start: jiff::Timestamp, seconds: i64) -> String {
    (start + jiff::SignedDuration::from_secs(seconds)).to_string()
}

/// Feature rows with nulls, ties in event time that only the creation time resolves, and quiet hours.
fn feature_rows(random: &mut fastrand::Rng, start: jiff::Timestamp, count: usize) -> String {
    let mut text = String::from("customer_id,event_timestamp,created_timestamp,payments_7d,amount_mean_7d,country\n");
    let mut seen = BTreeSet::new();
    while seen.len() < count {
        let (customer, event) = (random.i64(0..40), random.i64(0..1440) * 60);
        let created = event + random.i64(0..600);
        if !seen.insert((customer, event, created)) {
            continue;
        }
        let mut cell = |text: String| if random.u8(..20) == 0 { String::new() } else { text };
        let (payments, amount) = (cell((created % 97).to_string()), cell(format!("{}.25", created % 89)));
        let country = cell(["AT", "DE", "FR"][(created % 3) as usize].to_owned());
        let (event, created) = (at(start, event), at(start, created));
        writeln!(text, "{customer},{event},{created},{payments},{amount},{country}").unwrap();
    }
    text
}

/// Entity rows on the edges: on the second of an event, one before and one after.
fn entity_rows(random: &mut fastrand::Rng, start: jiff::Timestamp, count: usize) -> String {
    let mut text = String::from("row,customer_id,event_timestamp\n");
    let mut seen = BTreeSet::new();
    while seen.len() < count {
        let (customer, moment) = (random.i64(0..45), random.i64(0..3000) * 30 + random.i64(-1..=1));
        if seen.insert((customer, moment)) {
            writeln!(text, "{},{customer},{}", seen.len(), at(start, moment)).unwrap();
        }
    }
    text
}

/// A CSV file by its first column.
fn by_row(path: &Path) -> Result<BTreeMap<String, Vec<String>>, Failed> {
    let text = std::fs::read_to_string(path)?;
    let header: Vec<_> = text.lines().next().unwrap_or_default().split(',').collect();
    let wanted = ["payments_7d", "amount_mean_7d", "country"];
    let wanted = wanted.map(|name| header.iter().position(|column| *column == name).unwrap());
    let rows = text.lines().skip(1).map(|line| line.split(',').collect::<Vec<_>>());
    Ok(rows.map(|cells| (cells[0].to_owned(), wanted.map(|index| plain_number(cells[index])).to_vec())).collect())
}

/// Feast drops an entity row whose feature rows are all too old or too new; we keep it, with nothing in it. Of two rows for one moment Feast
/// takes now this one, now that: it sorts by creation time and then, with a sort that is not stable, by event time. All others are
/// the same.
fn training_sets_are_joined_alike(feast: &Feast) -> Result<(), Failed> {
    let (mut random, start) = (fastrand::Rng::with_seed(106), "2026-03-01T00:00:00Z".parse().unwrap());
    std::fs::write(feast.path("rows.csv"), feature_rows(&mut random, start, 3000))?;
    std::fs::write(feast.path("entities.csv"), entity_rows(&mut random, start, 800))?;
    feast.peer(&["history", "../rows.csv", "../entities.csv", "../theirs.csv"])?;
    feast.ours(&["features", "join", "--entities", "entities.csv", "--service", "fraud_v1", "--out", "ours.csv"])?;
    let (ours, theirs) = (by_row(&feast.path("ours.csv"))?, by_row(&feast.path("theirs.csv"))?);
    assert_eq!(ours.len(), 800, "each entity row exactly once");
    assert!(theirs.len() > 700, "Feast answered {} rows", theirs.len());
    let tied = tied_values(&feast.path("rows.csv"))?;
    let mut ties = 0;
    for (row, values) in &ours {
        let expected = theirs.get(row).cloned().unwrap_or_else(|| vec![String::new(); 3]);
        if *values != expected && tied.contains(&(values.clone(), expected.clone())) {
            ties += 1;
        } else {
            assert_eq!(*values, expected, "row {row}");
        }
    }
    assert!(ties < 40, "{ties} of 800 rows differ in how ties are resolved");
    Ok(())
}

/// For each moment with several rows: the values of the one created last, and those of another.
fn tied_values(path: &Path) -> Result<BTreeSet<Tie>, Failed> {
    let text = std::fs::read_to_string(path)?;
    let mut moments = BTreeMap::<_, Vec<(&str, Vec<String>)>>::new();
    for line in text.lines().skip(1) {
        let cells: Vec<_> = line.split(',').collect();
        let values = cells[3..].iter().map(|cell| plain_number(cell)).collect();
        moments.entry((cells[0], cells[1])).or_default().push((cells[2], values));
    }
    let mut tied = BTreeSet::new();
    for mut rows in moments.into_values() {
        rows.sort();
        let Some((_, last)) = rows.pop() else { continue };
        tied.extend(rows.into_iter().map(|(_, other)| (last.clone(), other)));
    }
    Ok(tied)
}

/// Numbers that differ only in how they are written, made alike.
fn plain_number(cell: &str) -> String {
    cell.parse::<f64>().map_or_else(|_| cell.to_owned(), |number| number.to_string())
}

fn servers_and_registries_answer_alike(feast: &Feast) -> Result<(), Failed> {
    let start = jiff::Timestamp::from_second(jiff::Timestamp::now().as_second() - 86_400).unwrap();
    std::fs::write(feast.path("rows.csv"), feature_rows(&mut fastrand::Rng::with_seed(107), start, 400))?;
    feast.peer(&["apply", "../rows.csv"])?;
    let (port, registry_port, our_port) = (free_port()?, free_port()?, free_port()?);
    let mut theirs = Command::new(feast.programs.join("feast"));
    theirs.args(["serve", "--host", "127.0.0.1", "--port", &port.to_string()]);
    let (_theirs, theirs) = feast.serve(theirs, "feast", port, "/health")?;
    let mut registry = Command::new(feast.programs.join("feast"));
    registry.args([
        "serve_registry",
        "--rest-api",
        "--no-grpc",
        "--host",
        "127.0.0.1",
        "--rest-port",
        &registry_port.to_string(),
    ]);
    let (_registry, registry) = feast.serve(registry, "feast", registry_port, "/api/v1/projects")?;
    let mut ours = Command::new(env!("CARGO_BIN_EXE_mod-106"));
    ours.args(["features", "serve", "--port", &our_port.to_string()]);
    let (_ours, ours) = feast.serve(ours, ".", our_port, "/health")?;
    block_on(async {
        for client in [&theirs, &ours] {
            drive(client, start).await?;
        }
        for request in questions() {
            let (theirs, ours) = (theirs.online(&request).await, ours.online(&request).await);
            compare(&request, theirs, ours)?;
        }
        let (theirs, ours) = (registry.registry("payments").await?, ours.registry("payments").await?);
        assert_eq!(plain(ours), plain(theirs));
        Ok(())
    })
}

/// What is written to both: half a day materialised, the rest incrementally, and a push.
async fn drive(client: &FeatureClient, start: jiff::Timestamp) -> Result<(), Failed> {
    client.health().await?;
    let (start_ts, end_ts) = (Some(at(start, -1)), Some(at(start, 43_200)));
    client.materialize(&MaterializeRequest { start_ts, end_ts, feature_views: None }).await?;
    let end_ts = at(start, 86_400);
    client.materialize_incremental(&MaterializeIncrementalRequest { end_ts, feature_views: None }).await?;
    let now = json!([at(start, 86_399)]);
    let df = json!({
        "customer_id": [1007], "event_timestamp": now, "created_timestamp": now, "payments_7d": [9], "amount_mean_7d": [null], "country": ["FR"],
    });
    let df = serde_json::from_value(df)?;
    let push = PushRequest { push_source_name: "customer_spend_push".to_owned(), df, to: PushTarget::Online };
    client.push(&push).await?;
    let unknown = PushRequest { push_source_name: "nobody".to_owned(), ..push };
    assert!(matches!(client.push(&unknown).await, Err(Error::Refused { status: 422, .. })));
    let unknown =
        MaterializeIncrementalRequest { end_ts: at(start, 0), feature_views: Some(vec!["nobody".to_owned()]) };
    assert!(matches!(client.materialize_incremental(&unknown).await, Err(Error::Refused { status: 404, .. })));
    Ok(())
}

fn questions() -> Vec<OnlineRequest> {
    let entities = |values: Vec<Value>| BTreeMap::from([("customer_id".to_owned(), values)]);
    let all: Vec<Value> = (0..45).map(Value::from).chain([json!(1007), json!(424_242)]).collect();
    let features = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let request = OnlineRequest { entities: entities(all), ..OnlineRequest::default() };
    vec![
        OnlineRequest { feature_service: Some("fraud_v1".to_owned()), ..request.clone() },
        OnlineRequest { feature_service: Some("fraud_v1".to_owned()), full_feature_names: true, ..request.clone() },
        OnlineRequest {
            features: features(&["customer_spend:country", "customer_spend:payments_7d"]),
            ..request.clone()
        },
        OnlineRequest { features: features(&["nobody:country"]), ..request.clone() },
        OnlineRequest { feature_service: Some("nobody".to_owned()), ..request.clone() },
        OnlineRequest { features: features(&["customer_spend:nothing"]), ..request.clone() },
        OnlineRequest {
            features: features(&["customer_spend:country"]),
            entities: entities(vec![json!("x")]),
            ..request
        },
    ]
}

/// The same names, values, times and refusals. On purpose we say `NULL_VALUE` and `OUTSIDE_MAX_AGE` where Feast says `PRESENT`, and 422
/// where Feast answers a caller's mistake with 500.
fn compare(
    request: &OnlineRequest,
    theirs: Result<OnlineResponse, Error>,
    ours: Result<OnlineResponse, Error>,
) -> Result<(), Failed> {
    let (theirs, ours) = match (theirs, ours) {
        (Ok(theirs), Ok(ours)) => (theirs, ours),
        (Err(Error::Refused { status: 500, .. }), Err(Error::Refused { status: 422, .. })) => return Ok(()),
        (Err(Error::Refused { status: one, .. }), Err(Error::Refused { status: other, .. })) if one == other => {
            return Ok(());
        }
        (theirs, ours) => return Err(format!("{request:?}: Feast {theirs:?}, we {ours:?}").into()),
    };
    let names = |response: &OnlineResponse| response.metadata.feature_names.iter().cloned().collect::<BTreeSet<_>>();
    assert_eq!(names(&ours), names(&theirs));
    let mut seen = BTreeSet::new();
    for name in names(&ours) {
        let (ours, theirs) = (ours.feature(&name).unwrap(), theirs.feature(&name).unwrap());
        assert_eq!(ours.len(), theirs.len());
        for (ours, theirs) in ours.into_iter().zip(theirs) {
            seen.insert(format!("{:?}", ours.status));
            let alike = match ours.status {
                FieldStatus::NullValue => theirs.status == FieldStatus::Present && theirs.value.is_null(),
                FieldStatus::OutsideMaxAge => theirs.status == FieldStatus::Present,
                status => theirs.status == status,
            };
            assert!(alike && ours.value == theirs.value, "{name}: Feast {theirs:?}, we {ours:?}");
            assert_eq!(ours.event_timestamp, theirs.event_timestamp, "{name}");
        }
    }
    assert!(["Present", "NotFound", "OutsideMaxAge"].iter().all(|status| seen.contains(*status)), "{seen:?}");
    Ok(())
}

/// Without where the files lie, which is each side's own.
fn plain(mut registry: Registry) -> Registry {
    registry.data_sources.iter_mut().for_each(|source| source.file_options.uri.clear());
    registry.feature_views.iter_mut().for_each(|view| view.batch_source.file_options.uri.clear());
    registry
}
