//! The training job about itself: a file for node_exporter's textfile collector, and what stays of it when a job fails.

use super::{caller::Caller, exposition::Scrape, serving::linted};
use crate::{
    check::{Check, Fault, Need},
    context::Context,
    expect,
    submission::CommandOutput,
};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

const HEADER: &str = "account_age_days,amount_usd,attempts_24h,hour,channel,merchant,fraud";

pub(super) const LEAVES: Check = Check {
    id: "training-leaves-its-metrics",
    title: "A training job writes rows, loss, evaluation, duration and the time of its success, with model and version",
    follows: &[],
    needs: &[Need::File("training"), Need::Command("train"), Need::Tool("promtool"), Need::Tool("bash")],
    limit: Duration::from_secs(90),
    exclusive: false,
    run: |ctx| Box::pin(leaves(ctx)),
};

/// One job: what it is given, and what it leaves.
struct Job {
    folder: PathBuf,
    version: String,
}

impl Job {
    fn new(ctx: &Context) -> Result<Self, Fault> {
        let version = ctx.rng().u32(2..10_000).to_string();
        Ok(Self { folder: ctx.scratch()?, version })
    }

    fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    async fn run(&self, ctx: &Context, data: &str) -> Result<CommandOutput, Fault> {
        write(&self.folder.join("data.csv"), data)?;
        let (data, out, metrics) = (self.path("data.csv"), self.path("model"), self.path("training.prom"));
        let words = ["--data", &data, "--version", &self.version, "--out", &out, "--metrics", &metrics];
        ctx.run("train", &words).await
    }

    fn metrics(&self) -> Result<String, Fault> {
        fs::read_to_string(self.folder.join("training.prom"))
            .map_err(|error| Fault::failed("the file of --metrics", "a file", error.to_string()))
    }
}

fn write(path: &Path, text: &str) -> Result<(), Fault> {
    fs::write(path, text).map_err(|error| Fault::Harness(format!("{}: {error}", path.display())))
}

/// Rows drawn with replacement from the lab's payments.
fn table(caller: &mut Caller, rows: usize) -> Vec<String> {
    let field = |value: Option<&Value>| value.map_or_else(String::new, |value| value.to_string().replace('"', ""));
    let line = |caller: &mut Caller| {
        let payment = caller.payment();
        let names = HEADER.split(',').filter(|name| *name != "fraud");
        let fields: Vec<String> = names.map(|name| field(payment.features.get(name))).collect();
        format!("{},{}", fields.join(","), payment.fraud)
    };
    (0..rows).map(|_| line(caller)).collect()
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

async fn leaves(ctx: Context) -> Result<(), Fault> {
    let mut caller = Caller::new(&ctx)?;
    let rows = caller.random.usize(1_100..1_600);
    let lines = table(&mut caller, rows);
    let job = Job::new(&ctx)?;
    let begun = now();
    let output = job.run(&ctx, &format!("{HEADER}\n{}\n", lines.join("\n"))).await?;
    expect::exit(&output, "train", 0)?;
    let ended = now();
    let text = job.metrics()?;
    let scrape = Scrape::read("the file of --metrics", &text)?;
    let version = [("version", job.version.as_str())];
    let one = |name: &str| {
        let found = scrape.sum(name, &version).filter(|value| value.is_finite());
        let what = format!("{name}{{version=\"{}\"}} in the file of --metrics", job.version);
        found.ok_or_else(|| Fault::failed(what, "a finite number", "none"))
    };
    let within = |name: &str, low: f64, high: f64| {
        let value = one(name)?;
        expect::holds(name, (low..=high).contains(&value), &format!("{low} to {high}"), value)
    };
    // Some are held out, and not more than half.
    within("training_rows", rows as f64 / 2.0, rows as f64)?;
    within("training_last_success_timestamp_seconds", begun - 1.0, ended + 1.0)?;
    within("training_duration_seconds", 1e-6, ended - begun)?;
    within("training_loss", 0.0, 10.0)?;
    let accuracy = scrape.sum("training_evaluation", &[version[0], ("measure", "accuracy")]).unwrap_or(f64::NAN);
    let fair = (0.5..=1.0).contains(&accuracy);
    expect::holds("training_evaluation{measure=\"accuracy\"} on held-out rows", fair, "0.5 to 1", accuracy)?;
    linted(&ctx, &text).await
}

pub(super) const FAILED: Check = Check {
    id: "a-failed-training-keeps-the-last-success",
    title: "A job that fails says where its data are wrong, and leaves the model and the metrics of the last success alone",
    follows: &["training-leaves-its-metrics"],
    needs: &[Need::File("training"), Need::Command("train")],
    limit: Duration::from_secs(90),
    exclusive: false,
    run: |ctx| Box::pin(failed(ctx)),
};

async fn failed(ctx: Context) -> Result<(), Fault> {
    let mut caller = Caller::new(&ctx)?;
    let mut lines = table(&mut caller, 1_100);
    let job = Job::new(&ctx)?;
    expect::exit(&job.run(&ctx, &format!("{HEADER}\n{}\n", lines.join("\n"))).await?, "train", 0)?;
    let (before, model) = (job.metrics()?, fs::read(job.folder.join("model")).ok());
    let broken = caller.random.usize(100..1_000);
    lines[broken] = lines[broken].replacen(|digit: char| digit.is_ascii_digit(), "x", 1);
    let output = job.run(&ctx, &format!("{HEADER}\n{}\n", lines.join("\n"))).await?;
    expect::exit(&output, "train on a broken file", 2)?;
    let line = (broken + 2).to_string();
    let named = output.stderr.contains("data.csv")
        && output.stderr.split(|letter: char| !letter.is_ascii_digit()).any(|digits| digits == line);
    expect::holds("what standard error says", named, &format!("data.csv and line {line}"), &output.stderr)?;
    expect::equal("the file of --metrics after a failed job", &before, &job.metrics().unwrap_or_default())?;
    let kept = fs::read(job.folder.join("model")).ok() == model;
    expect::holds("the model after a failed job", kept, "the one before", "another")
}
