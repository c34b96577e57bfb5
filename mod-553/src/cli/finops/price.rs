//! From usage to rows, and rows against counters and the specification.

use crate::cli::Ended;
use crate::finops::collect::Collected;
use crate::finops::pricing::{Period, Settings};
use crate::finops::{
    Error, compute, conformance, costs, counters::Totals, focus, money, prices::PriceMap, pricing, reconcile, summary,
};
use anyhow::Result;
use clap::Args;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use std::collections::BTreeMap;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct Price {
    /// Usage, as JSON Lines: the inference log, or OTLP/JSON traces and metrics. May be given more than once.
    #[arg(long, value_name = "FILE", required = true)]
    usage: Vec<PathBuf>,
    /// The dated price map.
    #[arg(long, value_name = "FILE", default_value = "mod-553/finops/prices.json")]
    prices: PathBuf,
    /// Machines, their hours and prices.
    #[arg(long, value_name = "FILE")]
    machines: Option<PathBuf>,
    /// Where rows go: CSV, or Parquet where the name says so. May be given more than once.
    #[arg(long, value_name = "FILE", required = true)]
    out: Vec<PathBuf>,
    /// Where calls without a price go, one a line.
    #[arg(long, value_name = "FILE")]
    unpriced: Option<PathBuf>,
    /// Where the summary goes, as JSON.
    #[arg(long, value_name = "FILE")]
    summary: Option<PathBuf>,
    /// What rows are added up by.
    #[arg(long, value_enum, default_value_t)]
    period: Period,
    /// Whose days and months.
    #[arg(long, value_name = "ZONE", default_value = "UTC", value_parser = super::zone)]
    time_zone: TimeZone,
    /// Who is billed.
    #[arg(long, default_value = "ml-platform")]
    account: String,
    /// The language model behind a model of the inference log, as MODEL=LANGUAGE-MODEL. May be given more than once.
    #[arg(long, value_name = "FROM=TO", value_parser = alias)]
    alias: Vec<(String, String)>,
    /// What a request earns, in US dollars.
    #[arg(long, value_name = "USD", value_parser = amount)]
    revenue_per_request: Option<Decimal>,
    /// Exit with 0 although calls have no price; they are kept and told all the same.
    #[arg(long)]
    allow_unpriced: bool,
}

fn alias(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').filter(|(from, to)| !from.is_empty() && !to.is_empty());
    pair.map(|(from, to)| (from.to_owned(), to.to_owned())).ok_or_else(|| "expected MODEL=LANGUAGE-MODEL".to_owned())
}

pub(super) fn amount(text: &str) -> Result<Decimal, String> {
    money::parse(text).ok_or_else(|| "expected a decimal number".to_owned())
}

pub(super) fn price(arguments: &Price) -> Result<()> {
    let map = PriceMap::read(&arguments.prices)?;
    let aliases: BTreeMap<_, _> = arguments.alias.iter().cloned().collect();
    let mut collected = Collected::default();
    for path in &arguments.usage {
        collected.read(path, &aliases)?;
    }
    let (zone, account) = (arguments.time_zone.clone(), arguments.account.clone());
    let settings = Settings { period: arguments.period, zone, account };
    let priced = pricing::price(&collected.calls, &map, &settings)?;
    let machines =
        arguments.machines.as_ref().map(|path| compute::charge(path, &settings)).transpose()?.unwrap_or_default();
    let revenue = arguments.revenue_per_request;
    let summary = summary::summarise(&map.source, &collected, &priced, &machines, revenue)?;
    let rows: Vec<_> = priced.rows.iter().chain(&machines).cloned().collect();
    for path in &arguments.out {
        focus::write(path, &rows, &settings)?;
    }
    if let Some(path) = &arguments.unpriced {
        let lines: Vec<String> = priced.unpriced.iter().map(serde_json::to_string).collect::<Result<_, _>>()?;
        let text: String = lines.into_iter().map(|line| line + "\n").collect();
        mod_106::documents::write(path, text.as_bytes()).map_err(Error::from)?;
    }
    if let Some(path) = &arguments.summary {
        super::write_json(path, &summary)?;
    }
    println!("{} rows, {} requests: {}", rows.len(), summary.requests, money::dollars(summary.cost_usd));
    let repeated =
        (summary.duplicates > 0).then(|| format!("{} calls stood there twice and count once", summary.duplicates));
    let differ = summary.conflicts.iter().map(|conflict| {
        format!("{} counts as {} has it; {} says something else", conflict.id, conflict.counted, conflict.left_out)
    });
    repeated.into_iter().chain(differ).for_each(|line| eprintln!("{line}"));
    missing(&priced.unpriced, arguments)?;
    if !summary.conflicts.is_empty() {
        let message = format!("{} calls were written twice, and differ", summary.conflicts.len());
        return Err(Ended { code: 1, message }.into());
    }
    Ok(())
}

fn missing(unpriced: &[pricing::Unpriced], arguments: &Price) -> Result<()> {
    let mut reasons = BTreeMap::<&str, (u64, &str)>::new();
    for call in unpriced {
        reasons.entry(&call.reason).or_insert((0, &call.place)).0 += 1;
    }
    let lines: Vec<String> = reasons
        .iter()
        .map(|(reason, (calls, place))| format!("{reason} ({calls} calls, the first at {place})"))
        .collect();
    if lines.is_empty() {
        return Ok(());
    }
    let kept = arguments.unpriced.as_ref().map_or_else(
        || "name a file with --unpriced to keep them".to_owned(),
        |path| format!("they are kept in {}", path.display()),
    );
    let message = format!(
        "no price, so no row: {}; {kept}, and add the price to {}",
        lines.join("; "),
        arguments.prices.display()
    );
    if arguments.allow_unpriced {
        eprintln!("{message}");
        return Ok(());
    }
    Err(Ended { code: 1, message }.into())
}

#[derive(Debug, Args)]
pub(super) struct Reconcile {
    /// Cost rows.
    #[arg(long, value_name = "FILE")]
    rows: PathBuf,
    /// Calls without a price, as `price` kept them.
    #[arg(long, value_name = "FILE")]
    unpriced: Option<PathBuf>,
    /// Scrapes in Prometheus' text form, in the order of time. May be given more than once.
    #[arg(long, value_name = "FILE")]
    scrape: Vec<PathBuf>,
    /// OTLP/JSON metrics, as JSON Lines. May be given more than once.
    #[arg(long, value_name = "FILE", required_unless_present = "scrape")]
    metrics: Vec<PathBuf>,
    /// Print JSON, for programs.
    #[arg(long)]
    json: bool,
}

pub(super) fn reconcile(arguments: &Reconcile) -> Result<()> {
    let rows = costs::read(&arguments.rows)?;
    let unpriced = arguments.unpriced.as_ref().map(|path| reconcile::unpriced(path)).transpose()?.unwrap_or_default();
    let mut collected = Collected::default();
    for path in &arguments.metrics {
        collected.read(path, &BTreeMap::new())?;
    }
    let mut totals: Totals = collected.totals;
    for path in &arguments.scrape {
        totals.scrape(path)?;
    }
    let lines = reconcile::reconcile(&rows, &unpriced, &totals)?;
    let differ: Vec<_> = lines.iter().filter(|line| !line.difference.is_zero()).collect();
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&lines)?);
    } else {
        for line in &lines {
            let counted = line.counted.map_or_else(|| "no counter".to_owned(), |counted| counted.to_string());
            let reconcile::Line { model, tokens, charged, unpriced, difference, .. } = line;
            println!(
                "{model} {tokens}: counted {counted}, charged {charged}, unpriced {unpriced}, difference {difference}"
            );
        }
    }
    if lines.is_empty() {
        return Err(Error::Inconclusive("neither rows nor counters: there is nothing to reconcile".to_owned()).into());
    }
    if !differ.is_empty() {
        let named = differ.iter().map(|line| format!("{} {} by {}", line.model, line.tokens, line.difference));
        let message = format!("rows and counters differ: {}", named.collect::<Vec<_>>().join(", "));
        return Err(Ended { code: 1, message }.into());
    }
    Ok(())
}

#[derive(Debug, Args)]
pub(super) struct Check {
    /// The table, as CSV.
    table: PathBuf,
    /// Print JSON, for programs.
    #[arg(long)]
    json: bool,
}

pub(super) fn check(arguments: &Check) -> Result<()> {
    let findings = conformance::check(&arguments.table)?;
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&findings)?);
    } else {
        for finding in &findings {
            println!("{}:{}: {} {}", arguments.table.display(), finding.line, finding.column, finding.reason);
        }
    }
    if findings.is_empty() {
        eprintln!("{}: nothing that FOCUS 1.2 does not allow", arguments.table.display());
        return Ok(());
    }
    Err(Ended { code: 1, message: format!("{} findings", findings.len()) }.into())
}
