//! The monitor as a service: windows that close, records that come late or twice, clocks that jump, and a service that is killed.

use super::environment::COMMAND;
use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("drift::service::windows-close-once-and-alerts-do-not-flap", windows_close_once),
        Trial::test("drift::service::late-doubled-and-broken-records-are-counted", odd_records_are_counted),
        Trial::test("drift::service::what-is-killed-goes-on-where-it-was", what_is_killed_goes_on),
        Trial::test("drift::service::a-quiet-weekend-is-no-drift", a_quiet_weekend_is_no_drift),
        Trial::test("drift::service::a-state-that-is-broken-is-refused", a_broken_state_is_refused),
    ]
}

const SPEC: &str = "monitor: fraud\nowner: fraud-team\neffect: 0.2\nwindows: {every_minutes: 60, lateness_minutes: 5, fire_after: 2, resolve_after: 2}\n";
const PER_WINDOW: usize = 2_000;

/// One hour of traffic, in the order of time.
fn hour(hour: usize, shift: f64) -> String {
    let mut random = fastrand::Rng::with_seed(hour as u64 + 1);
    let mut text = String::new();
    for row in 0..PER_WINDOW {
        let x = (0..12).map(|_| random.f64()).sum::<f64>() - 6.0 + shift;
        let (day, second) = (hour / 24 + 1, row * 3_600 / PER_WINDOW);
        let time = format!("2026-01-{day:02}T{:02}:{:02}:{:02}Z", hour % 24, second / 60, second % 60);
        let plan = ["basic", "pro", "gold"][random.usize(0..3)];
        let line = json!({
            "time": time, "request_id": format!("{hour}-{row}"), "model": "fraud", "version": "3",
            "features": {"x": x, "plan": plan}, "prediction": plan, "latency_ms": 3.0 + random.f64(), "status": 200,
        });
        text.push_str(&format!("{line}\n"));
    }
    text
}

struct Site(tempfile::TempDir);

impl Site {
    fn make() -> Result<Self, Failed> {
        let site = Self(tempfile::tempdir()?);
        fs::create_dir(site.path().join("logs"))?;
        fs::write(site.path().join("reference.jsonl"), (0..4).map(|place| hour(500 + place, 0.0)).collect::<String>())?;
        fs::write(site.path().join("monitor.yaml"), SPEC)?;
        Ok(site)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn log(&self, name: &str, text: &str) -> Result<(), Failed> {
        let mut file = File::options().create(true).append(true).open(self.path().join("logs").join(name))?;
        Ok(file.write_all(text.as_bytes())?)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(COMMAND);
        command.current_dir(self.path()).args(["drift", "serve", "monitor.yaml", "--reference", "reference.jsonl"]);
        command.args(["--logs", "logs", "--folder", "state"]);
        command
    }

    fn once(&self) -> Result<String, Failed> {
        let output = self.command().arg("--once").output()?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    fn state(&self) -> Result<Value, Failed> {
        Ok(serde_json::from_str(&fs::read_to_string(self.path().join("state/state.json"))?)?)
    }

    fn window(&self, start: &str) -> Result<Value, Failed> {
        Ok(serde_json::from_str(&fs::read_to_string(self.path().join(format!("state/windows/{start}.json")))?)?)
    }
}

fn windows_close_once() -> Result<(), Failed> {
    let site = Site::make()?;
    // Quiet, one odd hour, quiet, then it drifts and stays, and ends.
    let shifts = [0.0, 2.0, 0.0, 2.0, 2.0, 2.0, 0.0, 0.0, 0.0];
    let mut fired = Vec::new();
    for (place, shift) in shifts.into_iter().enumerate() {
        site.log("a.jsonl", &hour(place, shift))?;
        site.once()?;
        fired.push(site.state()?["alerts"].as_object().unwrap().len());
    }
    // An hour closes when the next has come past its lateness, so each verdict shows one round later.
    // The odd hour tells nobody; one stable hour of the two that it takes is not the end.
    assert_eq!(fired, [0, 0, 0, 0, 0, 1, 1, 1, 0]);
    assert_eq!(site.state()?["counters"]["windows"], 8);
    let odd = site.window("2026-01-01T010000Z")?;
    assert_eq!((&odd["verdict"], &odd["current"]["rows"]), (&"drift".into(), &PER_WINDOW.into()));
    assert_eq!(site.window("2026-01-01T020000Z")?["verdict"], "stable");
    Ok(())
}

fn odd_records_are_counted() -> Result<(), Failed> {
    let site = Site::make()?;
    site.log("a.jsonl", &hour(0, 0.0))?;
    // The same log under another name: delivered twice.
    site.log("b.jsonl", &hour(0, 0.0))?;
    let ahead =
        hour(1, 0.0).lines().next().unwrap().replace("2026-01-01", "2226-01-01").replace("\"1-0\"", "\"ahead\"");
    site.log("c.jsonl", &format!("{ahead}\nnonsense\n"))?;
    site.log("d.jsonl", &hour(1, 0.0))?;
    site.once()?;
    let window = site.window("2026-01-01T000000Z")?;
    assert_eq!((&window["verdict"], &window["current"]["rows"]), (&"stable".into(), &PER_WINDOW.into()), "{window}");
    assert!(window["notes"].to_string().contains("2000 records came more than once"), "{}", window["notes"]);
    // Its window is closed: late, and nothing opens again.
    site.log("e.jsonl", &hour(0, 3.0))?;
    site.once()?;
    let counters = &site.state()?["counters"];
    let expected = json!({"records": 4000, "late": 2000, "ahead": 1, "duplicates": 2000, "malformed": 1, "windows": 1});
    assert_eq!(*counters, expected);
    let aside = fs::read_to_string(site.path().join("state/set-aside.jsonl"))?;
    assert!(aside.contains("nonsense") && aside.contains("2226"), "{aside}");
    Ok(())
}

/// A service that ends with this value, whatever happens.
struct Served(Child, String);

impl Served {
    fn start(site: &Site) -> Result<Self, Failed> {
        let mut command = site.command();
        command.args(["--listen", "127.0.0.1:0", "--poll", "0.05"]).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let lines = BufReader::new(child.stderr.take().ok_or("no pipe")?).lines();
        let mut address = None;
        for line in lines.map_while(Result::ok) {
            if let Some(found) = line.strip_prefix("listening on ") {
                address = Some(found.to_owned());
                break;
            }
        }
        Ok(Self(child, address.ok_or("the service did not start")?))
    }

    fn get(&self, page: &str) -> Result<String, Failed> {
        let (host, request) = (
            self.1.trim_start_matches("http://"),
            format!("GET {page} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
        );
        let mut stream = std::net::TcpStream::connect(host)?;
        stream.write_all(request.as_bytes())?;
        Ok(std::io::read_to_string(stream)?)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn eventually(what: &str, mut holds: impl FnMut() -> bool) -> Result<(), Failed> {
    let deadline = Instant::now() + Duration::from_secs(60);
    while Instant::now() < deadline {
        if holds() {
            return Ok(());
        }
        std::thread::park_timeout(Duration::from_millis(30));
    }
    Err(format!("not within a minute: {what}").into())
}

fn what_is_killed_goes_on() -> Result<(), Failed> {
    let site = Site::make()?;
    let lines: Vec<String> =
        (0..3).map(|place| hour(place, 0.0)).collect::<String>().lines().map(|line| format!("{line}\n")).collect();
    // Killed with SIGKILL in the middle of the stream, again and again, with half a line at the end of what is written.
    for part in lines.chunks(700) {
        let text: String = part.concat();
        let (most, rest) = text.split_at(text.len() - 20);
        let mut served = Served::start(&site)?;
        site.log("a.jsonl", most)?;
        std::thread::park_timeout(Duration::from_millis(40));
        served.0.kill()?;
        served.0.wait()?;
        site.log("a.jsonl", rest)?;
    }
    let served = Served::start(&site)?;
    eventually("all records counted", || {
        served.get("/metrics").is_ok_and(|text| text.contains(&format!("drift_records_total {}\n", 3 * PER_WINDOW)))
    })?;
    assert!(served.get("/healthz")?.contains("ok"));
    drop(served);
    // What was shown is shown after a restart too, before any window closes.
    let served = Served::start(&site)?;
    let (windows, metrics) = (served.get("/windows")?, served.get("/metrics")?);
    assert_eq!(windows.matches("\"verdict\":\"stable\"").count(), 2, "{windows}");
    assert!(metrics.contains("drift_columns{"), "{metrics}");
    drop(served);
    for start in ["2026-01-01T000000Z", "2026-01-01T010000Z"] {
        let window = site.window(start)?;
        assert_eq!(window["current"]["rows"], PER_WINDOW, "{start}: each record once");
        assert_eq!(window["verdict"], "stable");
    }
    let counters = &site.state()?["counters"];
    assert_eq!((&counters["late"], &counters["malformed"]), (&0.into(), &0.into()), "{counters}");
    Ok(())
}

/// Hours from a Monday on, busy on working days by day.
fn weeks(hours: std::ops::Range<i64>, shift: f64) -> String {
    let monday: jiff::Timestamp = "2026-01-05T00:00:00Z".parse().unwrap();
    let mut random = fastrand::Rng::with_seed(hours.start as u64);
    let lines = hours.flat_map(|hour| (0..40).map(move |row| (hour, row))).map(|(hour, row)| {
        let is_busy = hour / 24 % 7 < 5 && (8..18).contains(&(hour % 24));
        let x = (0..12).map(|_| random.f64()).sum::<f64>() - 6.0 + shift + if is_busy { 2.0 } else { 0.0 };
        let time = monday + jiff::SignedDuration::from_hours(hour) + jiff::SignedDuration::from_secs(90 * row);
        let line = json!({
            "time": time.to_string(), "request_id": format!("{hour}-{row}"), "model": "fraud", "version": "3",
            "features": {"x": x}, "prediction": "a", "latency_ms": 3.0, "status": 200,
        });
        format!("{line}\n")
    });
    lines.collect()
}

fn a_quiet_weekend_is_no_drift() -> Result<(), Failed> {
    const SPEC: &str =
        "monitor: fraud\nowner: fraud-team\neffect: 0.1\nwindows: {every_minutes: 1440, lateness_minutes: 5}\n";
    const BY_HOUR: &str = "dependence: {kind: hour_of_week, time: time}\n";
    // The verdicts about `x` on the Saturday and the Sunday after four weeks; the Monday closes them.
    let verdicts = |dependence: &str, shift: f64| -> Result<Vec<String>, Failed> {
        let site = Site::make()?;
        fs::write(site.path().join("reference.jsonl"), weeks(0..672, 0.0))?;
        fs::write(site.path().join("monitor.yaml"), format!("{SPEC}{dependence}"))?;
        site.log("a.jsonl", &weeks(792..842, shift))?;
        site.once()?;
        let verdict = |start: &str| {
            let window = site.window(start)?;
            let column = window["columns"].as_array().and_then(|all| all.iter().find(|it| it["column"] == "feature.x"));
            Ok(column.ok_or_else(|| window.to_string())?["verdict"].as_str().unwrap_or_default().to_owned())
        };
        ["2026-02-07T000000Z", "2026-02-08T000000Z"].into_iter().map(verdict).collect()
    };
    assert_eq!(verdicts("", 0.0)?, ["drift", "drift"], "beside all days, a weekend is another world");
    assert_eq!(verdicts(BY_HOUR, 0.0)?, ["stable", "stable"]);
    assert_eq!(verdicts(BY_HOUR, 1.0)?, ["drift", "drift"]);
    Ok(())
}

fn a_broken_state_is_refused() -> Result<(), Failed> {
    let site = Site::make()?;
    site.log("a.jsonl", &hour(0, 0.0))?;
    site.once()?;
    let path = site.path().join("state/state.json");
    let good = fs::read_to_string(&path)?;
    fs::write(&path, &good[..good.len() / 2])?;
    let error = site.once().err().map(|failed| failed.message().unwrap_or_default().to_owned()).unwrap_or_default();
    assert!(error.contains("state.json") && error.contains("move it away"), "{error}");
    Ok(())
}
