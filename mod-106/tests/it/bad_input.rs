//! `mod-106 validate` on what real folders hold: malformed data and specs, servers that are away, folders that are read-only, Ctrl-C, and
//! two at once. Each refusal has its exit code, names the place and says what to do next; and the report of yesterday stays what it was.

use arrow::array::{ArrayRef, Int64Array, StructArray};
use arrow::datatypes::{DataType, Field};
use arrow::record_batch::RecordBatch;
use libtest_mimic::{Failed, Trial};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use parquet::arrow::ArrowWriter;
use serde_json::Value;
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = vec![
        Trial::test("bad-input::refusals-say-where-and-what-next", refusals_say_where_and_what_next),
        Trial::test("bad-input::no-rows-are-inconclusive", no_rows_are_inconclusive),
        Trial::test("bad-input::ten-thousand-columns-are-read", ten_thousand_columns_are_read),
        Trial::test("bad-input::nested-columns-are-passed-over", nested_columns_are_passed_over),
        Trial::test("bad-input::a-server-that-is-away-takes-no-report-along", a_server_that_is_away),
        Trial::test("bad-input::a-folder-that-takes-no-report", a_folder_that_takes_no_report),
        Trial::test("bad-input::half-a-report-is-replaced", half_a_report_is_replaced),
        Trial::test("bad-input::two-at-once-are-not-mixed", two_at_once_are_not_mixed),
    ];
    if cfg!(target_os = "linux") {
        trials.push(Trial::test("bad-input::ctrl-c-leaves-nothing", ctrl_c_leaves_nothing));
    }
    trials
}

const CSV: &[u8] = b"a,b\n1,x\n2,y\n3,z\n";
const SPEC: &str = "suite: s\ncurrent: a.csv\nexpectations: [{ expect: nulls, column: a }]\n";
const REPORTS: [&str; 4] = ["report.json", "report.md", "report.html", "junit.xml"];
const EARLIER: &str = "{\"started_at\": \"2026-01-02T03:04:05Z\"}";

/// Runs it in a folder, with the report below it.
fn validate(folder: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mod-106"));
    command.args(["validate", "s.yaml", "--report", "report"]).args(more).current_dir(folder);
    for name in ["MLFLOW_TRACKING_URI", "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN"]
    {
        command.env_remove(name);
    }
    command.env("NO_PROXY", "127.0.0.1").stdin(Stdio::null());
    command
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn ends(output: &Output, code: i32, says: &[&str]) -> Result<(), Failed> {
    let said = said(output);
    let missing: Vec<_> = says.iter().filter(|part| !said.contains(**part)).collect();
    if output.status.code() == Some(code) && missing.is_empty() {
        return Ok(());
    }
    Err(format!("{}, not {code}; without {missing:?}:\n{said}", output.status).into())
}

/// One way to get it wrong.
struct Case {
    file: &'static str,
    bytes: Vec<u8>,
    spec: String,
    says: &'static [&'static str],
}

fn data(file: &'static str, bytes: impl Into<Vec<u8>>, says: &'static [&'static str]) -> Case {
    Case { file, bytes: bytes.into(), spec: SPEC.replace("a.csv", file), says }
}

fn spec(spec: impl Into<String>, says: &'static [&'static str]) -> Case {
    Case { file: "a.csv", bytes: CSV.to_vec(), spec: spec.into(), says }
}

fn cases() -> Vec<Case> {
    let utf16: Vec<u8> = "a,b\n1,x\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let parquet = parquet(&[("a", Arc::new(Int64Array::from_iter_values(0..5_000)))]);
    let tail = |text: &str| format!("{SPEC}{text}");
    vec![
        data("a.csv", "a,b,c\n1,x,y\n2,z\n", &["a.csv:3", "2 fields and the header 3", "empty field"]),
        data("a.csv", "a,b\n1;x\n", &["a.csv:2", "1 fields and the header 2", "Set `delimiter`"]),
        data("a.csv", "a,b\n1,x\n2,y,z\n", &["a.csv:3", "3 fields", "quote fields"]),
        data("a.csv", "a;b\n1;x,y\n", &["a.csv:2", "2 fields and the header 1", "quote fields"]),
        data("a.csv", "a,b\n1,\"x\n2,y\n", &["a.csv:2", "never closed", "close it"]),
        data("a.csv", b"a,b\n1,caf\xe9\n".as_slice(), &["a.csv:2:2", "byte 4", "E9", "encoding: latin1"]),
        data("a.csv", [b"\xff\xfe".as_slice(), &utf16].concat(), &["a.csv:1:1", "UTF-16", "iconv -f UTF-16"]),
        data("a.csv", utf16, &["a.csv:1", "zero byte", "iconv -f UTF-16LE"]),
        data("a.csv", "", &["a.csv", "the file is empty", "header"]),
        data("a.csv", "\n\n", &["a.csv:1", "no header", "names of the columns"]),
        data("a.csv", "a,b,a\n1,x,2\n", &["a.csv:1", "columns 1 and 3 are both named \"a\"", "name of its own"]),
        data("a.jsonl", "{\"a\": 1}\n{\"a\": \n", &["a.jsonl:2", "one JSON object a line"]),
        data("a.jsonl", "{\"a\": 1, \"a\": 2}\n", &["a.jsonl:1", "\"a\" stands twice"]),
        data("a.jsonl", b"{\"a\": \"\xe9\"}\n".as_slice(), &["a.jsonl:1:8", "not UTF-8", "latin1"]),
        data(
            "a.parquet",
            &parquet[..parquet.len() / 2],
            &["a.parquet", "no Parquet file that can be read", "write it again"],
        ),
        data("a.parquet", &parquet[..3], &["a.parquet", "no Parquet file that can be read"]),
        data("a.parquet", CSV, &["a.parquet", "no Parquet file that can be read"]),
        spec(SPEC.replace("a.csv", "b.csv"), &["b.csv", "no such file", "did you mean `a.csv`?"]),
        spec(SPEC.replace("a.csv", "elsewhere/a.csv"), &["elsewhere/a.csv", "no such file", "beside the spec"]),
        spec("suite: s\ncurrent: { path: ., format: csv }\n", &["this is a folder", "name one file"]),
        spec(SPEC.replace("a.csv", "a.xlsx"), &["a.xlsx", "format"]),
        spec(SPEC.replace("column: a", "colum: a"), &["s.yaml:3:", "no key `colum`", "did you mean `column`?"]),
        spec(SPEC.replace("nulls", "nuls"), &["s.yaml:3:", "`nuls`", "did you mean `nulls`?"]),
        spec(tail("budgets: [{ id: x, size_of: a.csv, max: many }]\n"), &["s.yaml:4:", "many"]),
        spec(tail("drift: 7\n"), &["s.yaml:4:"]),
        spec(tail("expectations: []\n"), &["s.yaml:4:", "expectations"]),
        spec(
            "suite: s\ncurrent: a.csv\nexpectations:\n  - { expect: nulls, column: a }\n  - { expect: nulls, column: a }\n",
            &["s.yaml", "two expectations have the id `nulls.a`", "`id` of its own"],
        ),
        spec("suite: s\ncurrent: a.csv\nexpectations: [\n", &["s.yaml:"]),
        spec("", &["s.yaml"]),
    ]
}

fn refusals_say_where_and_what_next() -> Result<(), Failed> {
    for Case { file, bytes, spec, says } in cases() {
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join(file), bytes)?;
        std::fs::write(folder.path().join("s.yaml"), &spec)?;
        let report = folder.path().join("report");
        ends(&validate(folder.path(), &[]).output()?, 2, says)?;
        assert!(!report.exists(), "{says:?}: a folder was made for no report");
        // The report of yesterday is neither touched nor taken for today's.
        std::fs::create_dir(&report)?;
        std::fs::write(report.join("report.json"), EARLIER)?;
        let again = validate(folder.path(), &[]).output()?;
        ends(&again, 2, &["report is that of an earlier validation, begun at 2026-01-02T03:04:05Z"])?;
        assert_eq!(std::fs::read_to_string(report.join("report.json"))?, EARLIER);
        assert_eq!(std::fs::read_dir(&report)?.count(), 1);
    }
    let folder = tempfile::tempdir()?;
    ends(&validate(folder.path(), &[]).output()?, 2, &["s.yaml", "no such spec"])?;
    std::fs::create_dir(folder.path().join("s.yaml"))?;
    ends(&validate(folder.path(), &[]).output()?, 2, &["s.yaml", "this is a folder, not a spec"])?;
    std::fs::remove_dir(folder.path().join("s.yaml"))?;
    std::fs::write(folder.path().join("s.yaml"), b"suite: caf\xe9\n")?;
    ends(&validate(folder.path(), &[]).output()?, 2, &["s.yaml", "not UTF-8", "iconv"])
}

fn parquet(columns: &[(&str, ArrayRef)]) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter(columns.iter().cloned()).unwrap();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bytes
}

fn no_rows_are_inconclusive() -> Result<(), Failed> {
    let none = parquet(&[("a", Arc::new(Int64Array::from_iter_values(0..0)))]);
    for (file, bytes) in [("a.csv", b"a,b\n".as_slice()), ("a.csv", b"a,b"), ("a.parquet", &none)] {
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join(file), bytes)?;
        std::fs::write(folder.path().join("s.yaml"), SPEC.replace("a.csv", file))?;
        ends(&validate(folder.path(), &[]).output()?, 4, &["inconclusive"])?;
        let report = report(folder.path())?;
        assert_eq!(report["datasets"][0]["rows"], 0);
        assert!(report["expectations"][0]["why"].as_str().unwrap().contains("no value to look at"), "{report}");
        let rows = "suite: s\ncurrent: FILE\nexpectations: [{ expect: rows, min: 1 }]\n".replace("FILE", file);
        std::fs::write(folder.path().join("s.yaml"), rows)?;
        ends(&validate(folder.path(), &[]).output()?, 1, &["failed"])?;
    }
    Ok(())
}

fn report(folder: &Path) -> Result<Value, Failed> {
    Ok(serde_json::from_str(&std::fs::read_to_string(folder.join("report/report.json"))?)?)
}

fn ten_thousand_columns_are_read() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let mut random = fastrand::Rng::with_seed(1);
    for name in ["r.csv", "a.csv"] {
        let mut text = (0..10_000).map(|column| format!("c{column}")).collect::<Vec<_>>().join(",");
        for _ in 0..20 {
            let row: Vec<_> = (0..10_000).map(|_| random.u8(..).to_string()).collect();
            write!(text, "\n{}", row.join(","))?;
        }
        std::fs::write(folder.path().join(name), text)?;
    }
    std::fs::write(folder.path().join("s.yaml"), "suite: s\nreference: r.csv\ncurrent: a.csv\ndrift: {}\n")?;
    ends(&validate(folder.path(), &[]).output()?, 4, &["inconclusive"])?;
    let report = report(folder.path())?;
    assert_eq!(report["drift"]["columns"].as_array().map(Vec::len), Some(10_000));
    assert_eq!(report["datasets"][0]["columns"][9_999]["name"], "c9999");
    Ok(())
}

fn nested_columns_are_passed_over() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let city: ArrayRef = Arc::new(Int64Array::from_iter_values(0..100));
    let address = StructArray::from(vec![(Arc::new(Field::new("city", DataType::Int64, true)), city.clone())]);
    let bytes = parquet(&[("a", city.clone()), ("address", Arc::new(address)), ("b", city)]);
    std::fs::write(folder.path().join("a.parquet"), &bytes)?;
    std::fs::write(folder.path().join("r.parquet"), &bytes)?;
    let head = "suite: s\nreference: r.parquet\ncurrent: a.parquet\n";
    let run = |tail: &str| -> Result<Output, Failed> {
        std::fs::write(folder.path().join("s.yaml"), format!("{head}{tail}"))?;
        Ok(validate(folder.path(), &[]).output()?)
    };
    let passes = "drift: { effect: 0.9 }\nexpectations:\n  - { expect: columns, values: [a, address, b], exact: true }\n  - { expect: range, column: b, min: 0, max: 99 }\n";
    ends(&run(passes)?, 0, &["note: `address` of a.parquet was not looked at: it holds Struct"])?;
    let report = report(folder.path())?;
    let columns: Vec<_> =
        report["drift"]["columns"].as_array().unwrap().iter().map(|it| it["column"].clone()).collect();
    assert_eq!(columns, ["a", "b"]);
    assert_eq!(report["datasets"][0]["columns"][1]["kind"], "other");
    assert_eq!(report["datasets"][0]["columns"][2]["facts"]["max"], 99.0, "columns behind it are themselves");
    assert!(report["notes"].to_string().contains("`address` of r.parquet"), "{}", report["notes"]);
    let refused = ["a.parquet", "`address`", "Struct", "columns of their own", "take it out of the spec"];
    for tail in [
        "expectations: [{ expect: nulls, column: address }]\n",
        "expectations: [{ expect: duplicates }]\n",
        "expectations: [{ expect: duplicates, columns: [a, address] }]\n",
        "budgets: [{ id: x, column: address, quantile: 0.5, max: 3 }]\n",
        "performance: { task: regression, label: a, prediction: b, metrics: [], slices: [address] }\n",
    ] {
        ends(&run(tail)?, 2, &refused)?;
    }
    ends(&run("drift: { columns: [address] }\n")?, 2, &["r.parquet", "`address`", "Struct"])
}

fn a_server_that_is_away() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("a.csv"), CSV)?;
    std::fs::write(folder.path().join("s.yaml"), SPEC)?;
    let run = "0123456789abcdef0123456789abcdef";
    let more = ["--log-to-run", run, "--tracking-uri", "http://127.0.0.1:1"];
    let output = validate(folder.path(), &more).output()?;
    ends(&output, 3, &["127.0.0.1:1", "the reports are in report", "the same command logs them again"])?;
    for name in REPORTS {
        assert!(folder.path().join("report").join(name).exists(), "{name}");
    }
    assert_eq!(report(folder.path())?["verdict"], "passed");
    // Nor is anybody left untold because the server is away.
    std::fs::write(folder.path().join("s.yaml"), SPEC.replace("nulls, column: a", "rows, min: 9, id: few"))?;
    let alerts = "receivers: { all: { kind: webhook, url_env: HOOK, secret_env: KEY } }\nroutes: []\ndefault: [all]\n";
    std::fs::write(folder.path().join("alerts.yaml"), alerts)?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut command = validate(folder.path(), &[more.as_slice(), &["--alerts", "alerts.yaml"]].concat());
    command.env("HOOK", format!("http://{}/", listener.local_addr()?)).env("KEY", "k");
    let told = std::thread::spawn(move || -> std::io::Result<String> {
        let (mut stream, _) = listener.accept()?;
        let (mut text, mut buffer) = (String::new(), [0; 4096]);
        while !text.contains("few") {
            match stream.read(&mut buffer)? {
                0 => break,
                count => text.push_str(&String::from_utf8_lossy(&buffer[..count])),
            }
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")?;
        Ok(text)
    });
    ends(&command.output()?, 3, &["the reports are in report"])?;
    if !told.is_finished() {
        return Err("nobody was told".into());
    }
    assert!(told.join().unwrap()?.contains("few"));
    Ok(())
}

fn a_folder_that_takes_no_report() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("a.csv"), CSV)?;
    std::fs::write(folder.path().join("s.yaml"), SPEC)?;
    // A file is where the folder should be: nobody may write below it, not even root.
    std::fs::write(folder.path().join("report"), "mine")?;
    let said = ["no reports can be written into report", "name another folder with --report"];
    let output = validate(folder.path(), &[]).output()?;
    ends(&output, 2, &said)?;
    assert!(output.stdout.is_empty(), "nothing is read when nothing can be written");
    assert_eq!(std::fs::read_to_string(folder.path().join("report"))?, "mine");
    std::fs::remove_file(folder.path().join("report"))?;
    if !nix::unistd::geteuid().is_root() {
        use std::os::unix::fs::PermissionsExt;
        std::fs::create_dir(folder.path().join("report"))?;
        std::fs::set_permissions(folder.path().join("report"), std::fs::Permissions::from_mode(0o555))?;
        ends(&validate(folder.path(), &[]).output()?, 2, &said)?;
        std::fs::set_permissions(folder.path().join("report"), std::fs::Permissions::from_mode(0o755))?;
        std::fs::remove_dir(folder.path().join("report"))?;
    }
    std::fs::create_dir_all(folder.path().join("report/report.html"))?;
    ends(&validate(folder.path(), &[]).output()?, 2, &["a folder is in the place of report.html"])
}

/// What a validation left that was killed, or that another program spoiled.
fn half_a_report_is_replaced() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("a.csv"), CSV)?;
    std::fs::write(folder.path().join("s.yaml"), SPEC)?;
    let report = folder.path().join("report");
    std::fs::create_dir_all(report.join(".unfinished-abc"))?;
    std::fs::write(report.join(".unfinished-abc/report.md"), "old")?;
    std::fs::write(report.join("report.json"), "{\"suite\": \"ol")?;
    std::fs::write(report.join("junit.xml"), "<old")?;
    std::fs::write(report.join("mine.txt"), "mine")?;
    std::fs::write(folder.path().join("a.csv"), "a\n1\n1,2\n")?;
    ends(&validate(folder.path(), &[]).output()?, 2, &["earlier validation, and it is not whole"])?;
    assert_eq!(std::fs::read_to_string(report.join("junit.xml"))?, "<old");
    std::fs::write(folder.path().join("a.csv"), CSV)?;
    ends(&validate(folder.path(), &[]).output()?, 0, &[])?;
    same_validation(&report, "s")?;
    let mut left: Vec<_> = std::fs::read_dir(&report)?.flatten().map(|entry| entry.file_name()).collect();
    left.sort();
    assert_eq!(left, ["junit.xml", "mine.txt", "report.html", "report.json", "report.md"]);
    Ok(())
}

/// All four files are there, whole, and of one suite.
fn same_validation(report: &Path, suite: &str) -> Result<(), Failed> {
    let read = |name: &str| std::fs::read_to_string(report.join(name));
    let json: Value = serde_json::from_str(&read("report.json")?)?;
    assert_eq!(json["suite"], suite);
    let junit = read("junit.xml")?;
    assert!(
        junit.contains(&format!("testsuite name=\"{suite}\"")) && junit.trim_end().ends_with("</testsuites>"),
        "{junit}"
    );
    let digest = json["spec_digest"].as_str().unwrap();
    assert!(junit.contains(digest));
    let page = read("report.html")?;
    assert!(page.contains(digest) && page.trim_end().ends_with("</html>"));
    assert!(read("report.md")?.contains(digest));
    Ok(())
}

fn two_at_once_are_not_mixed() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("a.csv"), CSV)?;
    for suite in ["one", "two"] {
        let spec = SPEC.replace("suite: s", &format!("suite: {suite}"));
        std::fs::write(folder.path().join(format!("{suite}.yaml")), spec)?;
    }
    let report = folder.path().join("report");
    for _ in 0..15 {
        let start = |suite: &str| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_mod-106"));
            command.args(["validate", &format!("{suite}.yaml"), "--report", "report"]).current_dir(folder.path());
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()
        };
        for child in [start("one")?, start("two")?] {
            ends(&child.wait_with_output()?, 0, &[])?;
        }
        let json: Value = serde_json::from_str(&std::fs::read_to_string(report.join("report.json"))?)?;
        same_validation(&report, json["suite"].as_str().unwrap())?;
        assert_eq!(std::fs::read_dir(&report)?.count(), REPORTS.len());
    }
    Ok(())
}

fn ctrl_c_leaves_nothing() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let mut text = "a,b,c\n".to_owned();
    (0..2_000_000).try_for_each(|row| writeln!(text, "{row},{}.25,x{}", row % 977, row % 13))?;
    std::fs::write(folder.path().join("a.csv"), text)?;
    std::fs::write(folder.path().join("s.yaml"), SPEC)?;
    let report = folder.path().join("report");
    std::fs::create_dir(&report)?;
    std::fs::write(report.join("report.json"), EARLIER)?;
    let child = validate(folder.path(), &[]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let status = format!("/proc/{}/status", child.id());
    let deadline = Instant::now() + Duration::from_secs(60);
    // From the moment that it catches the signal, it must end by itself.
    let catches = || {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let mask = text.lines().find_map(|line| line.strip_prefix("SigCgt:"));
        mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 2 != 0)
    };
    while !catches() {
        assert!(Instant::now() < deadline, "it never came to wait for Ctrl-C");
        std::thread::park_timeout(Duration::from_millis(2));
    }
    kill(Pid::from_raw(i32::try_from(child.id())?), Signal::SIGINT)?;
    let output = child.wait_with_output()?;
    ends(&output, 130, &["stopped before a verdict; nothing was written", "earlier validation"])?;
    assert!(output.stdout.is_empty());
    assert_eq!(std::fs::read_to_string(report.join("report.json"))?, EARLIER);
    assert_eq!(std::fs::read_dir(&report)?.count(), 1);
    Ok(())
}
