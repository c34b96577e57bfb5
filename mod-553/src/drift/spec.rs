//! What is monitored, from YAML. Every field has a default, so that a comparison needs no file; what is written is checked here,
//! once, and errors name the field and what may stand there.

use super::error::Error;
use crate::decision::{Method, Policy};
use mod_106::alerts::Severity;
use mod_106::validation::read::Kind;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A monitor.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Spec {
    /// Its name: in reports, alert labels and metrics.
    pub monitor: String,
    /// What the data were like when the model was accepted.
    pub reference: Option<DataSpec>,
    /// What they are like now.
    pub current: Option<DataSpec>,
    /// By which method columns of numbers are judged.
    pub numeric: Method,
    /// By which method columns of categories are judged.
    pub categorical: Method,
    /// The least effect that matters.
    pub effect: f64,
    /// How all columns are judged together: significance, power, correction, bins.
    pub policy: Policy,
    /// Categories beyond so many are counted together.
    pub max_categories: usize,
    /// Only these columns, each in its own way where it has one; all columns when it is not there.
    pub columns: Option<Vec<ColumnSpec>>,
    /// Not these columns.
    pub exclude: Vec<String>,
    /// Who is told.
    pub owner: String,
    /// How loudly.
    pub severity: Severity,
    /// How a stream of records is cut into windows.
    pub windows: Option<WindowSpec>,
    /// How values depend on each other or on the clock; independent, when it is not there.
    pub dependence: Option<DependenceSpec>,
}

impl Default for Spec {
    fn default() -> Self {
        Self {
            monitor: "drift".to_owned(),
            reference: None,
            current: None,
            numeric: Method::Wasserstein,
            categorical: Method::JensenShannon,
            effect: 0.1,
            policy: Policy::default(),
            max_categories: 100,
            columns: None,
            exclude: Vec::new(),
            owner: "monitoring".to_owned(),
            severity: Severity::Warning,
            windows: None,
            dependence: None,
        }
    }
}

/// Where data are.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum DataSpec {
    /// A path or URL.
    Location(String),
    /// With what its name does not say.
    Described(Described),
}

/// Data, and how to read them.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Described {
    /// A path or URL.
    pub path: String,
    /// How the file is written, where its name does not say.
    pub format: Option<Format>,
    /// Of CSV, the types of columns that would be guessed wrongly.
    #[serde(default)]
    pub types: BTreeMap<String, Kind>,
}

impl Described {
    /// Data whose name says how they are written.
    pub fn at(path: &str) -> Self {
        Self { path: path.to_owned(), format: None, types: BTreeMap::new() }
    }
}

impl DataSpec {
    /// The three of them.
    pub fn described(&self) -> Described {
        match self {
            Self::Location(path) => Described::at(path),
            Self::Described(described) => described.clone(),
        }
    }
}

/// How data are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Comma-separated values.
    Csv,
    /// Apache Parquet.
    Parquet,
    /// Apache Arrow's file format.
    Arrow,
    /// One JSON object a line, of any shape.
    Jsonl,
    /// The inference log, as JSON Lines.
    Log,
    /// A profile that this program wrote.
    Profile,
}

/// One column.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnSpec {
    /// Its name.
    pub column: String,
    /// Instead of the monitor's method.
    pub method: Option<Method>,
    /// Instead of the monitor's effect.
    pub effect: Option<f64>,
    /// Instead of the monitor's owner.
    pub owner: Option<String>,
    /// Instead of the monitor's severity.
    pub severity: Option<Severity>,
}

/// How a stream of records is cut into windows, and when a verdict about them becomes an alert.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WindowSpec {
    /// Each window's length in minutes; windows begin at multiples of it since 1970, in UTC.
    pub every_minutes: u32,
    /// How long a window waits for late records, in minutes after its end by the records' own clock.
    pub lateness_minutes: u32,
    /// Alert after so many windows in a row that drifted.
    pub fire_after: u32,
    /// Resolve after so many in a row that did not.
    pub resolve_after: u32,
}

impl Default for WindowSpec {
    fn default() -> Self {
        Self { every_minutes: 60, lateness_minutes: 10, fire_after: 2, resolve_after: 3 }
    }
}

/// How values depend on each other, or on the clock. Columns of numbers are then compared by the distance of their distribution
/// functions, with a permutation test of what can be exchanged.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DependenceSpec {
    /// On what.
    pub kind: DependenceKind,
    /// The column that says when a row was; of a log, `time`. Without it, rows are in the order of their time.
    #[serde(default)]
    pub time: Option<String>,
    /// The time zone in which the week is lived.
    #[serde(default = "utc")]
    pub zone: String,
}

/// On what values depend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DependenceKind {
    /// On those before them: blocks that lie apart are exchanged.
    Autocorrelated,
    /// On the hour of the week: the same hours of other weeks are exchanged.
    HourOfWeek,
}

impl DependenceSpec {
    /// The zone, where it is known.
    pub fn time_zone(&self) -> Option<jiff::tz::TimeZone> {
        jiff::tz::TimeZone::get(&self.zone).ok()
    }
}

fn utc() -> String {
    "UTC".to_owned()
}

/// Reads a spec; `name` is what errors call it.
///
/// # Errors
/// The field, what was found and what may stand there.
pub fn parse(name: &str, text: &str) -> Result<Spec, Error> {
    let spec: Spec = serde_saphyr::from_str(text)
        .map_err(|error| Error::spec(name, error.to_string(), "see the fields in `mod-553 drift check --help`"))?;
    spec.check(name)?;
    Ok(spec)
}

impl Spec {
    /// The spec of one column, if it has its own.
    pub fn of_column(&self, name: &str) -> Option<&ColumnSpec> {
        self.columns.as_ref()?.iter().find(|column| column.column == name)
    }

    /// Refuses numbers that mean nothing.
    ///
    /// # Errors
    /// The field, what was found and what may stand there.
    pub fn check(&self, name: &str) -> Result<(), Error> {
        let refuse = |field: &str, found: String, expected: &str| {
            Err(Error::spec(name, format!("`{field}` is {found}"), format!("give {expected}")))
        };
        let shares = [("policy.significance", self.policy.significance), ("policy.power", self.policy.power)];
        if let Some((field, found)) = shares.into_iter().find(|(_, share)| !(*share > 0.0 && *share < 1.0)) {
            return refuse(field, found.to_string(), "a number between 0 and 1, such as 0.05 or 0.8");
        }
        let effects = self.columns.iter().flatten().filter_map(|column| column.effect);
        if let Some(found) = effects.chain([self.effect]).find(|effect| !(*effect > 0.0 && effect.is_finite())) {
            return refuse("effect", found.to_string(), "a number above 0, such as 0.1");
        }
        if !(2..=1000).contains(&self.policy.bins) {
            return refuse("policy.bins", self.policy.bins.to_string(), "2 to 1000");
        }
        if !(2..=100_000).contains(&self.max_categories) {
            return refuse("max_categories", self.max_categories.to_string(), "2 to 100000");
        }
        if self.monitor.trim().is_empty() || self.owner.trim().is_empty() {
            return refuse("monitor or owner", "empty".to_owned(), "a name");
        }
        if let Some(windows) = &self.windows {
            let counts = [
                ("every_minutes", windows.every_minutes),
                ("fire_after", windows.fire_after),
                ("resolve_after", windows.resolve_after),
            ];
            if let Some((field, _)) = counts.into_iter().find(|(_, count)| *count == 0) {
                return refuse(&format!("windows.{field}"), "0".to_owned(), "1 or more");
            }
        }
        if let Some(dependence) = &self.dependence {
            if dependence.time_zone().is_none() {
                return refuse("dependence.zone", dependence.zone.clone(), "a name such as Europe/Berlin");
            }
            if dependence.kind == DependenceKind::HourOfWeek && dependence.time.is_none() {
                return refuse("dependence.time", "not there".to_owned(), "the column that says when a row was");
            }
        }
        self.check_methods(name)
    }

    fn check_methods(&self, name: &str) -> Result<(), Error> {
        if !self.categorical.compares_categories() {
            let found = format!("`categorical` is {}, which compares numbers", self.categorical.word());
            return Err(Error::spec(name, found, "give chi_squared, jensen_shannon or psi"));
        }
        if !self.numeric.compares_numbers() {
            let found = format!("`numeric` is {}, which compares categories", self.numeric.word());
            return Err(Error::spec(name, found, "give wasserstein, ks or psi"));
        }
        let mut seen = std::collections::BTreeSet::new();
        for column in self.columns.iter().flatten() {
            if !seen.insert(&column.column) {
                let found = format!("`columns` names `{}` twice", column.column);
                return Err(Error::spec(name, found, "name each column once"));
            }
            if self.exclude.contains(&column.column) {
                let found = format!("`{}` is both in `columns` and in `exclude`", column.column);
                return Err(Error::spec(name, found, "take it out of one of them"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{DataSpec, Spec, parse};

    #[test]
    fn everything_has_a_default() {
        let spec = parse("m.yaml", "monitor: fraud\nreference: ref.parquet\n").unwrap();
        assert_eq!(spec.reference, Some(DataSpec::Location("ref.parquet".to_owned())));
        assert_eq!((spec.monitor.as_str(), spec.policy.bins), ("fraud", 10));
        Spec::default().check("default").unwrap();
    }

    #[test]
    fn what_means_nothing_is_refused_by_its_field() {
        fn check(yaml: &str, expected: &str) {
            let error = parse("m.yaml", yaml).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
        check("effect: 0\n", "m.yaml: `effect` is 0; give a number above 0");
        check("policy: {significance: 5}\n", "m.yaml: `policy.significance` is 5; give a number between 0 and 1");
        check("policy: {bins: 1}\n", "`policy.bins` is 1; give 2 to 1000");
        check("categorical: ks\n", "`categorical` is ks, which compares numbers");
        check("columns: [{column: a}, {column: a}]\n", "`columns` names `a` twice");
        check("columns: [{column: a}]\nexclude: [a]\n", "both in `columns` and in `exclude`");
        check("windows: {every_minutes: 0}\n", "`windows.every_minutes` is 0; give 1 or more");
        check("dependence: {kind: hour_of_week}\n", "`dependence.time` is not there; give the column");
        check("dependence: {kind: autocorrelated, zone: Mars}\n", "`dependence.zone` is Mars; give a name");
        check("efect: 1\n", "efect");
    }
}
