//! The same plan in one process and on a cluster that is started for real: one scheduler and two executors on loopback, each a process
//! of its own. Counts are equal, and every sketch is as near to the truth as it promises, wherever it was merged.

use arrow::array::{ArrayRef, Float64Array, Int32Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use datafusion::parquet::arrow::ArrowWriter;
use mod_553_cluster::profile::{self, CategoryProfile, NumberProfile, Profile, Values};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

const COMMAND: &str = env!("CARGO_BIN_EXE_mod-553-cluster");
const FILES: usize = 8;
const ROWS: usize = 6_000;
/// Long on a machine that is busy with other things, and never waited for on one that is not.
const PATIENCE: Duration = Duration::from_secs(120);

/// A process that ends with the test.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What is true of the data, known because we made them.
#[derive(Default)]
struct Truth {
    amounts: Vec<f64>,
    nulls: u64,
    nans: u64,
    infinities: u64,
    words: BTreeMap<String, u64>,
}

/// Files of unequal parts: numbers with everything that a number can be, counts, words, times.
fn write(folder: &Path) -> (Vec<PathBuf>, Truth) {
    let mut random = fastrand::Rng::with_seed(55);
    let mut truth = Truth::default();
    let mut files = Vec::new();
    for part in 0..FILES {
        let (mut amounts, mut words) = (Vec::new(), Vec::new());
        for _ in 0..ROWS {
            let amount = match random.usize(0..100) {
                0..3 => None,
                3 => Some(f64::NAN),
                4 => Some(f64::NEG_INFINITY),
                // Parts are alike in nothing: a merge that forgets one is seen.
                _ => Some(random.f64().ln() * -100.0 + part as f64 * 50.0),
            };
            match amount {
                None => truth.nulls += 1,
                Some(value) if value.is_nan() => truth.nans += 1,
                Some(value) if value.is_infinite() => truth.infinities += 1,
                Some(value) => truth.amounts.push(value),
            }
            amounts.push(amount);
            let word = format!("word {}", (random.f64() * random.f64() * 30.0) as usize);
            *truth.words.entry(word.clone()).or_default() += 1;
            words.push(word);
        }
        let counts: ArrayRef = Arc::new(Int32Array::from_iter_values((0..ROWS as i32).map(|row| row % 17)));
        let times = (0..ROWS as i64).map(|row| 1_767_225_600_000_000 + row * 1_000_000);
        let batch = RecordBatch::try_from_iter([
            ("Amount", Arc::new(Float64Array::from(amounts)) as ArrayRef),
            ("attempts", counts),
            ("Merchant word", Arc::new(StringArray::from(words)) as ArrayRef),
            ("time", Arc::new(TimestampMicrosecondArray::from_iter_values(times)) as ArrayRef),
        ])
        .unwrap();
        let path = folder.join(format!("part-{part}.parquet"));
        let mut writer = ArrowWriter::try_new(File::create(&path).unwrap(), batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        files.push(path);
    }
    truth.amounts.sort_by(f64::total_cmp);
    (files, truth)
}

fn profiled(files: &[PathBuf], more: &[&str]) -> Output {
    let mut command = Command::new(COMMAND);
    command.arg("profile").args(files).args(["--timeout", "120"]).args(more);
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// Profiles into a file, and reads it as `mod-553` does.
fn read(files: &[PathBuf], to: &Path, more: &[&str]) -> Profile {
    let place = to.display().to_string();
    let output = profiled(files, &[&["--to", &place], more].concat());
    assert!(output.status.success(), "{}", said(&output));
    profile::read(to).unwrap()
}

/// Starts a scheduler, and says where it listens.
fn scheduler() -> (Server, SocketAddr) {
    let mut command = Command::new(COMMAND);
    command.args(["scheduler", "--listen", "127.0.0.1:0", "--executors", "2"]).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let server = Server(child);
    let line = lines.next().unwrap().unwrap();
    // Somebody must go on reading, or the scheduler would wait for it.
    std::thread::spawn(move || lines.map_while(Result::ok).for_each(|line| eprintln!("scheduler: {line}")));
    let address = line.strip_prefix("listening on ").unwrap_or_else(|| panic!("{line}"));
    (server, address.parse().unwrap())
}

/// Starts an executor on a port that was free a moment ago.
fn executor(scheduler: SocketAddr, folder: &Path) -> Server {
    std::fs::create_dir_all(folder).unwrap();
    let free = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    let mut command = Command::new(COMMAND);
    command.args(["executor", "--scheduler", &scheduler.to_string(), "--listen", &free.to_string(), "--folder"]);
    Server(command.arg(folder).spawn().unwrap())
}

/// Waits until the scheduler has both executors.
fn wait_until_ready(scheduler: SocketAddr) {
    let begun = Instant::now();
    loop {
        let mut answer = String::new();
        if let Ok(mut stream) = TcpStream::connect(scheduler) {
            let asked = write!(stream, "GET /readyz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
            let _ = asked.and_then(|()| stream.read_to_string(&mut answer));
        }
        if answer.starts_with("HTTP/1.1 200") {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "no two executors: {answer}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn files_below(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { files_below(&path) } else { 1 }).sum()
}

fn numbers<'a>(profile: &'a Profile, column: &str) -> &'a NumberProfile {
    match &profile.columns[column].values {
        Values::Numbers(numbers) => numbers,
        Values::Categories(_) => panic!("`{column}` holds categories"),
    }
}

fn categories<'a>(profile: &'a Profile, column: &str) -> &'a CategoryProfile {
    match &profile.columns[column].values {
        Values::Categories(categories) => categories,
        Values::Numbers(_) => panic!("`{column}` holds numbers"),
    }
}

/// What is counted is exact, and what is sketched is within what it promises.
fn check(profile: &Profile, truth: &Truth) {
    assert_eq!(profile.rows, (FILES * ROWS) as u64);
    assert_eq!(profile.columns.keys().collect::<Vec<_>>(), ["Amount", "Merchant word", "attempts", "time"]);
    let amount = numbers(profile, "Amount");
    assert_eq!(profile.columns["Amount"].nulls, truth.nulls);
    assert_eq!(
        (amount.nans, amount.negative_infinities, amount.positive_infinities),
        (truth.nans, truth.infinities, 0)
    );
    assert_eq!(amount.moments.count, truth.amounts.len() as u64);
    assert_eq!(amount.moments.min, truth.amounts.first().copied());
    assert_eq!(amount.moments.max, truth.amounts.last().copied());
    let mean = truth.amounts.iter().sum::<f64>() / truth.amounts.len() as f64;
    assert!((amount.moments.mean - mean).abs() < 1e-9 * mean.abs(), "{} and {mean}", amount.moments.mean);
    let error = amount.rank_error();
    assert!(error > 0.0, "so many values are sketched");
    for share in [0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99] {
        let value = amount.quantile(share).unwrap();
        let rank = truth.amounts.partition_point(|other| *other <= value) as f64 / truth.amounts.len() as f64;
        assert!((rank - share).abs() <= error, "the rank of the quantile {share} is {rank}, and ε is {error}");
    }
    // 1.6 % is HyperLogLog's standard error here, and three of them are rare.
    let distinct = amount.distinct() / truth.amounts.len() as f64;
    assert!((distinct - 1.0).abs() < 0.05, "{distinct}");
    assert_eq!(numbers(profile, "attempts").moments.max, Some(16.0));
    let words = categories(profile, "Merchant word");
    assert_eq!(words.count(), (FILES * ROWS) as u64);
    for frequent in words.frequent() {
        let true_count = truth.words[&frequent.category];
        assert!(frequent.at_least <= true_count && true_count <= frequent.count, "{}", frequent.category);
    }
    assert_eq!(words.frequent().len(), truth.words.len());
}

#[test]
fn the_same_plan_runs_here_and_on_a_cluster() {
    let folder = tempfile::tempdir().unwrap();
    let (files, truth) = write(folder.path());
    let here = read(&files, &folder.path().join("here.profile.json"), &[]);
    check(&here, &truth);

    let (_scheduler, address) = scheduler();
    let place = address.to_string();
    let to = folder.path().join("there.profile.json").display().to_string();
    // Nobody is there to do the work: that is said, and not waited for.
    let output = profiled(&files, &["--to", &to, "--scheduler", &place]);
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert!(said(&output).contains("start executors with"), "{}", said(&output));

    let folders = ["one", "two"].map(|name| folder.path().join(name));
    let _executors = folders.each_ref().map(|folder| executor(address, folder));
    wait_until_ready(address);
    let remote = ["--partitions", "8", "--scheduler", &place];
    let plans = [profiled(&files, &["--plan"]), profiled(&files, &[&remote[..], &["--plan"]].concat())];
    assert!(plans[0].status.success() && plans[0].stdout == plans[1].stdout, "{}", said(&plans[1]));
    assert!(said(&plans[0]).contains("column_profile("), "{}", said(&plans[0]));

    let there = read(&files, &folder.path().join("there.profile.json"), &remote);
    check(&there, &truth);
    for (name, column) in &here.columns {
        let other = &there.columns[name];
        assert_eq!((column.rows, column.nulls, column.kind), (other.rows, other.nulls, other.kind), "{name}");
    }
    // Each executor did a part of it: what it gave to the others is in its folder.
    for folder in &folders {
        assert!(files_below(folder) > 0, "the executor of {} did nothing", folder.display());
    }
}

#[test]
fn bad_input_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let check = |files: &[PathBuf], more: &[&str], code: i32, expected: &str| {
        let to = folder.path().join("p.json").display().to_string();
        let output = profiled(files, &[&["--to", &to], more].concat());
        assert!(output.status.code() == Some(code) && said(&output).contains(expected), "{}", said(&output));
    };
    let table = path("a.csv", "x,y\n1,a\n2,b\n");
    check(&[folder.path().join("nowhere.csv")], &[], 2, "nowhere.csv: No such file");
    check(&[table.clone(), path("b.parquet", "x")], &[], 2, "b.parquet: ends in .parquet, the others in .csv");
    check(&[path("c.parquet", "no parquet")], &[], 2, "c.parquet: ");
    check(&[path("d.txt", "x")], &[], 2, "d.txt: ends in .txt; name .parquet or .csv");
    // Nobody listens on a port that was just given back.
    let nobody = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().to_string();
    check(&[table.clone()], &["--scheduler", &nobody], 3, "start one with `mod-553-cluster scheduler`");
    check(&[table], &[], 0, "p.json: 2 rows, 2 columns");
}
