//! `mod-106 alerts`: tell the people who mind, once, and again when it is over.

use super::connection::pair;
use super::output::Output;
use crate::alerts::{
    Alert, Config, Decision, Delivery, Dispatcher, Error, Fate, Options, Router, Severity, parse_alerts, read_alerts,
};
use anyhow::Context;
use clap::Subcommand;
use jiff::Timestamp;
use std::path::{Path, PathBuf};

/// `mod-106 alerts …`
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Receivers and routes
    #[arg(long, global = true, value_name = "FILE", default_value = "alerts.yaml")]
    config: PathBuf,
    /// Where it is written what was sent; otherwise as the configuration says, or beside it
    #[arg(long, global = true, value_name = "FILE")]
    state: Option<PathBuf>,
    /// Print JSON, for programs
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Send what is new, what is over, and what could not be sent before
    ///
    /// What a receiver knows already is not sent again. What comes too fast is summed up in one message; what cannot be delivered
    /// is kept and sent by the next run, under the same idempotency key.
    Send {
        /// Alerts as JSON, one or a list; `-` is standard input
        file: Option<PathBuf>,
        /// These are all alerts of this source: what it had before and has no more is resolved
        #[arg(long, value_name = "NAME")]
        source: Option<String>,
        /// Say what would be sent; send and write nothing
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        alert: OneAlert,
    },
    /// Send a test alert to each receiver, and resolve it
    Test {
        /// Only to this one; may be repeated
        #[arg(long, value_name = "NAME")]
        receiver: Vec<String>,
        /// Say what would be sent; send nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Explain where an alert goes, and why
    Routes {
        /// Alerts as JSON, one or a list; `-` is standard input
        file: Option<PathBuf>,
        #[command(flatten)]
        alert: OneAlert,
    },
}

/// One alert in words.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "One alert, instead of a file")]
struct OneAlert {
    /// What kind of thing it is, such as DataDrift
    #[arg(long, conflicts_with = "file", requires_all = ["severity", "owner"])]
    name: Option<String>,
    /// How bad it is
    #[arg(long, requires = "name")]
    severity: Option<Severity>,
    /// Who minds
    #[arg(long, requires = "name")]
    owner: Option<String>,
    /// One line
    #[arg(long, requires = "name")]
    summary: Option<String>,
    /// What tells it from others of its name; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair, requires = "name")]
    label: Vec<(String, String)>,
    /// What helps whoever reads it; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair, requires = "name")]
    annotation: Vec<(String, String)>,
    /// It is over
    #[arg(long, requires = "name")]
    resolved: bool,
}

/// Runs the subcommand.
///
/// # Errors
/// A configuration or alert that makes no sense, or receivers that did not take what they should.
pub async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let mut config = Config::read(&arguments.config).context("give receivers and routes with --config FILE")?;
    if let Some(state) = arguments.state {
        config.state = state;
    }
    let (output, now) = (Output::to_terminal_or_pipe(arguments.json), Timestamp::now());
    match arguments.action {
        Action::Send { file, alert, source, dry_run } => {
            let alerts = alert.or_file(file.as_deref(), now)?;
            let dispatcher = Dispatcher::new(&config);
            let sent = dispatcher.send(&alerts, &Options { source, dry_run }, now, &variable).await?;
            show(output, &sent)?;
            dispatcher.undelivered(&sent).map_or(Ok(()), |error| Err(error.into()))
        }
        Action::Test { receiver, dry_run } => test(config, &receiver, dry_run, output, now).await,
        Action::Routes { file, alert } => {
            let alerts = alert.or_file(file.as_deref(), now)?;
            routes(&config, &alerts, output)
        }
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

impl OneAlert {
    fn or_file(self, file: Option<&Path>, now: Timestamp) -> Result<Vec<Alert>, Error> {
        match (file, self.name) {
            (Some(path), _) if path == Path::new("-") => {
                let text = std::io::read_to_string(std::io::stdin().lock());
                let text = text.map_err(|reason| Error::File { path: "standard input".into(), reason })?;
                parse_alerts("standard input", &text)
            }
            (Some(path), _) => read_alerts(path),
            (None, Some(name)) => {
                let severity = self.severity.unwrap_or(Severity::Warning);
                let summary = self.summary.unwrap_or_else(|| name.clone());
                let mut alert = Alert::new(name, severity, self.owner.unwrap_or_default(), summary);
                alert.labels.extend(self.label);
                alert.annotations.extend(self.annotation);
                alert.ends_at = self.resolved.then_some(now);
                alert.check()?;
                Ok(vec![alert])
            }
            (None, None) => Ok(Vec::new()),
        }
    }
}

/// A test alert to each receiver and its end, past the routes and the state file.
async fn test(
    mut config: Config,
    only: &[String],
    dry_run: bool,
    output: Output,
    now: Timestamp,
) -> anyhow::Result<()> {
    if let Some(unknown) = only.iter().find(|name| !config.receivers.contains_key(*name)) {
        let all = config.receivers.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        return Err(Error::Malformed {
            place: "--receiver".to_owned(),
            problem: format!("found {unknown:?}, expected one of {all}"),
            advice: "`mod-106 alerts routes` lists them".to_owned(),
        }
        .into());
    }
    let chosen = |name: &String| only.is_empty() || only.contains(name);
    config.receivers.retain(|name, _| chosen(name));
    config.routes.clear();
    config.default = config.receivers.keys().cloned().collect();
    let folder = tempfile::tempdir()?;
    config.state = folder.path().join("state.json");
    let mut alert = Alert::new("TestAlert", Severity::Info, "alerts-test", "a test: nothing is wrong");
    // Of its own, so that a receiver which remembers keys takes it for no repetition.
    alert.labels.insert("test".to_owned(), uuid::Uuid::new_v4().to_string());
    let (dispatcher, options) = (Dispatcher::new(&config), Options { source: None, dry_run });
    let mut sent = dispatcher.send(std::slice::from_ref(&alert), &options, now, &variable).await?;
    if !dry_run {
        alert.ends_at = Some(Timestamp::now());
        sent.extend(dispatcher.send(&[alert], &options, Timestamp::now(), &variable).await?);
    }
    show(output, &sent)?;
    match dispatcher.undelivered(&sent) {
        Some(Error::Undelivered { receivers, unreachable, .. }) => {
            Err(Error::Untested { receivers, unreachable }.into())
        }
        _ => Ok(()),
    }
}

fn show(output: Output, sent: &[Delivery]) -> anyhow::Result<()> {
    output.list(sent, ["RECEIVER", "ALERT", "SEVERITY", "STATUS", "FATE", "WHY"], |it| {
        [
            it.receiver.clone(),
            it.alert.clone(),
            it.severity.word().to_owned(),
            it.status.word().to_owned(),
            fate(it.fate).to_owned(),
            it.detail.clone(),
        ]
    })
}

fn fate(fate: Fate) -> &'static str {
    match fate {
        Fate::Delivered => "delivered",
        Fate::WouldSend => "would be sent",
        Fate::Known => "known already",
        Fate::HeldBack => "held back",
        Fate::InSummary => "in the summary",
        Fate::Failed => "NOT DELIVERED",
    }
}

/// One alert and its way.
#[derive(serde::Serialize)]
struct Explained<'a> {
    alert: &'a str,
    fingerprint: String,
    #[serde(flatten)]
    decision: Decision,
}

fn routes(config: &Config, alerts: &[Alert], output: Output) -> anyhow::Result<()> {
    if alerts.is_empty() {
        return all_routes(config, output);
    }
    let router = Router::new(config);
    let explained: Vec<_> = alerts
        .iter()
        .map(|alert| Explained {
            alert: &alert.name,
            fingerprint: alert.fingerprint().to_string(),
            decision: router.decide(alert),
        })
        .collect();
    output.list(&explained, ["ALERT", "GOES TO", "WHY"], |it| {
        let why = it.decision.steps.iter().map(|step| {
            let mark = if step.matched { "yes" } else { "no" };
            format!("{}: {mark}, {}", step.route, step.reason)
        });
        [it.alert.to_owned(), it.decision.receivers.join(", "), why.collect::<Vec<_>>().join("\n")]
    })
}

/// The configuration as a table.
fn all_routes(config: &Config, output: Output) -> anyhow::Result<()> {
    #[derive(serde::Serialize)]
    struct Line {
        route: String,
        takes: String,
        to: Vec<String>,
        then: &'static str,
    }
    let mut lines: Vec<_> = config
        .routes
        .iter()
        .enumerate()
        .map(|(index, route)| Line {
            route: format!("route {}", index + 1),
            takes: route.conditions(),
            to: route.to.clone(),
            then: if route.continues { "continues" } else { "ends" },
        })
        .collect();
    let takes = "what no route took".to_owned();
    lines.push(Line { route: "default".to_owned(), takes, to: config.default.clone(), then: "ends" });
    output.list(&lines, ["ROUTE", "TAKES", "TO", "THEN"], |line| {
        [line.route.clone(), line.takes.clone(), line.to.join(", "), line.then.to_owned()]
    })
}
