//! A spec beside its data in a folder of its own; the submission's command on it; the report that it leaves.

use super::data::Table;
use crate::{
    check::Fault,
    context::{Call, Context},
    expect,
    submission::CommandOutput,
};
use serde_json::Value;
use std::{fs, path::PathBuf, time::Duration};

/// A folder with a spec and data.
pub(super) struct Suite {
    folder: PathBuf,
}

/// What a submission answered.
pub(super) struct Answer {
    pub(super) report: Value,
    pub(super) folder: PathBuf,
}

impl Suite {
    /// An empty one.
    pub(super) fn new(ctx: &Context) -> Result<Self, Fault> {
        Ok(Self { folder: ctx.scratch()? })
    }

    /// Writes a file beside the spec.
    pub(super) fn file(self, name: &str, content: impl AsRef<[u8]>) -> Result<Self, Fault> {
        let path = self.folder.join(name);
        let made = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, content));
        made.map_err(|error| Fault::Harness(format!("{}: {error}", path.display())))?;
        Ok(self)
    }

    /// Reference and current data as CSV, and a spec with these lines after the head.
    pub(super) fn comparing(ctx: &Context, reference: &Table, current: &Table, spec: &str) -> Result<Self, Fault> {
        let head = "suite: lab\nreference: reference.csv\ncurrent: current.csv\n";
        let suite = Self::new(ctx)?.file("reference.csv", reference.csv())?.file("current.csv", current.csv())?;
        suite.file("spec.yaml", format!("{head}{spec}\n"))
    }

    /// Current data alone.
    pub(super) fn of(ctx: &Context, current: &Table, spec: &str) -> Result<Self, Fault> {
        let suite = Self::new(ctx)?.file("current.csv", current.csv())?;
        suite.file("spec.yaml", format!("suite: lab\ncurrent: current.csv\n{spec}\n"))
    }

    fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    /// Runs `validate` on it, with more arguments, without looking at the answer.
    pub(super) async fn run(&self, ctx: &Context, more: &[&str]) -> Result<CommandOutput, Fault> {
        let (spec, report) = (self.path("spec.yaml"), self.path("report"));
        let arguments = [&[spec.as_str(), "--report", &report], more].concat();
        ctx.call(Call { limit: Duration::from_secs(120), ..Call::of("validate", &arguments) }).await
    }

    /// Where reports go.
    pub(super) fn reports(&self) -> PathBuf {
        self.folder.join("report")
    }

    /// Runs it, requires the exit code, and reads `report.json`.
    pub(super) async fn answer(&self, ctx: &Context, exit: i32, more: &[&str]) -> Result<Answer, Fault> {
        let output = self.run(ctx, more).await?;
        expect::exit(&output, "validate spec.yaml --report report", exit)?;
        let folder = self.reports();
        let path = folder.join("report.json");
        let text = fs::read_to_string(&path).map_err(|error| {
            Fault::failed("report.json in the folder given with --report", "a file", error.to_string())
        })?;
        let report =
            serde_json::from_str(&text).map_err(|error| Fault::failed("report.json", "JSON", format!("{error}")))?;
        Ok(Answer { report, folder })
    }
}

impl Answer {
    /// The verdict on one expectation.
    pub(super) fn verdict(&self, id: &str) -> Result<&str, Fault> {
        let known = expect::list(&self.report, "/expectations");
        let found = known.iter().find(|expectation| expectation["id"] == id);
        let ids = || format!("{:?}", expect::texts(&self.report, "/expectations", "/id"));
        let found = found
            .ok_or_else(|| Fault::failed("the expectations in report.json", format!("one with id {id}"), ids()))?;
        expect::text(found, "/verdict")
    }

    /// Requires verdicts: these ids failed, and of all others none did.
    pub(super) fn only_failed(&self, expected: &[&str]) -> Result<(), Fault> {
        for id in expected {
            expect::equal(&format!("the verdict on {id}"), "failed", self.verdict(id)?)?;
        }
        let known = expect::list(&self.report, "/expectations").iter();
        let others = known.filter(|expectation| !expected.iter().any(|id| expectation["id"] == *id));
        let wrong: Vec<_> = others
            .filter(|expectation| expectation["verdict"] != "passed")
            .map(|expectation| format!("{} {}: {}", expectation["id"], expectation["verdict"], expectation["why"]))
            .collect();
        expect::holds("the expectations that hold", wrong.is_empty(), "passed", wrong)
    }

    /// A column's line under `drift.columns`.
    pub(super) fn drift(&self, column: &str) -> Result<&Value, Fault> {
        let columns = expect::list(&self.report, "/drift/columns");
        let found = columns.iter().find(|line| line["column"] == column);
        found.ok_or_else(|| Fault::failed("drift.columns in report.json", format!("a line for {column}"), "none"))
    }
}

/// A number at a JSON pointer.
pub(super) fn number(value: &Value, pointer: &str) -> Result<f64, Fault> {
    let found = expect::at(value, pointer)?;
    found.as_f64().ok_or_else(|| Fault::failed(format!("`{pointer}` of report.json"), "a number", found.to_string()))
}
