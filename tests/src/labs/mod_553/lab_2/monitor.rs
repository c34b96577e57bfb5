//! A spec beside its data in a folder of its own, the submission's commands on it, and what they print.

use crate::{
    check::Fault,
    context::{Call, Context},
    expect,
    labs::mod_106::lab_3::data::Table,
    submission::CommandOutput,
};
use serde_json::Value;
use std::{fs, path::PathBuf, time::Duration};

/// What every spec begins with.
pub(super) const HEAD: &str = "monitor: lab\nreference: reference.csv\ncurrent: current.csv\n";

/// How most checks ask: distances of distribution functions, Cramér's V, five percent of false discoveries.
pub(super) const USUAL: &str = "numeric: ks\ncategorical: chi_squared\neffect: 0.1\nexclude: [id]\n\
                                policy: { significance: 0.05, power: 0.8, correction: benjamini_hochberg, bins: 10 }\n";

/// A folder with a spec and data.
pub(super) struct Monitor {
    pub(super) folder: PathBuf,
}

/// What `check` printed.
pub(super) struct Report(pub(super) Value);

impl Monitor {
    /// An empty one.
    pub(super) fn new(ctx: &Context) -> Result<Self, Fault> {
        Ok(Self { folder: ctx.scratch()? })
    }

    /// Writes a file beside the spec.
    pub(super) fn file(self, name: &str, content: impl AsRef<[u8]>) -> Result<Self, Fault> {
        self.write(name, content)?;
        Ok(self)
    }

    /// The same, later.
    pub(super) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> Result<(), Fault> {
        let path = self.folder.join(name);
        let made = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, content));
        made.map_err(|error| Fault::Harness(format!("{}: {error}", path.display())))
    }

    /// Reference and current data as CSV, and a spec with these lines after the head.
    pub(super) fn comparing(ctx: &Context, reference: &Table, current: &Table, spec: &str) -> Result<Self, Fault> {
        let monitor = Self::new(ctx)?.file("reference.csv", reference.csv())?.file("current.csv", current.csv())?;
        monitor.file("spec.yaml", format!("{HEAD}{spec}"))
    }

    /// Where a file of the folder is.
    pub(super) fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    /// Runs a command whose arguments may name files of the folder as `@name`.
    pub(super) async fn run(&self, ctx: &Context, command: &str, words: &[&str]) -> Result<CommandOutput, Fault> {
        let place = |word: &&str| word.strip_prefix('@').map_or_else(|| (*word).to_owned(), |name| self.path(name));
        let words: Vec<String> = words.iter().map(place).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        ctx.call(Call { limit: Duration::from_secs(120), ..Call::of(command, &words) }).await
    }

    /// Runs `check` on the spec, requires the exit code, and reads what it printed.
    pub(super) async fn answer(&self, ctx: &Context, exit: i32) -> Result<Report, Fault> {
        let output = self.run(ctx, "check", &["@spec.yaml"]).await?;
        expect::exit(&output, "check spec.yaml", exit)?;
        Ok(Report(expect::printed_json(&output)?))
    }
}

impl Report {
    /// A column's entry.
    pub(super) fn column(&self, name: &str) -> Result<&Value, Fault> {
        let found = expect::list(&self.0, "/columns").iter().find(|column| column["column"] == name);
        let names = || format!("{:?}", expect::texts(&self.0, "/columns", "/column"));
        found.ok_or_else(|| Fault::failed("`columns` of the report", format!("an entry for {name}"), names()))
    }

    /// A column's verdict.
    pub(super) fn verdict(&self, name: &str) -> Result<&str, Fault> {
        expect::text(self.column(name)?, "/verdict")
    }

    /// Requires a column's verdict, and a sentence that names the column.
    pub(super) fn says(&self, name: &str, expected: &str) -> Result<(), Fault> {
        let column = self.column(name)?;
        expect::equal(&format!("the verdict on {name} ({})", column["why"]), expected, self.verdict(name)?)?;
        let why = expect::text(column, "/why")?;
        expect::holds(&format!("`why` of {name}"), why.contains(name), "a sentence that names the column", why)
    }

    /// Requires that these columns drifted, that all others are stable, and a verdict on the whole that says so.
    pub(super) fn only_drifted(&self, expected: &[&str]) -> Result<(), Fault> {
        for name in expected {
            self.says(name, "drift")?;
        }
        let others = expect::list(&self.0, "/columns").iter();
        let others = others.filter(|column| !expected.iter().any(|name| column["column"] == *name));
        let wrong: Vec<_> = others
            .filter(|column| column["verdict"] != "stable")
            .map(|column| format!("{} {}: {}", column["column"], column["verdict"], column["why"]))
            .collect();
        expect::holds("the columns that nothing happened to", wrong.is_empty(), "stable", wrong)?;
        let whole = if expected.is_empty() { "stable" } else { "drift" };
        expect::equal("the verdict of the report", whole, expect::text(&self.0, "/verdict")?)
    }

    /// The statistic of one of a column's measures.
    pub(super) fn statistic(&self, name: &str, method: &str) -> Result<f64, Fault> {
        let measures = expect::list(self.column(name)?, "/measures");
        let found = measures.iter().find(|measure| measure["method"] == method);
        let measure = found.ok_or_else(|| {
            Fault::failed(format!("`measures` of {name}"), format!("one of {method}"), format!("{measures:?}"))
        })?;
        number(measure, "/statistic")
    }
}

/// A number at a JSON pointer.
pub(super) fn number(value: &Value, pointer: &str) -> Result<f64, Fault> {
    let found = expect::at(value, pointer)?;
    found.as_f64().ok_or_else(|| Fault::failed(format!("`{pointer}` of the report"), "a number", found.to_string()))
}
