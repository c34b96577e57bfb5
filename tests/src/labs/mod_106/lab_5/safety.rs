//! Documents that hostile names cannot break, that come out the same, and that a failed run leaves alone.

use super::document::{Document, document, write};
use super::story::Story;
use crate::{
    check::{Check, Fault, Need},
    context::{Call, Context},
    expect,
};
use std::{collections::BTreeMap, net::TcpListener, path::Path, time::Duration};

pub(super) const HOSTILE: Check = Check {
    id: "hostile-names-do-not-inject",
    title: "Names that hold markup, pipes, line breaks and turned text are shown as text",
    follows: &["card-is-for-people"],
    needs: &[Need::Command("model-card"), Need::Command("message")],
    limit: Duration::from_secs(60),
    exclusive: false,
    run: |ctx| Box::pin(hostile(ctx)),
};

pub(super) const SAME: Check = Check {
    id: "same-records-same-bytes",
    title: "The same records give the same documents, byte for byte",
    follows: &[],
    needs: &[Need::Command("model-card"), Need::Command("compliance-report")],
    limit: Duration::from_secs(60),
    exclusive: false,
    run: |ctx| Box::pin(same(ctx)),
};

pub(super) const DOWN: Check = Check {
    id: "failed-runs-change-nothing",
    title: "A server that is down, an unknown model and a malformed file are refused, and older documents stay",
    follows: &["card-is-for-people"],
    needs: &[Need::Command("model-card"), Need::Command("compliance-report")],
    limit: Duration::from_secs(90),
    exclusive: false,
    run: |ctx| Box::pin(down(ctx)),
};

/// Registries differ in whether a name may hold a slash or a colon.
const NAME: &str = "<script>alert('x')<img src=x onerror=alert(1)> | `a` ]( # ";
const MARKUP: &str = "<script>alert('x')</script><img src=x onerror=alert(1)>";

async fn hostile(ctx: Context) -> Result<(), Fault> {
    let mut story = Story::begin(&ctx, NAME).await?;
    let version = story.version(&ctx).await?;
    let marks = [
        ("owner", format!("{MARKUP} {}", story.word())),
        ("intended_use", format!("a | b\n\n# {}\n\n```\n| x | y |", story.word())),
        ("limitations", format!("\u{202e}{}\u{202c} [x](javascript:alert(1))", story.word())),
    ];
    for (key, value) in &marks {
        story.server.tag(&story.model, &version.number, key, value).await?;
    }
    story.server.alias(&story.model, "champion", &version.number).await?;
    story.record("promotion.completed", MARKUP, &version);
    let trail = story.trail()?;
    let card =
        document(&ctx, "model-card", "model-card", &[&story.model, &version.number, "--trail", &trail], 0).await?;
    let arguments = ["release", &story.model, &version.number, "--trail", &trail];
    let note = document(&ctx, "message", "release", &arguments, 0).await?;
    for (name, page) in [("the model card", &card), ("the release note", &note)] {
        for danger in ["<script", "<img", "onerror=\"", "href=\"javascript:", "\u{202e}"] {
            let there = page.html.to_lowercase().contains(danger);
            expect::holds(&format!("the page of {name}"), !there, &format!("no {danger:?}"), "it is there")?;
        }
        let raw = page.markdown.lines().any(|line| line.contains("<script") && !line.contains("\\<script"));
        expect::holds(&format!("the Markdown of {name}"), !raw, "no unescaped <script", "one")?;
        page.shows("the model's name, as text", "<script>alert('x')<img src=x onerror=alert(1)> | `a` ]( #")?;
    }
    // What is between the pipes stays between them: a value cannot add a column, a row or a heading.
    let injected = card.markdown.lines().any(|line| line.starts_with("# ") && !line.contains("script"));
    expect::holds("headings of the Markdown", !injected, "none that a tag's value made", &card.markdown)?;
    balanced(&card)
}

/// Every row of a table has as many cells as its head.
fn balanced(card: &Document) -> Result<(), Fault> {
    let mut cells = None;
    for line in card.markdown.lines() {
        if !line.starts_with('|') {
            cells = None;
            continue;
        }
        let count = line.replace("\\|", "").matches('|').count();
        expect::equal(&format!("the pipes of the row {line:?}"), cells.get_or_insert(count), &count)?;
    }
    Ok(())
}

async fn same(ctx: Context) -> Result<(), Fault> {
    let (story, version) = super::compliance::sound(&ctx, "same").await?;
    let (trail, controls) = (story.trail()?, story.file("controls.toml", super::compliance::CONTROLS)?);
    let card = [story.model.as_str(), &version.number, "--trail", &trail];
    let report = [story.model.as_str(), &version.number, "--controls", &controls, "--trail", &trail];
    for (command, arguments) in [("model-card", &card[..]), ("compliance-report", &report)] {
        let folders = [ctx.scratch()?, ctx.scratch()?];
        for folder in &folders {
            let output = write(&ctx, command, arguments, folder).await?;
            expect::exit(&output, command, 0)?;
            // A document that tells the time of its making differs from the next.
            tokio::time::sleep(Duration::from_millis(1100)).await;
        }
        let (first, second) = (files(&folders[0])?, files(&folders[1])?);
        expect::equal(&format!("the files of {command}"), &first.keys().collect::<Vec<_>>(), &second.keys().collect())?;
        for (name, bytes) in &first {
            let alike = second.get(name) == Some(bytes);
            expect::holds(&format!("{name}, made twice"), alike, "the same bytes", "others")?;
        }
    }
    Ok(())
}

fn files(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>, Fault> {
    let failed = |error: std::io::Error| Fault::Harness(format!("{}: {error}", folder.display()));
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if entry.path().is_file() {
            files
                .insert(entry.file_name().to_string_lossy().into_owned(), std::fs::read(entry.path()).map_err(failed)?);
        }
    }
    Ok(files)
}

async fn down(ctx: Context) -> Result<(), Fault> {
    let mut story = Story::begin(&ctx, "down").await?;
    let version = story.version(&ctx).await?;
    let (folder, trail) = (ctx.scratch()?, story.trail()?);
    let arguments = [story.model.as_str(), &version.number, "--trail", &trail];
    expect::exit(&write(&ctx, "model-card", &arguments, &folder).await?, "model-card", 0)?;
    let before = files(&folder)?;
    let unchanged = |what: &str| -> Result<(), Fault> {
        expect::holds(&format!("the documents after {what}"), files(&folder)? == before, "as they were", "others")
    };

    let out = folder.display().to_string();
    let words = [&arguments[..], &["--out", &out]].concat();
    let nobody = nobody()?;
    // Some clients try again for minutes unless they are told not to.
    let variables = [
        ("LAB_TRACKING_URL", nobody.as_str()),
        ("MLFLOW_TRACKING_URI", &nobody),
        ("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0"),
    ];
    let output = ctx.call(Call { variables: &variables, ..Call::of("model-card", &words) }).await?;
    expect::exit(&output, "model-card without a server", 3)?;
    unchanged("a run without a server")?;

    let unknown = ctx.name("unknown");
    let output = write(&ctx, "model-card", &[&unknown, "1", "--trail", &trail], &folder).await?;
    expect::exit(&output, "model-card of an unknown model", 1)?;
    let named = output.stderr.contains(&unknown);
    expect::holds("what is said of an unknown model", named, "its name", &output.stderr)?;
    unchanged("an unknown model")?;

    let controls = story.file("controls.toml", "title = \"x\"\n[[control]]\nid = 7\n")?;
    let malformed = [story.model.as_str(), &version.number, "--controls", &controls, "--trail", &trail];
    let output = write(&ctx, "compliance-report", &malformed, &folder).await?;
    expect::exit(&output, "compliance-report with malformed controls", 2)?;
    let placed = output.stderr.contains("controls.toml") && output.stderr.contains('3');
    expect::holds("what is said of malformed controls", placed, "the file and line 3", &output.stderr)?;
    unchanged("malformed controls")
}

/// An address at which nobody listens.
fn nobody() -> Result<String, Fault> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
    let address = listener.map_err(|error| Fault::Harness(format!("no free port: {error}")))?;
    Ok(format!("http://{address}"))
}
