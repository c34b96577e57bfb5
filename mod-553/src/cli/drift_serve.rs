//! `mod-553 drift serve`: the monitor as a service, until Ctrl-C or SIGTERM. Whatever ends it, the next start goes on where it was.

use super::Ended;
use super::drift::{cores, read_spec, watched};
use crate::drift::report::Budget;
use crate::drift::service::{Logs, Reference, Serving, Watchtower, serve};
use crate::drift::spec::Described;
use crate::drift::{Data, fetch, history, profile};
use anyhow::Context;
use clap::Args;
use mod_106::alerts::Config;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Watch inference logs as they grow.
#[derive(Debug, Args)]
#[command(after_help = super::drift::DEPENDENCE)]
pub struct Arguments {
    /// What is compared and how, in YAML; `windows:` cuts the stream.
    spec: Option<PathBuf>,
    /// What the data were like: a profile, a log, or any table.
    #[arg(long, value_name = "DATA")]
    reference: Option<String>,
    /// Where logs are written: a folder, file:// or s3://bucket/prefix.
    #[arg(long, value_name = "FOLDER")]
    logs: String,
    /// Where the state and the windows' reports are kept.
    #[arg(long, value_name = "FOLDER")]
    folder: PathBuf,
    /// Where /metrics, /windows and /healthz are asked for.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9553")]
    listen: SocketAddr,
    /// Seconds between two rounds.
    #[arg(long, value_name = "SECONDS", default_value_t = 15.0)]
    poll: f64,
    /// Tell the people who mind, by this configuration.
    #[arg(long, value_name = "CONFIG")]
    alerts: Option<PathBuf>,
    /// Columns with time series of their own.
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    label_budget: usize,
    /// One round, and then the end.
    #[arg(long)]
    once: bool,
}

/// Runs it.
///
/// # Errors
/// A spec, a reference or a state that cannot be used, and an address that is taken.
pub async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let (spec, beside) = read_spec(arguments.spec.as_deref())?;
    let (described, folder) = match (&arguments.reference, &spec.reference) {
        (Some(path), _) => (Described::at(path), PathBuf::new()),
        (None, Some(data)) => (data.described(), beside),
        (None, None) => {
            let message = "there is no reference: give --reference or `reference:` in the spec".to_owned();
            return Err(Ended { code: 2, message }.into());
        }
    };
    let alerts = arguments.alerts.as_deref().map(Config::read).transpose()?;
    let fetched = fetch(&described, &folder).await?;
    let (given, asked) = (described.path, spec.clone());
    let reference = watched(move |watch| {
        let data = Data::open(fetched, watch)?;
        let history = history(&asked, &data, watch)?;
        let profile = match data {
            Data::Table(table) => profile(&table, cores(), watch)?,
            Data::Profile { profile, .. } => profile,
        };
        Ok(Reference { given, profile, history })
    })
    .await?;
    let mut tower = Watchtower::open(spec, reference, Logs::open(&arguments.logs)?, &arguments.folder)?;
    if arguments.once {
        let passed = tower.pass(jiff::Timestamp::now()).await?;
        passed.malformed.iter().for_each(|line| eprintln!("not a record: {line}"));
        for closed in passed.closed {
            let start = closed.outcome.window.as_ref().map_or("", |window| window.start.as_str());
            println!("{start} {}: {}", closed.outcome.verdict.word(), closed.outcome.why);
        }
        return Ok(());
    }
    let listener =
        TcpListener::bind(arguments.listen).await.with_context(|| format!("cannot listen on {}", arguments.listen))?;
    eprintln!("listening on http://{}", listener.local_addr()?);
    let stop = CancellationToken::new();
    let stopping = stop.clone();
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::spawn(async move {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        stopping.cancel();
    });
    let poll = Duration::try_from_secs_f64(arguments.poll.max(0.01)).unwrap_or(Duration::from_secs(15));
    Ok(serve(tower, Serving { listener, poll, alerts, budget: Budget(arguments.label_budget), stop }).await?)
}
