//! Budgets: so much for a month or a day of the calendar, for everything, a model or a tenant. What is spent is summed exactly from cost
//! rows; how fast it is spent is compared with how fast it may be. Next on the data's way: `policy.rs` decides what follows.

use super::costs::Cost;
use super::error::Error;
use super::money;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use mod_106::alerts::{Alert, Severity};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// All budgets, and whose calendar they follow.
#[derive(Clone, Debug)]
pub struct Budgets {
    /// Whose months and days.
    pub zone: TimeZone,
    /// In the file's order.
    pub budgets: Vec<Budget>,
}

/// So much for a stretch of time.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// What it is called.
    pub name: String,
    /// US dollars, as text, so that no reader makes a float of it.
    usd: String,
    /// For how long.
    pub period: Period,
    /// Only this model.
    pub model: Option<String>,
    /// Only this tenant.
    pub tenant: Option<String>,
    /// Who minds.
    #[serde(default = "finops")]
    pub owner: String,
}

fn finops() -> String {
    "ml-finops".to_owned()
}

/// A stretch of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Period {
    /// From the first to the last day of a month.
    Month,
    /// From midnight to midnight.
    Day,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    time_zone: String,
    budgets: Vec<Budget>,
}

/// Where all budgets stood at one moment: what policies decide on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// When.
    pub at: Timestamp,
    /// One for each budget, in the file's order.
    pub budgets: Vec<Standing>,
}

/// Where one budget stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// The budget.
    pub budget: String,
    /// Only this model.
    pub model: Option<String>,
    /// Only this tenant.
    pub tenant: Option<String>,
    /// Who minds.
    pub owner: String,
    /// The period's first moment.
    pub period_start: Timestamp,
    /// The first moment behind it.
    pub period_end: Timestamp,
    /// What may be spent.
    pub amount_usd: Decimal,
    /// What is spent.
    pub spent_usd: Decimal,
    /// What is left; below zero it is exceeded.
    pub left_usd: Decimal,
    /// Spent by amount, to six places.
    pub spent_share: Decimal,
    /// How far the period has gone, to six places.
    pub elapsed_share: Decimal,
    /// Spent share by elapsed share: above 1 the money will not last.
    pub burn_rate: Option<Decimal>,
    /// The same for the last 24 hours alone (the last hour for a day's budget): whether it goes on.
    pub recent_burn_rate: Decimal,
    /// What follows from that.
    pub verdict: Verdict,
}

/// How a budget does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It lasts, as far as one can see.
    Within,
    /// It does not last, if it goes on like this, and it does go on.
    Burning,
    /// More is spent than there was.
    Exceeded,
}

/// Below this share of a budget, how fast it is spent says little.
const LEAST_SHARE: Decimal = Decimal::from_parts(5, 0, 0, false, 2);

impl Budgets {
    /// Reads budgets.
    ///
    /// # Errors
    /// The file, and what is wrong in it.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let file: File = super::yaml::read(path)?;
        let refuse = |found: String, expected: &str| Error::malformed(path.display(), found, expected);
        let zone = super::zone(&file.time_zone).map_err(|found| refuse(found, "a name of the time zone database"))?;
        for (index, budget) in file.budgets.iter().enumerate() {
            if budget.amount().is_none_or(|usd| usd <= Decimal::ZERO) {
                return Err(refuse(
                    format!("budget {}: usd is {}", budget.name, budget.usd),
                    "a decimal number above zero",
                ));
            }
            if file.budgets[..index].iter().any(|other| other.name == budget.name) {
                return Err(refuse(format!("two budgets are called {}", budget.name), "a name of its own for each"));
            }
        }
        Ok(Self { zone, budgets: file.budgets })
    }

    /// Where they stand at this moment; what was charged for later is not looked at.
    ///
    /// # Errors
    /// A row that lies across the end of a period, or figures that do not fit.
    pub fn standings(&self, costs: &[Cost], at: Timestamp) -> Result<State, Error> {
        let standing = |budget: &Budget| budget.standing(costs, at, &self.zone);
        Ok(State { at, budgets: self.budgets.iter().map(standing).collect::<Result<_, _>>()? })
    }
}

impl Budget {
    /// US dollars.
    pub fn amount(&self) -> Option<Decimal> {
        money::parse(&self.usd)
    }

    /// The period that a moment falls into.
    pub fn bounds(&self, at: Timestamp, zone: &TimeZone) -> Option<(Timestamp, Timestamp)> {
        match self.period {
            Period::Month => super::pricing::month(at, zone),
            Period::Day => {
                let start: Zoned = at.to_zoned(zone.clone()).start_of_day().ok()?;
                Some((start.timestamp(), start.tomorrow().ok()?.start_of_day().ok()?.timestamp()))
            }
        }
    }

    fn covers(&self, cost: &Cost) -> bool {
        let fits = |wanted: &Option<String>, found: &Option<String>| wanted.is_none() || wanted == found;
        fits(&self.model, &cost.model) && fits(&self.tenant, &cost.tenant)
    }

    fn standing(&self, costs: &[Cost], at: Timestamp, zone: &TimeZone) -> Result<Standing, Error> {
        let (start, end) =
            self.bounds(at, zone).ok_or_else(|| Error::Input(format!("{at} lies outside the calendar")))?;
        let amount = self.amount().unwrap_or_default();
        let recent = at.as_second() - if self.period == Period::Month { 86_400 } else { 3_600 };
        let (mut spent, mut lately) = (Decimal::ZERO, Decimal::ZERO);
        for cost in costs.iter().filter(|cost| self.covers(cost)) {
            let crosses = |edge: Timestamp| cost.start < edge && cost.end > edge;
            if crosses(start) || crosses(end) {
                return Err(Error::Input(format!(
                    "a charge period from {} to {} lies across the edge of budget {}: price by hours, or by days of the budget's time zone",
                    cost.start, cost.end, self.name
                )));
            }
            if cost.start < start || cost.start >= end || cost.start > at {
                continue;
            }
            let sum = |sum| {
                money::plus(sum, cost.billed).ok_or_else(|| Error::TooLarge { what: format!("budget {}", self.name) })
            };
            spent = sum(spent)?;
            if cost.end.as_second() > recent {
                lately = sum(lately)?;
            }
        }
        let share = |part: Decimal, whole: Decimal| part.checked_div(whole).unwrap_or_default().round_dp(6).normalize();
        let seconds = |from: Timestamp, to: Timestamp| Decimal::from(to.as_second() - from.as_second());
        let (spent_share, elapsed_share) = (share(spent, amount), share(seconds(start, at), seconds(start, end)));
        let burn_rate = spent_share.checked_div(elapsed_share).map(|rate| rate.round_dp(6).normalize());
        let window = Decimal::from((at.as_second() - recent).min(at.as_second() - start.as_second()).max(1));
        let recent_burn_rate =
            share(share(lately, amount), window.checked_div(seconds(start, end)).unwrap_or(Decimal::ONE));
        let fast = |rate: Decimal| rate > Decimal::ONE;
        let verdict = if spent > amount {
            Verdict::Exceeded
        } else if spent_share >= LEAST_SHARE && burn_rate.is_none_or(fast) && fast(recent_burn_rate) {
            Verdict::Burning
        } else {
            Verdict::Within
        };
        Ok(Standing {
            budget: self.name.clone(),
            model: self.model.clone(),
            tenant: self.tenant.clone(),
            owner: self.owner.clone(),
            period_start: start,
            period_end: end,
            amount_usd: amount,
            spent_usd: spent,
            left_usd: money::plus(amount, -spent).unwrap_or_default(),
            spent_share,
            elapsed_share,
            burn_rate,
            recent_burn_rate,
            verdict,
        })
    }
}

impl State {
    /// Reads what was written.
    ///
    /// # Errors
    /// The file, and what is wrong in it.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path).map_err(|source| Error::file(path, source))?;
        serde_json::from_str(&text)
            .map_err(|error| Error::malformed(path.display(), error.to_string(), "what `finops budget --state` wrote"))
    }

    /// All that fires now, for Alertmanager and webhooks; what is missing here and fired before is over.
    pub fn alerts(&self) -> Vec<Alert> {
        let told = |standing: &Standing| {
            let (name, severity) = match standing.verdict {
                Verdict::Within => return None,
                Verdict::Burning => ("BudgetBurning", Severity::Warning),
                Verdict::Exceeded => ("BudgetExceeded", Severity::Error),
            };
            let summary = format!(
                "Budget {}: {} of {} spent",
                standing.budget,
                money::dollars(standing.spent_usd),
                money::dollars(standing.amount_usd)
            );
            let mut alert = Alert::new(name, severity, &standing.owner, summary);
            alert.labels.insert("budget".to_owned(), standing.budget.clone());
            alert
                .annotations
                .insert("runbook_url".to_owned(), format!("mod-553/finops/runbook.md#{}", name.to_lowercase()));
            Some(alert)
        };
        self.budgets.iter().filter_map(told).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Budget, Budgets, Period, Verdict};
    use crate::finops::costs::Cost;
    use crate::finops::money;

    fn cost(start: &str, end: &str, usd: &str, tenant: &str) -> Cost {
        Cost {
            start: start.parse().unwrap(),
            end: end.parse().unwrap(),
            billed: money::parse(usd).unwrap(),
            quantity: None,
            unit: None,
            meter: None,
            model: Some("m".to_owned()),
            tenant: Some(tenant.to_owned()),
        }
    }

    fn budgets(usd: &str, period: Period, tenant: Option<&str>) -> Budgets {
        let budget = Budget {
            name: "b".to_owned(),
            usd: usd.to_owned(),
            period,
            model: None,
            tenant: tenant.map(str::to_owned),
            owner: "o".to_owned(),
        };
        Budgets { zone: crate::finops::zone("Europe/Berlin").unwrap(), budgets: vec![budget] }
    }

    #[test]
    fn a_month_ends_where_its_time_zone_ends_it() {
        let costs = [
            cost("2026-02-28T22:00:00Z", "2026-02-28T23:00:00Z", "5", "n"),
            cost("2026-02-28T23:00:00Z", "2026-03-01T00:00:00Z", "7", "n"),
            cost("2026-03-31T21:00:00Z", "2026-03-31T22:00:00Z", "11", "s"),
            cost("2026-03-31T22:00:00Z", "2026-03-31T23:00:00Z", "13", "n"),
        ];
        let spent = |at: &str, tenant| {
            let state = budgets("100", Period::Month, tenant).standings(&costs, at.parse().unwrap()).unwrap();
            state.budgets[0].spent_usd.to_string()
        };
        assert_eq!(spent("2026-03-31T21:59:59Z", None), "18");
        assert_eq!(spent("2026-03-31T22:30:00Z", None), "13");
        assert_eq!(spent("2026-03-31T21:59:59Z", Some("n")), "7");
    }

    #[test]
    fn exactly_the_amount_is_not_too_much() {
        let verdict = |usd: &str| {
            let costs = [cost("2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z", usd, "n")];
            let state =
                budgets("10", Period::Day, None).standings(&costs, "2026-10-25T22:59:59Z".parse().unwrap()).unwrap();
            (
                state.budgets[0].verdict,
                state.budgets[0].period_end.as_second() - state.budgets[0].period_start.as_second(),
            )
        };
        assert_eq!(verdict("10.00"), (Verdict::Within, 25 * 3_600));
        assert_eq!(verdict("10.000000000001"), (Verdict::Exceeded, 25 * 3_600));
    }

    #[test]
    fn what_burns_must_still_burn() {
        let costs = [cost("2026-05-01T10:00:00Z", "2026-05-01T11:00:00Z", "50", "n")];
        let verdict = |at: &str| {
            budgets("100", Period::Month, None).standings(&costs, at.parse().unwrap()).unwrap().budgets[0].verdict
        };
        assert_eq!(verdict("2026-05-01T12:00:00Z"), Verdict::Burning);
        assert_eq!(verdict("2026-05-04T12:00:00Z"), Verdict::Within);
    }

    #[test]
    fn a_row_across_the_edge_is_refused() {
        let costs = [cost("2026-05-01T00:00:00Z", "2026-05-02T00:00:00Z", "1", "n")];
        let error =
            budgets("1", Period::Day, None).standings(&costs, "2026-05-01T12:00:00Z".parse().unwrap()).unwrap_err();
        assert!(error.to_string().contains("price by hours"), "{error}");
    }
}
