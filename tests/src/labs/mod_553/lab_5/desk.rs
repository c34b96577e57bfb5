//! A folder for each question, the submission's commands on it, and tables of costs: written for it, and read again.

use crate::{
    check::{Check, Fault, Need},
    context::{Call, Context},
    expect,
    submission::CommandOutput,
};
use rust_decimal::Decimal;
use serde_json::Value;
use std::{collections::BTreeMap, fs, path::PathBuf, time::Duration};

/// A check that asks one command; each check has an id, a title, the command and a function of its own.
pub(super) const ASKS: Check = Check {
    id: "",
    title: "",
    follows: &[],
    needs: &[Need::Command("price")],
    limit: Duration::from_secs(120),
    exclusive: false,
    run: |_| Box::pin(async { Ok(()) }),
};

/// A folder.
pub(super) struct Desk {
    folder: PathBuf,
}

/// One row of a table of costs, by column.
pub(super) type Row = BTreeMap<String, String>;

impl Desk {
    pub(super) fn new(ctx: &Context) -> Result<Self, Fault> {
        Ok(Self { folder: ctx.scratch()? })
    }

    /// Writes a file, and answers its path.
    pub(super) fn file(&self, name: &str, content: &str) -> Result<String, Fault> {
        let path = self.folder.join(name);
        fs::write(&path, content).map_err(|error| Fault::Harness(format!("{}: {error}", path.display())))?;
        Ok(path.display().to_string())
    }

    /// A path that nothing stands at yet.
    pub(super) fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    /// Runs a command, and requires its exit code.
    pub(super) async fn run(
        &self,
        ctx: &Context,
        command: &str,
        words: &[&str],
        exit: i32,
    ) -> Result<CommandOutput, Fault> {
        let output = ctx.call(Call { limit: Duration::from_secs(60), ..Call::of(command, words) }).await?;
        expect::exit(&output, &format!("{command} {}", words.join(" ")), exit)?;
        Ok(output)
    }

    /// Runs a command, requires its exit code, and reads the JSON that it prints.
    pub(super) async fn json(&self, ctx: &Context, command: &str, words: &[&str], exit: i32) -> Result<Value, Fault> {
        expect::printed_json(&self.run(ctx, command, words, exit).await?)
    }

    /// Prices usage, and reads the rows.
    pub(super) async fn price(
        &self,
        ctx: &Context,
        usage: &[String],
        prices: &str,
        more: &[&str],
        exit: i32,
    ) -> Result<Vec<Row>, Fault> {
        let (out, unpriced, summary) = (self.path("rows.csv"), self.path("unpriced.jsonl"), self.path("summary.json"));
        let mut words: Vec<&str> = usage.iter().flat_map(|path| ["--usage", path.as_str()]).collect();
        words.extend(["--prices", prices, "--out", &out, "--unpriced", &unpriced, "--summary", &summary]);
        words.extend(more);
        self.run(ctx, "price", &words, exit).await?;
        self.rows()
    }

    /// The rows that a command left.
    pub(super) fn rows(&self) -> Result<Vec<Row>, Fault> {
        let text = self.text("rows.csv")?;
        let mut lines = table(&text).into_iter();
        let header = lines.next().unwrap_or_default();
        Ok(lines.map(|line| header.iter().cloned().zip(line).collect()).collect())
    }

    /// What stands in a file that a command left.
    pub(super) fn text(&self, name: &str) -> Result<String, Fault> {
        fs::read_to_string(self.folder.join(name)).map_err(|error| Fault::failed(name, "a file", error.to_string()))
    }

    /// Whether there is such a file.
    pub(super) fn has(&self, name: &str) -> bool {
        self.folder.join(name).exists()
    }
}

/// CSV after RFC 4180, quoted fields included.
fn table(text: &str) -> Vec<Vec<String>> {
    let (mut lines, mut line, mut field, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut letters = text.chars().filter(|letter| *letter != '\r').peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => field.push(letters.next().unwrap_or('"')),
            '"' => quoted = !quoted,
            ',' if !quoted => line.push(std::mem::take(&mut field)),
            '\n' if !quoted => {
                line.push(std::mem::take(&mut field));
                lines.push(std::mem::take(&mut line));
            }
            other => field.push(other),
        }
    }
    lines
}

/// A column of a row.
pub(super) fn column<'a>(row: &'a Row, name: &str) -> Result<&'a str, Fault> {
    row.get(name)
        .map(String::as_str)
        .ok_or_else(|| Fault::failed("the columns of rows.csv", name, format!("{:?}", row.keys())))
}

/// A decimal column of a row.
pub(super) fn number(row: &Row, name: &str) -> Result<Decimal, Fault> {
    decimal(name, column(row, name)?)
}

/// A decimal, exactly as it is written.
pub(super) fn decimal(what: &str, text: &str) -> Result<Decimal, Fault> {
    let read = Decimal::from_str_exact(text).or_else(|_| Decimal::from_scientific(text));
    read.map(|value| value.normalize()).map_err(|_| Fault::failed(what, "a decimal number", text))
}

/// A decimal at a JSON pointer, where it is a text.
pub(super) fn money(value: &Value, pointer: &str) -> Result<Decimal, Fault> {
    decimal(pointer, expect::text(value, pointer)?)
}

/// A number at a JSON pointer.
pub(super) fn float(value: &Value, pointer: &str) -> Result<f64, Fault> {
    let found = expect::at(value, pointer)?;
    found.as_f64().ok_or_else(|| Fault::failed(pointer, "a number", found.to_string()))
}

/// The element of a list that has this text under a key.
pub(super) fn named<'a>(list: &'a Value, key: &str, name: &str) -> Result<&'a Value, Fault> {
    let found = list.as_array().and_then(|list| list.iter().find(|element| element[key] == name));
    found.ok_or_else(|| Fault::failed(format!("the elements' `{key}`"), name, list.to_string()))
}

/// A sum of a column, over the rows that are meant.
pub(super) fn sum(rows: &[Row], name: &str, meant: impl Fn(&Row) -> bool) -> Result<Decimal, Fault> {
    let values = rows.iter().filter(|row| meant(row)).map(|row| number(row, name));
    Ok(values.collect::<Result<Vec<_>, _>>()?.into_iter().sum::<Decimal>().normalize())
}

/// A table of costs as the brief has it: start, end, cost, model and tenant.
pub(super) fn costs(lines: &[(String, String, String, &str, &str)]) -> String {
    let head = "BilledCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd,SubAccountId,x_Model\n".to_owned();
    lines.iter().fold(head, |text, (start, end, usd, model, tenant)| {
        text + &format!("{usd},USD,{start},{end},{tenant},{model}\n")
    })
}
