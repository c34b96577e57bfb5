//! Where budgets stand, what is to come, what is strange, and how much a service takes.

use crate::cli::Ended;
use crate::finops::budgets::{Budgets, Verdict};
use crate::finops::costs::{self, Cost};
use crate::finops::daily::Daily;
use crate::finops::{Error, anomalies, capacity, forecast, money};
use anyhow::Result;
use clap::Args;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use mod_106::alerts::{Config, Dispatcher, Options};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct Budget {
    /// Cost rows: CSV or Parquet. May be given more than once.
    #[arg(long, value_name = "FILE", required = true)]
    rows: Vec<PathBuf>,
    /// The budgets.
    #[arg(long, value_name = "FILE", default_value = "mod-553/finops/budgets.yaml")]
    budgets: PathBuf,
    /// When; now, when absent.
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
    /// Where the state goes that policies decide on.
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// Tell the receivers of this file what fires, and what is over.
    #[arg(long, value_name = "FILE")]
    alerts: Option<PathBuf>,
    /// Print JSON, for programs.
    #[arg(long)]
    json: bool,
}

fn rows(paths: &[PathBuf]) -> Result<Vec<Cost>, Error> {
    let tables = paths.iter().map(|path| costs::read(path)).collect::<Result<Vec<_>, _>>()?;
    Ok(tables.concat())
}

pub(super) async fn budget(arguments: &Budget) -> Result<()> {
    let budgets = Budgets::read(&arguments.budgets)?;
    let at = arguments.at.unwrap_or_else(Timestamp::now);
    let state = budgets.standings(&rows(&arguments.rows)?, at)?;
    if let Some(path) = &arguments.state {
        super::write_json(path, &state)?;
    }
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&state)?);
    } else {
        for standing in &state.budgets {
            let [spent, amount, left] =
                [standing.spent_usd, standing.amount_usd, standing.left_usd].map(money::dollars);
            let rate = standing.burn_rate.map_or_else(|| "unknown".to_owned(), |rate| rate.to_string());
            println!(
                "{}: {spent} of {amount} spent, {left} left until {}, burn rate {rate}",
                standing.budget, standing.period_end
            );
        }
    }
    if let Some(path) = &arguments.alerts {
        let config = Config::read(path)?;
        let dispatcher = Dispatcher::new(&config);
        let options = Options { source: Some("finops".to_owned()), ..Options::default() };
        let deliveries = dispatcher.send(&state.alerts(), &options, at, &|name| std::env::var(name).ok()).await?;
        if let Some(error) = dispatcher.undelivered(&deliveries) {
            return Err(error.into());
        }
    }
    let bad = state.budgets.iter().filter(|standing| standing.verdict != Verdict::Within);
    let bad: Vec<_> =
        bad.map(|standing| format!("{} is {:?}", standing.budget, standing.verdict).to_lowercase()).collect();
    if bad.is_empty() { Ok(()) } else { Err(Ended { code: 1, message: bad.join(", ") }.into()) }
}

#[derive(Debug, Args)]
pub(super) struct Forecast {
    /// Cost rows: CSV or Parquet. May be given more than once.
    #[arg(long, value_name = "FILE", required = true)]
    rows: Vec<PathBuf>,
    /// The first day that is foreseen; days before it are what is known.
    #[arg(long, value_name = "DAY")]
    from: Date,
    /// So many days.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=366))]
    days: u16,
    /// How sure the intervals are.
    #[arg(long, default_value_t = 0.9)]
    level: f64,
    /// Whose days.
    #[arg(long, value_name = "ZONE", default_value = "UTC", value_parser = super::zone)]
    time_zone: TimeZone,
    /// Only this model.
    #[arg(long)]
    model: Option<String>,
    /// Only this tenant.
    #[arg(long)]
    tenant: Option<String>,
    /// Of the bootstrap.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

pub(super) fn forecast(arguments: &Forecast) -> Result<()> {
    let costs = rows(&arguments.rows)?;
    let fits = |wanted: &Option<String>, found: &Option<String>| wanted.is_none() || wanted == found;
    let mine = costs.iter().filter(|cost| fits(&arguments.model, &cost.model) && fits(&arguments.tenant, &cost.tenant));
    let daily = Daily::of(mine, arguments.from, &arguments.time_zone)?;
    let daily = daily.ok_or_else(|| Error::Inconclusive(format!("no costs before {}", arguments.from)))?;
    let seen = forecast::forecast(&daily, arguments.days.into(), arguments.level, arguments.seed)?;
    println!("{}", serde_json::to_string_pretty(&seen)?);
    Ok(())
}

#[derive(Debug, Args)]
pub(super) struct Anomalies {
    /// Cost rows: CSV or Parquet. May be given more than once.
    #[arg(long, value_name = "FILE", required = true)]
    rows: Vec<PathBuf>,
    /// The day that is looked at; it must be over.
    #[arg(long, value_name = "DAY")]
    day: Date,
    /// Whose days.
    #[arg(long, value_name = "ZONE", default_value = "UTC", value_parser = super::zone)]
    time_zone: TimeZone,
    /// So many deviations from what is usual are strange.
    #[arg(long, default_value_t = 5.0)]
    deviations: f64,
    /// And so large a part of what is usual.
    #[arg(long, default_value_t = 0.2)]
    share: f64,
    /// And so many US dollars.
    #[arg(long, default_value_t = 1.0)]
    usd: f64,
    /// Print JSON, for programs.
    #[arg(long)]
    json: bool,
}

pub(super) fn anomalies(arguments: &Anomalies) -> Result<()> {
    let limits = anomalies::Limits { deviations: arguments.deviations, share: arguments.share, usd: arguments.usd };
    let findings = anomalies::find(&rows(&arguments.rows)?, arguments.day, &arguments.time_zone, limits)?;
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&findings)?);
    } else {
        findings.iter().for_each(|finding| println!("{}: {:?}: {}", finding.series, finding.verdict, finding.why));
    }
    let strange = findings.iter().filter(|finding| finding.verdict == anomalies::Verdict::Anomaly);
    let strange: Vec<_> = strange.map(|finding| finding.series.as_str()).collect();
    if !strange.is_empty() {
        return Err(Ended { code: 1, message: format!("strange: {}", strange.join(", ")) }.into());
    }
    if findings.iter().all(|finding| finding.verdict == anomalies::Verdict::Inconclusive) {
        let why = findings.first().map_or("nothing was spent", |finding| &finding.why);
        return Err(Error::Inconclusive(why.to_owned()).into());
    }
    Ok(())
}

#[derive(Debug, Args)]
pub(super) struct Capacity {
    /// What is known of the service, and what if it were otherwise.
    spec: PathBuf,
    /// Print JSON, for programs.
    #[arg(long)]
    json: bool,
}

pub(super) fn capacity(arguments: &Capacity) -> Result<()> {
    let plan = capacity::plan(&arguments.spec)?;
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&plan)?);
    } else {
        plan.lines().iter().for_each(|line| println!("{line}"));
    }
    if plan.now.enough {
        return Ok(());
    }
    let message = format!("{} replicas, and {} are needed", plan.now.replicas, plan.now.replicas_needed);
    Err(Ended { code: 1, message }.into())
}
