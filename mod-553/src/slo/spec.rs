//! Objectives and alerts as they stand in `slos.yaml`. Names lean on OpenSLO (<https://openslo.com>): indicator, objective, target.
//! Reading is strict, and refuses what parses but could never work: an alert that cannot fire is worse than none.

use super::file::{self, FileError};
use super::span::Span;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Why a specification cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be read, or does not say what it has to.
    #[error(transparent)]
    File(#[from] FileError),
    /// Files are not as the specification says.
    #[error("not as generated: {}; run `mod-553 slo generate`", files.join(", "))]
    Stale {
        /// Which.
        files: Vec<String>,
    },
    /// A file could not be written.
    #[error(transparent)]
    Write(#[from] mod_106::documents::Error),
    /// A file that is made no more cannot be taken away.
    #[error("{path} is made no more and cannot be removed: {source}", path = path.display())]
    Remove {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// An address is taken.
    #[error("cannot listen on {address}: {source}; give port 0 for a free one")]
    Bind {
        /// The address.
        address: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A Prometheus did not answer as asked.
    #[error(transparent)]
    Prometheus(#[from] super::prometheus::Error),
    /// The inbox cannot be kept.
    #[error("cannot keep the inbox {path}: {reason}", path = path.display())]
    Inbox {
        /// Its file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

impl Error {
    /// The exit code that this error stands for.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::File(_) => 2,
            Self::Prometheus(error) => error.exit_code(),
            _ => 1,
        }
    }
}

/// How loud an alert is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Somebody is woken.
    Page,
    /// Somebody looks at it on a working day.
    Ticket,
}

impl Severity {
    /// The word on the label.
    pub fn word(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Ticket => "ticket",
        }
    }
}

/// Everything that a team promises.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Spec {
    /// Pairs of windows with their factors.
    pub burn_rates: Vec<BurnRate>,
    /// What runbooks' links begin with.
    pub runbook_base: String,
    /// What is promised.
    pub slos: Vec<Slo>,
    /// What is watched besides.
    #[serde(default)]
    pub alerts: Vec<Alert>,
}

/// Two windows over which the budget must burn so many times faster than it may.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BurnRate {
    /// How loud it is.
    pub severity: Severity,
    /// Ends the alert soon after its cause.
    pub short: Span,
    /// Says that it is no blip.
    pub long: Span,
    /// How many times faster.
    pub factor: f64,
}

impl BurnRate {
    /// `5m/1h`.
    pub fn pair(&self) -> String {
        format!("{}/{}", self.short, self.long)
    }
}

/// One promise.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Slo {
    /// Lower case with dashes; the label `slo`.
    pub name: String,
    /// What alerts' names begin with.
    pub title: String,
    /// What is promised, in a sentence.
    pub description: String,
    /// Whose promise it is; the label `service`.
    pub service: String,
    /// Who minds.
    pub owner: String,
    /// The runbook's file.
    pub runbook: String,
    /// What whoever is woken types first.
    pub first_command: String,
    /// How it is measured.
    pub indicator: Indicator,
    /// The share of good events over 30 days.
    pub target: f64,
    /// Which pairs apply; all, when none is named.
    #[serde(default)]
    pub pairs: Vec<String>,
    /// Fewer events in a long window are no reason for anything.
    pub minimum_events: u64,
    /// Fewer bad ones neither.
    pub minimum_bad_events: u64,
    /// Series that stand for a bad and a good event, for tests.
    pub example: Example,
}

/// Counters that an objective is measured by: `bad` or `good`, and `total`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Indicator {
    /// Counts what was bad.
    pub bad: Option<String>,
    /// Counts what was good.
    pub good: Option<String>,
    /// Counts everything.
    pub total: String,
}

/// Series that count one more with each event.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// With a bad one.
    pub bad: Vec<String>,
    /// With a good one.
    pub good: Vec<String>,
}

/// An alert that no objective stands behind.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Alert {
    /// Its name.
    pub name: String,
    /// When it holds.
    pub expr: String,
    /// How long it has to hold.
    #[serde(rename = "for")]
    pub hold: Span,
    /// How long it stays after it holds no more, against flapping.
    pub keep_firing_for: Option<Span>,
    /// How loud it is.
    pub severity: Severity,
    /// What is affected.
    pub service: String,
    /// Who minds.
    pub owner: String,
    /// The runbook's file.
    pub runbook: String,
    /// One line.
    pub summary: String,
    /// One more, with what was measured.
    pub description: String,
    /// What whoever is woken types first.
    pub first_command: String,
    /// When it fires, and when it does not.
    pub tests: Vec<AlertTest>,
}

/// Series, and what the alert makes of them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlertTest {
    /// What the series tell.
    pub name: String,
    /// Between two samples; a minute, when absent.
    pub interval: Option<Span>,
    /// Promtool's notation.
    pub series: BTreeMap<String, String>,
    /// It must be silent then.
    #[serde(default)]
    pub quiet: Vec<Span>,
    /// It must fire then.
    #[serde(default)]
    pub fires: Vec<Fires>,
}

/// What the alert says when it fires.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fires {
    /// When.
    pub at: Span,
    /// Labels besides those that the rule sets.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// The description, with its values.
    pub description: String,
}

impl Spec {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// What cannot be read, does not parse, or could never work.
    pub fn read(path: &Path) -> Result<Self, Error> {
        Ok(Self::parse(&file::text(path)?).map_err(|reason| FileError::malformed(path, reason))?)
    }

    /// Reads and checks a text.
    ///
    /// # Errors
    /// The reason, with its place.
    pub fn parse(text: &str) -> Result<Self, String> {
        let spec: Self = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
        spec.check()?;
        Ok(spec)
    }

    /// The pairs that apply to an objective at a severity.
    pub fn pairs(&self, slo: &Slo, severity: Severity) -> Vec<&BurnRate> {
        let named = |burn: &&BurnRate| slo.pairs.is_empty() || slo.pairs.contains(&burn.pair());
        self.burn_rates.iter().filter(|burn| burn.severity == severity).filter(named).collect()
    }

    fn check(&self) -> Result<(), String> {
        let mut names = BTreeSet::new();
        let titles = self.slos.iter().flat_map(|slo| [&slo.name, &slo.title]);
        for name in titles.chain(self.alerts.iter().map(|alert| &alert.name)) {
            if !names.insert(name) {
                return Err(format!("the name {name} stands twice; expected each once"));
            }
        }
        if let Some(burn) = self.burn_rates.iter().find(|burn| burn.short >= burn.long) {
            return Err(format!("burnRates: {}: expected the short window first", burn.pair()));
        }
        self.slos.iter().try_for_each(|slo| self.check_slo(slo))?;
        self.alerts.iter().try_for_each(Alert::check)
    }

    fn check_slo(&self, slo: &Slo) -> Result<(), String> {
        let refuse = |reason: String| Err(format!("slo {}: {reason}", slo.name));
        if !(slo.target > 0.0 && slo.target < 1.0) {
            return refuse(format!(
                "target is {}; expected a share between 0 and 1, both excluded: 1 has no budget",
                slo.target
            ));
        }
        let (bad, good) = (&slo.indicator.bad, &slo.indicator.good);
        if bad.is_some() == good.is_some() {
            return refuse("indicator: expected either bad or good beside total".to_owned());
        }
        for selector in [bad.as_ref(), good.as_ref(), Some(&slo.indicator.total)].into_iter().flatten() {
            match promql_parser::parser::parse(selector) {
                Ok(promql_parser::parser::Expr::VectorSelector(_)) => {}
                Ok(_) => return refuse(format!("indicator: `{selector}` is no plain selector of a counter")),
                Err(reason) => return refuse(format!("indicator: `{selector}`: {reason}")),
            }
        }
        let known: Vec<String> = self.burn_rates.iter().map(BurnRate::pair).collect();
        if let Some(unknown) = slo.pairs.iter().find(|pair| !known.contains(pair)) {
            return refuse(format!("pairs: there is no {unknown}; there are {}", known.join(", ")));
        }
        for burn in [Severity::Page, Severity::Ticket].into_iter().flat_map(|severity| self.pairs(slo, severity)) {
            let threshold = burn.factor * (1.0 - slo.target);
            if threshold >= 1.0 {
                return refuse(format!(
                    "pair {}: {} × {} of errors is {threshold:.2}, more than all events, so it could never fire; \
                     name the pairs that can, or promise more",
                    burn.pair(),
                    burn.factor,
                    1.0 - slo.target
                ));
            }
        }
        Ok(())
    }
}

impl Alert {
    fn check(&self) -> Result<(), String> {
        let refuse = |reason: String| Err(format!("alert {}: {reason}", self.name));
        if let Err(reason) = promql_parser::parser::parse(&self.expr) {
            return refuse(format!("expr: {reason}"));
        }
        let fires = self.tests.iter().any(|test| !test.fires.is_empty());
        let quiet =
            self.tests.iter().any(|test| !test.quiet.is_empty()) || self.tests.iter().any(|test| test.series.len() > 1);
        if !fires || !quiet {
            return refuse("tests: expected one that sees it fire and one that sees it silent".to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Spec;

    const GOOD: &str = r#"
burnRates: [{ severity: page, short: 5m, long: 1h, factor: 14.4 }]
runbookBase: runbooks/
slos:
  - name: a
    title: A
    description: d
    service: s
    owner: o
    runbook: r.md
    firstCommand: ls
    indicator: { bad: 'x{y="z"}', total: x }
    target: 0.999
    minimumEvents: 1
    minimumBadEvents: 1
    example: { bad: [x], good: [x] }
"#;

    #[test]
    fn what_could_never_work_is_refused() {
        fn check(from: &str, to: &str, expected: &str) {
            let error = Spec::parse(&GOOD.replace(from, to)).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
        Spec::parse(GOOD).unwrap();
        check("target: 0.999", "target: 0.9", "slo a: pair 5m/1h: 14.4 ×");
        check("target: 0.999", "target: 1.0", "target is 1; expected a share");
        check("bad: 'x{y=\"z\"}', ", "", "either bad or good");
        check("'x{y=\"z\"}'", "'x{y='", "slo a: indicator:");
        check("'x{y=\"z\"}'", "'rate(x[5m])'", "no plain selector");
        check("short: 5m", "short: 2h", "expected the short window first");
        check("short: 5m", "short: 5 m", "no stretch of time");
        check("owner: o", "owner: o\n    pairs: [1m/2m]", "there is no 1m/2m; there are 5m/1h");
        check("    service: s\n", "", "missing field");
        check("service: s", "service: s\n    servise: s", "servise");
        check("title: A", "title: a", "the name a stands twice");
    }
}
