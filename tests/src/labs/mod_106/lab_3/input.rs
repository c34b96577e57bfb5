//! Input that makes no sense is refused with the place where it does not, and leaves no report that could be taken for one.

use super::suite::Suite;
use crate::{
    check::{Check, Fault, Need},
    context::Context,
    expect,
};
use std::time::Duration;

pub(super) const MALFORMED: Check = Check {
    id: "malformed-input-is-refused-with-its-place",
    title: "Ragged rows, wrong encodings, broken JSON and misspelt keys are refused with file and line; no report is left",
    follows: &["clean-data-pass"],
    needs: &[Need::Command("validate")],
    limit: Duration::from_secs(120),
    exclusive: false,
    run: |ctx| Box::pin(malformed(ctx)),
};

const SPEC: &str = "suite: lab\ncurrent: current.csv\nexpectations:\n  - { id: rows, expect: rows, min: 1 }\n";

async fn malformed(ctx: Context) -> Result<(), Fault> {
    let row = ctx.rng().usize(20..60);
    let line = row + 2;
    let good: Vec<String> = (0..80).map(|number| format!("{number},x{number}")).collect();
    let csv = |broken: &[u8]| {
        let mut text = b"a,b\n".to_vec();
        for (index, good) in good.iter().enumerate() {
            text.extend(if index == row { broken } else { good.as_bytes() });
            text.push(b'\n');
        }
        text
    };
    let refused = |name: &'static str, data: Vec<u8>, spec: String, file: &'static str, line: Option<usize>| {
        let ctx = ctx.clone();
        async move {
            let suite = Suite::new(&ctx)?.file(name, data)?.file("spec.yaml", spec)?;
            let output = suite.run(&ctx, &[]).await?;
            expect::exit(&output, &format!("validate with a malformed {file}"), 2)?;
            let named = output.stderr.contains(file) && line.is_none_or(|line| mentions(&output.stderr, line));
            let place = line.map_or_else(|| file.to_owned(), |line| format!("{file} and line {line}"));
            expect::holds("what standard error says", named, &place, &output.stderr)?;
            let left = suite.reports().join("report.json").exists();
            expect::holds("report.json after a refusal", !left, "no such file", "a file")
        }
    };
    let spec = || SPEC.to_owned();
    refused("current.csv", csv(b"7,x,surplus"), spec(), "current.csv", Some(line)).await?;
    refused("current.csv", csv(b"7,\xff\xfe"), spec(), "current.csv", None).await?;
    refused("current.csv", Vec::new(), spec(), "current.csv", None).await?;
    let lines: Vec<_> =
        good.iter().enumerate().map(|(index, _)| if index == row { "{\"a\": " } else { "{\"a\": 1}" }).collect();
    let json = SPEC.replace("current.csv", "current.jsonl");
    refused("current.jsonl", lines.join("\n").into_bytes(), json, "current.jsonl", Some(row + 1)).await?;
    let misspelt = SPEC.replace("min: 1", "minimum: 1");
    refused("current.csv", csv(b"7,x"), misspelt, "spec.yaml", Some(4)).await?;
    let missing = SPEC.replace("current.csv", "absent.csv");
    refused("current.csv", csv(b"7,x"), missing, "absent.csv", None).await
}

/// Whether a text names a number by itself, not as a part of another.
fn mentions(text: &str, number: usize) -> bool {
    text.split(|letter: char| !letter.is_ascii_digit()).any(|digits| digits == number.to_string())
}
