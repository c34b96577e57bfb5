//! `mod-553 performance measure`: inference logs and labels into a ledger, and out of it what each window's labels say.

use super::super::Ended;
use crate::inference_log::{self, Label};
use crate::performance::{Anomalies, Ledger, Standing, Task, Terms, Window};
use anyhow::{Context, Result};
use clap::Args;
use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};
use mod_106::validation::spec::MetricName;
use serde::Serialize;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

/// Measure windows of an inference log as their labels come, and say which never did.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Inference logs (JSON Lines); may be given again.
    #[arg(long, value_name = "FILE", required = true)]
    log: Vec<PathBuf>,
    /// Labels (JSON Lines with request_id, label, observed_at); may be given again.
    #[arg(long, value_name = "FILE")]
    labels: Vec<PathBuf>,
    /// Only this model.
    #[arg(long, value_name = "NAME")]
    model: Option<String>,
    /// Only this version of it.
    #[arg(long, value_name = "VERSION", requires = "model")]
    version: Option<String>,
    /// How long a window is.
    #[arg(long, default_value = "1d", value_parser = duration)]
    window: SignedDuration,
    /// How long after a window's end its labels may come.
    #[arg(long, default_value = "7d", value_parser = duration)]
    maturity: SignedDuration,
    /// The share of predictions that must have a label.
    #[arg(long, default_value_t = 0.8)]
    least_coverage: f64,
    /// And how many.
    #[arg(long, default_value_t = 100)]
    least_labels: u64,
    /// The class of which the score is the probability.
    #[arg(long, value_name = "CLASS", conflicts_with = "numbers")]
    positive: Option<String>,
    /// The model predicts numbers.
    #[arg(long)]
    numbers: bool,
    /// What a metric must reach, or of an error stay below, such as recall=0.7; may be given again.
    #[arg(long = "limit", value_name = "METRIC=VALUE", value_parser = limit)]
    limits: Vec<(MetricName, f64)>,
    /// What was known at this moment; now, where it is not said.
    #[arg(long, value_name = "TIME")]
    now: Option<Timestamp>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  mod-553 performance measure --log inference.jsonl --labels labels.jsonl --positive true --limit recall=0.7
  mod-553 performance measure --log a.jsonl --log b.jsonl --labels l.jsonl --numbers --window 1h --maturity 2d --limit mae=12 --json

Exit codes: 1 a limit is broken beyond doubt · 4 a limit lies within an interval, or labels never came";

/// What is printed with `--json`.
#[derive(Debug, Serialize)]
struct Report {
    windows: Vec<Window>,
    anomalies: Anomalies,
    /// Labels of requests that no log has.
    orphans: usize,
}

pub(super) fn run(arguments: &Arguments) -> Result<()> {
    let mut ledger = Ledger::default();
    for path in &arguments.log {
        for record in inference_log::open(path)? {
            let record = record?;
            let is = |asked: &Option<String>, found: &str| asked.as_deref().is_none_or(|asked| asked == found);
            if is(&arguments.model, &record.model) && is(&arguments.version, &record.version) {
                ledger.predict(&record);
            }
        }
    }
    for path in &arguments.labels {
        read_labels(path, &mut ledger)?;
    }
    let task = if arguments.numbers { Task::Numbers } else { Task::Classes { positive: arguments.positive.clone() } };
    let terms = Terms {
        window: arguments.window,
        maturity: arguments.maturity,
        least_coverage: arguments.least_coverage,
        least_labels: arguments.least_labels,
        confidence: 0.95,
        task,
        limits: arguments.limits.iter().copied().collect(),
    };
    let windows = ledger.windows(&terms, arguments.now.unwrap_or_else(Timestamp::now));
    let report = Report { windows, anomalies: ledger.anomalies(), orphans: ledger.orphans() };
    let mut output = std::io::stdout().lock();
    if arguments.json {
        writeln!(output, "{}", serde_json::to_string_pretty(&report)?)?;
    } else {
        write!(output, "{}", text(&report))?;
    }
    end(&report)
}

/// The exit code that the windows stand for: the worst of them.
fn end(report: &Report) -> Result<()> {
    let codes = [(Standing::Broken, 1), (Standing::Undecided, 4), (Standing::Unlabelled, 4)];
    for (standing, code) in codes {
        if let Some(window) = report.windows.iter().find(|window| window.standing == standing) {
            return Err(Ended { code, message: format!("{}: {}", window.start, window.why) }.into());
        }
    }
    if report.windows.is_empty() {
        return Err(Ended { code: 4, message: "there is no prediction of that model in these logs".to_owned() }.into());
    }
    Ok(())
}

fn read_labels(path: &Path, ledger: &mut Ledger) -> Result<()> {
    let name = path.display();
    let file = File::open(path).map_err(|error| Ended { code: 2, message: format!("cannot read {name}: {error}") })?;
    for (index, line) in BufReader::new(file).lines().enumerate() {
        let line = line.with_context(|| format!("cannot read {name}"))?;
        if line.trim().is_empty() {
            continue;
        }
        let label: Label = serde_json::from_str(&line).map_err(|error| Ended {
            code: 2,
            message: format!("{name}:{}: not a label: {error}; expected request_id, label and observed_at", index + 1),
        })?;
        ledger.label(&label);
    }
    Ok(())
}

fn text(report: &Report) -> String {
    let mut text = String::new();
    for window in &report.windows {
        let standing = match window.standing {
            Standing::Pending => "pending",
            Standing::Held => "held",
            Standing::Broken => "broken",
            Standing::Undecided => "undecided",
            Standing::Unlabelled => "unlabelled",
        };
        text.push_str(&format!("{} {standing}: {}\n", window.start, window.why));
        for measure in &window.measures {
            let value = measure.value.map_or_else(|| "not defined".to_owned(), |value| format!("{value:.4}"));
            let ends = measure.interval.as_ref().map(|it| format!(" ({:.4} to {:.4})", it.lower, it.upper));
            text.push_str(&format!("    {} {value}{}\n", measure.metric, ends.unwrap_or_default()));
        }
        if window.known_before > 0 {
            text.push_str(&format!("    {} labels were known before their prediction was made\n", window.known_before));
        }
    }
    let Anomalies { unanswered, repeated_predictions, repeated_labels, corrected_labels, empty_labels } =
        report.anomalies;
    let odd = [
        (unanswered, "requests were not answered"),
        (repeated_predictions, "records were of a request that was there already"),
        (repeated_labels, "labels were told twice"),
        (corrected_labels, "labels were corrected later"),
        (empty_labels, "labels were null"),
        (report.orphans as u64, "labels were of requests that no log has"),
    ];
    for (count, what) in odd.into_iter().filter(|(count, _)| *count > 0) {
        text.push_str(&format!("{count} {what}\n"));
    }
    text
}

/// `1d`, `36h`, `90m`; a day has 24 hours.
fn duration(text: &str) -> Result<SignedDuration, String> {
    let span: Span = text.parse().map_err(|error: jiff::Error| error.to_string())?;
    let duration = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|error| error.to_string())?;
    if duration.as_secs() > 0 { Ok(duration) } else { Err("at least a second is needed".to_owned()) }
}

fn limit(text: &str) -> Result<(MetricName, f64), String> {
    let (name, value) = text.split_once('=').ok_or("expected METRIC=VALUE, such as recall=0.7")?;
    let metric = serde_json::from_value(name.into()).map_err(|error| error.to_string())?;
    let value: f64 = value.parse().map_err(|_| format!("{value:?} is not a number"))?;
    Ok((metric, value))
}
