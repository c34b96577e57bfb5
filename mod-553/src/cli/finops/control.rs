//! What follows from a budget: decided once, served, and overruled.

use crate::cli::Ended;
use crate::finops::overrides::{self, Override};
use crate::finops::policy::{Action, Files, Policy, Request};
use crate::finops::service;
use anyhow::Result;
use clap::{Args, Subcommand};
use jiff::Timestamp;
use std::path::PathBuf;
use tokio::signal::unix::{SignalKind, signal};

#[derive(Debug, Args)]
struct Source {
    /// What follows from budgets.
    #[arg(long, value_name = "FILE", default_value = "mod-553/finops/policy.yaml")]
    policy: PathBuf,
    /// Where budgets stand: what `finops budget --state` wrote.
    #[arg(long, value_name = "FILE")]
    state: PathBuf,
    /// The trail of overrides.
    #[arg(long, value_name = "FILE")]
    trail: Option<PathBuf>,
}

impl Source {
    fn files(&self) -> Files {
        Files { policy: self.policy.clone(), state: self.state.clone(), overrides: self.trail.clone() }
    }
}

#[derive(Debug, Args)]
pub(super) struct Decide {
    #[command(flatten)]
    source: Source,
    /// The model that is wanted.
    #[arg(long)]
    model: String,
    /// For whom.
    #[arg(long)]
    tenant: Option<String>,
    /// When; now, when absent.
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
}

pub(super) fn decide(arguments: &Decide) -> Result<()> {
    let request = Request { model: arguments.model.clone(), tenant: arguments.tenant.clone() };
    let decision = arguments.source.files().decide(&request, arguments.at.unwrap_or_else(Timestamp::now))?;
    println!("{}", serde_json::to_string_pretty(&decision)?);
    match decision.action {
        Action::Refuse => Err(Ended { code: 1, message: decision.why }.into()),
        Action::Allow | Action::Throttle { .. } | Action::Switch { .. } => Ok(()),
    }
}

#[derive(Debug, Args)]
pub(super) struct Serve {
    #[command(flatten)]
    source: Source,
    /// The address to listen on; port 0 takes a free one.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:9096")]
    listen: String,
    /// A file that receives the service's address once it answers.
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
}

pub(super) async fn serve(arguments: Serve) -> Result<()> {
    // A second subscriber in one process is no reason not to serve.
    let _ = tracing_subscriber::fmt().with_writer(std::io::stderr).try_init();
    // A policy that cannot be read is told now, and not to the first caller.
    Policy::read(&arguments.source.policy)?;
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    let ready = |url: &str| {
        tracing::info!(url, "deciding");
        if let Some(path) = &arguments.ready_file
            && let Err(error) = mod_106::documents::write(path, url.as_bytes())
        {
            tracing::error!(%error, "nobody is told the address");
        }
    };
    Ok(service::serve(arguments.source.files(), &arguments.listen, ready, stop).await?)
}

#[derive(Debug, Args)]
pub(super) struct Overrule {
    #[command(subcommand)]
    command: Overruling,
}

#[derive(Debug, Subcommand)]
enum Overruling {
    /// Overrule a budget until a time.
    Grant {
        /// The trail that it is written to.
        #[arg(long, value_name = "FILE")]
        trail: PathBuf,
        /// The policy, which says how long an override may last.
        #[arg(long, value_name = "FILE", default_value = "mod-553/finops/policy.yaml")]
        policy: PathBuf,
        /// Which budget.
        #[arg(long)]
        budget: String,
        /// Who answers for it.
        #[arg(long)]
        owner: String,
        /// Why.
        #[arg(long)]
        reason: String,
        /// Until when; an override without an end is none.
        #[arg(long, value_name = "TIME")]
        until: Timestamp,
        /// When it is granted; now, when absent.
        #[arg(long, value_name = "TIME")]
        at: Option<Timestamp>,
    },
    /// End all overrides of a budget.
    Revoke {
        /// The trail that it is written to.
        #[arg(long, value_name = "FILE")]
        trail: PathBuf,
        /// Which budget.
        #[arg(long)]
        budget: String,
        /// Who says so.
        #[arg(long)]
        owner: String,
        /// When; now, when absent.
        #[arg(long, value_name = "TIME")]
        at: Option<Timestamp>,
    },
    /// List what was granted, as JSON.
    List {
        /// The trail.
        #[arg(long, value_name = "FILE")]
        trail: PathBuf,
    },
}

pub(super) fn overrule(arguments: &Overrule) -> Result<()> {
    match &arguments.command {
        Overruling::Grant { trail, policy, budget, owner, reason, until, at } => {
            let policy = Policy::read(policy)?;
            let granted = Override {
                budget: budget.clone(),
                owner: owner.clone(),
                reason: reason.clone(),
                granted_at: at.unwrap_or_else(Timestamp::now),
                until: *until,
            };
            overrides::grant(trail, &granted, policy.max_override_hours)?;
            println!("{budget}: overruled by {owner} until {until}");
        }
        Overruling::Revoke { trail, budget, owner, at } => {
            overrides::revoke(trail, budget, owner, at.unwrap_or_else(Timestamp::now))?;
            println!("{budget}: no longer overruled");
        }
        Overruling::List { trail } => println!("{}", serde_json::to_string_pretty(&overrides::read(trail)?)?),
    }
    Ok(())
}
