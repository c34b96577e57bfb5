//! The monitor as a service: it reads logs while they grow, judges windows as they close, counts every record once, and is not fooled by
//! clocks that jump. Each check starts a service of its own, with its own reference, and ends it.

use super::monitor::Monitor;
use crate::{
    check::{Check, Fault, Need},
    context::{Call, Context},
    expect,
    labs::mod_106::lab_3::data::{Cell, Table, normal, normals, words},
    submission::free_port,
    wire::Request,
};
use fastrand::Rng;
use http::Method;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde_json::{Value, json};
use std::{fmt::Write, fs::OpenOptions, io::Write as _, time::Duration};

pub(super) const JUDGED: Check = Check {
    id: "windows-are-judged-as-they-close",
    title: "The service judges windows of a growing log as they close, names new features, and says so in its metrics",
    follows: &[],
    needs: &[Need::Command("serve")],
    limit: Duration::from_secs(120),
    exclusive: false,
    run: |ctx| Box::pin(judged(ctx)),
};

pub(super) const ONCE: Check = Check {
    id: "records-count-once",
    title: "Late, doubled, broken and far-ahead records are counted apart, and none twice, though the service is killed in between",
    run: |ctx| Box::pin(once(ctx)),
    ..JUDGED
};

pub(super) const DAILY: Check = Check {
    id: "daily-looks-do-not-alarm",
    title: "Thirty windows of nothing raise no alarm, and a shift afterwards does",
    run: |ctx| Box::pin(daily(ctx)),
    ..JUDGED
};

const PLANS: &[(&str, u32)] = &[("basic", 60), ("pro", 40)];

fn reference(rng: &mut Rng) -> Table {
    Table::default().with("x", normals(rng, 5_000, 0.0, 1.0)).with("plan", words(rng, 5_000, PLANS))
}

fn spec(rest: &str) -> String {
    format!("monitor: lab\nnumeric: ks\ncategorical: chi_squared\neffect: 0.15\n{rest}\n")
}

const HOURLY: &str = "windows: { every_minutes: 60, lateness_minutes: 10, fire_after: 1, resolve_after: 1 }";

/// The beginning of an hour, so many hours ago.
fn hour(ago: i64) -> Timestamp {
    let now = Timestamp::now().as_second();
    Timestamp::from_second(now - now.rem_euclid(3_600) - ago * 3_600).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// One line of the log; times are written in zones of all kinds.
fn line(rng: &mut Rng, id: &str, at: Timestamp, features: &Value) -> String {
    let zone = TimeZone::fixed(jiff::tz::offset(rng.i8(-11..12)));
    let time = at.to_zoned(zone).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
    let plan = if rng.u32(0..100) < 60 { "basic" } else { "pro" };
    let mut features = features.clone();
    features["plan"] = plan.into();
    json!({
        "time": time, "request_id": id, "model": "m", "version": "1", "features": features, "prediction": "yes", "score": 0.5,
        "latency_ms": 3.0, "status": 200,
    })
    .to_string()
        + "\n"
}

/// Records of an hour.
fn records(rng: &mut Rng, name: &str, start: Timestamp, count: usize, shift: f64, more: &Value) -> String {
    (0..count).fold(String::new(), |mut text, index| {
        let at = start + SignedDuration::from_secs(rng.i64(0..3_600));
        let mut features = more.clone();
        features["x"] = normal(rng, shift, 1.0).into();
        text += &line(rng, &format!("{name}-{index}"), at, &features);
        text
    })
}

/// A service to be asked.
struct Asked<'a> {
    ctx: &'a Context,
    base: String,
}

impl Asked<'_> {
    async fn text(&self, path: &str) -> Result<String, Fault> {
        let answer = self.ctx.wire().send(Request::new(Method::GET, &self.base, path)).await;
        let answer = answer.map_err(|error| Fault::failed(format!("GET {path}"), "an answer", error.to_string()))?;
        expect::status(&answer, 200)?;
        Ok(answer.text())
    }

    /// Asks until the answer is as it should be, at most for half a minute.
    async fn until<T>(&self, path: &str, what: &str, found: impl Fn(&str) -> Option<T>) -> Result<T, Fault> {
        let mut last = String::new();
        for _ in 0..300 {
            match self.text(path).await {
                Ok(text) => match found(&text) {
                    Some(found) => return Ok(found),
                    None => last = text,
                },
                Err(error) => last = error.to_string(),
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Err(Fault::failed(format!("GET {path}, for half a minute"), what, last))
    }
}

/// Asks until a counter has come to a number; one that is beyond it will not come back.
async fn counted(service: &Asked<'_>, name: &str, expected: f64) -> Result<(), Fault> {
    let reached = |text: &str| sample(text, name, &[]).filter(|it| *it >= expected);
    let found = service.until("/metrics", &format!("{name} {expected}"), reached).await?;
    expect::equal(name, &expected, &found)
}

/// A sample of a metric, by its name and its labels in whatever order.
fn sample(text: &str, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
    let of = |line: &&str| {
        let rest = line.strip_prefix(name)?;
        let (inside, value) = match rest.strip_prefix('{') {
            Some(rest) => rest.split_once('}')?,
            None => ("", rest),
        };
        let has = |(key, value): &(&str, &str)| inside.contains(&format!("{key}=\"{value}\""));
        if !labels.iter().all(has) {
            return None;
        }
        value.split_whitespace().next()?.parse().ok()
    };
    text.lines().find_map(|line| of(&line))
}

/// Starts the service, asks it, and ends it.
async fn served<T>(
    ctx: &Context,
    monitor: &Monitor,
    kill_after: Option<Duration>,
    ask: impl AsyncFnOnce(Asked<'_>) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let port = free_port(std::net::Ipv4Addr::LOCALHOST.into()).map_err(|error| Fault::Harness(error.to_string()))?;
    let listen = format!("127.0.0.1:{port}");
    let place = |name: &str| monitor.path(name);
    let (spec, reference, logs, state) = (place("spec.yaml"), place("reference.csv"), place("logs"), place("state"));
    let words = [
        spec.as_str(),
        "--reference",
        &reference,
        "--logs",
        &logs,
        "--folder",
        &state,
        "--listen",
        &listen,
        "--poll",
        "0.1",
    ];
    let running = ctx.call(Call { limit: Duration::from_secs(100), kill_after, ..Call::of("serve", &words) });
    tokio::select! {
        ended = running => {
            let ended = ended?;
            let said = format!("exit code {}\n{}", ended.status, ended.stderr.trim());
            Err(Fault::failed("the command `serve`", "a service that goes on", said))
        }
        asked = ask(Asked { ctx, base: format!("http://{listen}") }) => asked,
    }
}

fn append(monitor: &Monitor, name: &str, text: &str) -> Result<(), Fault> {
    let path = monitor.folder.join("logs").join(name);
    let written =
        OpenOptions::new().create(true).append(true).open(&path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| Fault::Harness(format!("{}: {error}", path.display())))
}

fn windows(text: &str) -> Vec<Value> {
    serde_json::from_str(text).unwrap_or_default()
}

async fn judged(ctx: Context) -> Result<(), Fault> {
    let mut rng = ctx.rng();
    let monitor =
        Monitor::new(&ctx)?.file("reference.csv", reference(&mut rng).csv())?.file("spec.yaml", spec(HOURLY))?;
    let (first, second, third) = (hour(8), hour(7), hour(6));
    monitor.write("logs/a.jsonl", records(&mut rng, &ctx.name("r"), first, 900, 0.0, &json!({})))?;
    let new = format!("discount_{}", rng.u32(100..1_000));
    let moved = records(&mut rng, &ctx.name("r"), second, 900, 1.0, &json!({ new.as_str(): 3.5 }));
    let after = records(&mut rng, &ctx.name("r"), third + SignedDuration::from_secs(3_600), 5, 0.0, &json!({}));
    served(&ctx, &monitor, None, async |service| {
        counted(&service, "drift_records_total", 900.0).await?;
        let early = windows(&service.text("/windows").await?);
        expect::holds("/windows before anything closed", early.is_empty(), "[]", &early)?;
        append(&monitor, "a.jsonl", &moved)?;
        append(&monitor, "b.jsonl", &after)?;
        let closed = |text: &str| Some(windows(text)).filter(|found| found.len() == 2);
        let found = service.until("/windows", "two windows that closed", closed).await?;
        for (window, start, verdict) in [(&found[0], first, "stable"), (&found[1], second, "drift")] {
            let began = expect::text(window, "/start")?.parse().ok();
            expect::equal("`start` of a window", &Some(start), &began)?;
            expect::equal(
                &format!("`verdict` of {start} ({})", window["why"]),
                verdict,
                expect::text(window, "/verdict")?,
            )?;
        }
        let named = expect::list(&found[1], "/new_columns");
        expect::equal("`new_columns` of the second window", &[Value::from(format!("feature.{new}"))][..], named)?;
        counted(&service, "drift_windows_total", 2.0).await?;
        let text = service.text("/metrics").await?;
        for (column, expected) in [("feature.x", 1.0), ("feature.plan", 0.0)] {
            let found = sample(&text, "drift_column_drifted", &[("monitor", "lab"), ("column", column)]);
            expect::equal(&format!("drift_column_drifted of {column}"), &Some(expected), &found)?;
        }
        service.text("/healthz").await.map(drop)
    })
    .await
}

async fn once(ctx: Context) -> Result<(), Fault> {
    let mut rng = ctx.rng();
    let monitor =
        Monitor::new(&ctx)?.file("reference.csv", reference(&mut rng).csv())?.file("spec.yaml", spec(HOURLY))?;
    let (first, second) = (hour(8), hour(6));
    let name = ctx.name("r");
    let of_first = records(&mut rng, &name, first, 400, 0.0, &json!({}));
    monitor.write("logs/a.jsonl", &of_first)?;
    // The same records in another file, as after a delivery that was repeated; and some that belong to another year.
    let doubled: String = of_first.lines().take(150).fold(String::new(), |mut text, line| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{line}");
        text
    });
    monitor.write("logs/b.jsonl", &doubled)?;
    let ahead = records(&mut rng, &ctx.name("r"), hour(-9_000), 7, 0.0, &json!({}));
    monitor.write("logs/c.jsonl", format!("{ahead}{{\"time\": \"2026\nno record\n"))?;
    let killed = served(&ctx, &monitor, Some(Duration::from_millis(2_500)), async |service| {
        counted(&service, "drift_records_total", 400.0).await?;
        std::future::pending::<Result<(), Fault>>().await
    })
    .await;
    // It was ended by SIGKILL; whatever else ended it is a failure of its own.
    if let Err(Fault::Failed { actual, .. }) = &killed
        && !actual.contains("exit code 137")
    {
        return killed;
    }
    // Two hours on: the first window closes; then some records of it come late, and half a line is written.
    let next = records(&mut rng, &ctx.name("r"), second, 300, 0.0, &json!({}));
    append(&monitor, "a.jsonl", &next)?;
    served(&ctx, &monitor, None, async |service| {
        counted(&service, "drift_records_total", 700.0).await?;
        counted(&service, "drift_windows_total", 1.0).await?;
        let late = records(&mut rng, &ctx.name("r"), first, 11, 0.0, &json!({}));
        let last = records(&mut rng, &ctx.name("r"), second, 1, 0.0, &json!({}));
        let (begun, rest) = last.split_at(last.len() / 2);
        append(&monitor, "a.jsonl", &format!("{late}{begun}"))?;
        counted(&service, "drift_records_late_total", 11.0).await?;
        append(&monitor, "a.jsonl", rest)?;
        for (name, expected) in [
            ("drift_records_total", 701.0),
            ("drift_records_duplicate_total", 150.0),
            ("drift_records_ahead_total", 7.0),
            ("drift_lines_malformed_total", 2.0),
            ("drift_windows_total", 1.0),
        ] {
            counted(&service, name, expected).await?;
        }
        Ok(())
    })
    .await
}

async fn daily(ctx: Context) -> Result<(), Fault> {
    const FEATURES: usize = 8;
    const QUIET: i64 = 30;
    let mut rng = ctx.rng();
    let names: Vec<String> = (0..FEATURES).map(|index| format!("f{index}")).collect();
    let table = names.iter().fold(Table::default(), |table, name| table.with(name, normals(&mut rng, 1_500, 0.0, 1.0)));
    let table = table.with("plan", vec![Cell::Text("basic".to_owned()); 1_500]);
    let mut log = String::new();
    for day in 0..QUIET + 6 {
        for index in 0..150 {
            let features: serde_json::Map<String, Value> = names
                .iter()
                .enumerate()
                .map(|(place, name)| {
                    let shift = if day >= QUIET && place == 2 { 1.0 } else { 0.0 };
                    (name.clone(), normal(&mut rng, shift, 1.0).into())
                })
                .collect();
            let at = hour(24 * (QUIET + 8 - day)) + SignedDuration::from_secs(index * 10);
            log += &line(&mut rng, &format!("{day}-{index}"), at, &features.into());
        }
    }
    let spec = spec(&format!(
        "exclude: [plan, score, latency_ms, status, prediction, variant]\n\
         policy: {{ significance: 0.001, correction: benjamini_hochberg, looks: repeated }}\n{HOURLY}"
    ));
    let monitor = Monitor::new(&ctx)?
        .file("reference.csv", table.csv())?
        .file("spec.yaml", spec.replace("effect: 0.15", "effect: 0.005"))?
        .file("logs/a.jsonl", log)?;
    let words = ["@spec.yaml", "--reference", "@reference.csv", "--logs", "@logs", "--folder", "@state", "--once"];
    let output = monitor.run(&ctx, "serve", &words).await?;
    expect::exit(&output, "serve … --once", 0)?;
    let lines: Vec<&str> = output.stdout.lines().collect();
    // The last window waits for later records.
    expect::equal("the windows that closed, one a line", &35, &lines.len())?;
    let drifted =
        |line: &&&str| line.split_whitespace().nth(1).is_some_and(|word| word.trim_end_matches(':') == "drift");
    let alarms: Vec<&&str> = lines.iter().take(QUIET as usize).filter(drifted).collect();
    expect::holds("alarms in thirty windows of nothing", alarms.is_empty(), "none", alarms)?;
    let found = lines.iter().skip(QUIET as usize).any(|line| drifted(&line));
    expect::holds("an alarm in the five windows after the shift", found, "at least one", &lines[QUIET as usize..])
}
