//! What a validation leaves: files for programs and people that say the same, and the tracking server's copy of them.

use super::{
    data::{Cell, Table, normals},
    suite::{Answer, Suite},
};
use crate::{
    check::{Check, Fault, Need},
    context::Context,
    expect,
    tracking::tags,
};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::{fs, time::Duration};

pub(super) const FILES: Check = Check {
    id: "reports-say-the-same",
    title: "report.json, junit.xml, report.md and report.html are well-formed, say the same, and the page loads nothing",
    follows: &["clean-data-pass"],
    needs: &[Need::Command("validate")],
    limit: Duration::from_secs(120),
    exclusive: false,
    run: |ctx| Box::pin(files(ctx)),
};

pub(super) const LOGGED: Check = Check {
    id: "reports-are-logged",
    title: "Reports, metrics and the verdict are logged to the run and to the model version",
    run: |ctx| Box::pin(logged(ctx)),
    ..FILES
};

const SPEC: &str = "reference: reference.csv
expectations:
  - { id: rows, expect: rows, min: 100 }
  - { id: range, expect: range, column: amount, max: 1000, max_share: 0.0 }
drift: { effect: 0.1, exclude: [note] }
";

/// Data that break one expectation of three, with a value that means something in HTML.
fn suite(ctx: &Context) -> Result<Suite, Fault> {
    let mut rng = ctx.rng();
    let mut table = || Table::default().with("amount", normals(&mut rng, 3_000, 10.0, 2.0));
    let (reference, mut current) = (table(), table());
    current.column("amount")[7] = Cell::Number(5_000.0);
    let note = |rows| vec![Cell::Text("<script>alert(1)</script>".to_owned()); rows];
    let current = current.with("note", note(3_000));
    Suite::of(ctx, &current, SPEC)?.file("reference.csv", reference.with("note", note(3_000)).csv())
}

fn read(answer: &Answer, name: &str) -> Result<String, Fault> {
    let text = fs::read_to_string(answer.folder.join(name));
    text.map_err(|error| {
        Fault::failed(format!("{name} in the folder given with --report"), "a file", error.to_string())
    })
}

async fn files(ctx: Context) -> Result<(), Fault> {
    let answer = suite(&ctx)?.answer(&ctx, 1, &[]).await?;
    answer.only_failed(&["range"])?;
    let report = &answer.report;
    for pointer in ["/suite", "/started_at", "/spec_digest"] {
        expect::text(report, pointer)?;
    }
    expect::equal("the rows of the current data", &3_000, &expect::integer(report, "/datasets/0/rows")?)?;
    let junit = read(&answer, "junit.xml")?;
    let (cases, failures) = cases(&junit)?;
    let all = expect::list(report, "/expectations").len();
    expect::equal("the test cases in junit.xml", &all, &cases.len())?;
    expect::equal("the failures in junit.xml", &vec!["range".to_owned()], &failures)?;
    let page = read(&answer, "report.html")?;
    let loads = ["<script", " src=", "@import", "url(http", "<link"].into_iter().find(|word| page.contains(word));
    expect::equal("what report.html loads or runs", &None, &loads)?;
    expect::holds("report.html", page.contains("<svg"), "both distributions drawn as inline SVG", "no <svg")?;
    expect::holds("report.html", page.contains("</html>"), "a whole page", "no end")?;
    let summary = read(&answer, "report.md")?;
    expect::holds("report.md", summary.contains("failed") && summary.contains("amount"), "what failed", &summary)
}

/// The names of all test cases, and of those that failed.
fn cases(junit: &str) -> Result<(Vec<String>, Vec<String>), Fault> {
    use quick_xml::{Reader, events::Event};
    let broken = |reason: String| Fault::failed("junit.xml", "well-formed XML", reason);
    let mut reader = Reader::from_str(junit);
    let (mut cases, mut failures) = (Vec::new(), Vec::new());
    loop {
        match reader.read_event().map_err(|error| broken(error.to_string()))? {
            Event::Start(tag) | Event::Empty(tag) => match tag.name().as_ref() {
                b"testcase" => {
                    let name = tag.try_get_attribute("name").map_err(|error| broken(error.to_string()))?;
                    let name = name.map(|name| String::from_utf8_lossy(&name.value).into_owned());
                    cases.push(name.unwrap_or_default());
                }
                b"failure" | b"error" => failures.extend(cases.last().cloned()),
                _ => {}
            },
            Event::Eof => return Ok((cases, failures)),
            _ => {}
        }
    }
}

async fn logged(ctx: Context) -> Result<(), Fault> {
    let server = ctx.tracking()?;
    let run = server.run(&server.experiment(&ctx.name("validation")).await?).await?;
    let model = ctx.name("model");
    server.model(&model).await?;
    let version = server.version(&model, &run).await?;
    let more = ["--log-to-run", &run.id, "--model", &model, "--version", &version];
    let answer = suite(&ctx)?.answer(&ctx, 1, &more).await?;
    for name in ["report.json", "report.html", "report.md", "junit.xml"] {
        server.holds(&run, &format!("validation/{name}"), &read(&answer, name)?).await?;
    }
    let digest = crate::wire::hex(&Sha256::digest(read(&answer, "report.json")?.as_bytes()));
    let version = server.version_now(&model, &version).await?;
    let run = server.run_now(&run.id).await?;
    for (whose, tags) in [("the run", tags(&run["data"])), ("the model version", tags(&version))] {
        let tag = |name: &str| tags.get(name).cloned().unwrap_or_default();
        expect::equal(&format!("validation.status of {whose}"), "failed", &tag("validation.status"))?;
        let expected = format!("sha256:{digest}");
        expect::equal(&format!("validation.report_digest of {whose}"), &expected, &tag("validation.report_digest"))?;
    }
    let metrics = expect::list(&run, "/data/metrics");
    let named = |metric: &&Value| metric["key"].as_str().is_some_and(|key| key.starts_with("validation.range."));
    let found = metrics.iter().find(named).map(|metric| metric["key"].clone());
    expect::holds("the run's metrics", found.is_some(), "one named validation.range.<measure>", metrics)
}
