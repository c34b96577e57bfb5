//! Prometheus' side of spend: rules and the dashboard, generated; and what is exact, exported.

use crate::finops::budgets::Budgets;
use crate::finops::prices::PriceMap;
use crate::finops::{Error, costs, export, panels, rules};
use anyhow::Result;
use clap::Args;
use jiff::Timestamp;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct Rules {
    /// The dated price map.
    #[arg(long, value_name = "FILE", default_value = "mod-553/finops/prices.json")]
    prices: PathBuf,
    /// The budgets.
    #[arg(long, value_name = "FILE", default_value = "mod-553/finops/budgets.yaml")]
    budgets: PathBuf,
    /// Prices are those of this time; now, when absent.
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
    /// Where they go.
    #[arg(long, value_name = "FOLDER", default_value = "mod-553/finops/generated")]
    out: PathBuf,
    /// Write nothing; exit with 1 if anything would change.
    #[arg(long)]
    check: bool,
}

pub(super) fn rules(arguments: &Rules) -> Result<()> {
    let (map, budgets) = (PriceMap::read(&arguments.prices)?, Budgets::read(&arguments.budgets)?);
    let rules = rules::rules(&map, &budgets, arguments.at.unwrap_or_else(Timestamp::now))?;
    let dashboard = panels::dashboard();
    let shown = serde_json::to_string_pretty(&dashboard.grafana())? + "\n";
    let files = [
        (arguments.out.join("cost.rules.yml"), rules.into_bytes()),
        (arguments.out.join(format!("{}.json", dashboard.uid)), shown.into_bytes()),
    ];
    let stale = files.iter().filter(|(path, text)| std::fs::read(path).ok().as_ref() != Some(text));
    let stale: Vec<String> = stale.map(|(path, _)| path.display().to_string()).collect();
    if arguments.check && !stale.is_empty() {
        let message = format!("not what `mod-553 finops rules` would write: {}", stale.join(", "));
        return Err(Error::Refused(message).into());
    }
    if !arguments.check {
        mod_106::documents::write_all(&files).map_err(Error::from)?;
    }
    println!("{} files in {}", files.len(), arguments.out.display());
    Ok(())
}

#[derive(Debug, Args)]
pub(super) struct Export {
    /// Cost rows: CSV or Parquet.
    #[arg(long, value_name = "FILE")]
    rows: PathBuf,
    /// The budgets.
    #[arg(long, value_name = "FILE", default_value = "mod-553/finops/budgets.yaml")]
    budgets: PathBuf,
    /// When; now, when absent.
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
    /// The text file for node_exporter's textfile collector.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(super) fn export(arguments: &Export) -> Result<()> {
    let rows = costs::read(&arguments.rows)?;
    let budgets = Budgets::read(&arguments.budgets)?;
    let state = budgets.standings(&rows, arguments.at.unwrap_or_else(Timestamp::now))?;
    mod_106::documents::write(&arguments.out, export::text(&state, &rows)?.as_bytes()).map_err(Error::from)?;
    println!("{}: {} budgets", arguments.out.display(), state.budgets.len());
    Ok(())
}
