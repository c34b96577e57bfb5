//! Is the sheet whole, and does it belong to the paper that the brief names? The file is read here, not by the grader.

use super::grader;
use crate::{
    check::{Check, Fault, Need},
    context::Context,
    expect,
};
use std::{collections::BTreeMap, time::Duration};

const LIMIT: Duration = Duration::from_secs(30);
const NEEDS: &[Need] = &[Need::File("answers"), Need::Tool("mod-106")];

pub(super) const BELONGS: Check = Check {
    id: "sheet-belongs-to-the-paper",
    title: "The sheet answers the paper of seed 106 with 20 questions",
    follows: &[],
    needs: NEEDS,
    limit: LIMIT,
    exclusive: false,
    run: |ctx| Box::pin(belongs(ctx)),
};

pub(super) const EACH_ONCE: Check = Check {
    id: "sheet-has-each-question-once",
    title: "The sheet has one entry for each question of the paper, and no other",
    follows: &["sheet-belongs-to-the-paper"],
    needs: NEEDS,
    limit: LIMIT,
    exclusive: false,
    run: |ctx| Box::pin(each_once(ctx)),
};

pub(super) const ANSWERED: Check = Check {
    id: "every-question-is-answered",
    title: "No question is left open",
    follows: &["sheet-has-each-question-once"],
    needs: NEEDS,
    limit: LIMIT,
    exclusive: false,
    run: |ctx| Box::pin(answered(ctx)),
};

fn read(ctx: &Context) -> Result<toml::Table, Fault> {
    let path = ctx.file("answers")?;
    let unreadable = |reason: String| Fault::failed("the answer sheet", "a TOML file", reason);
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
    text.parse().map_err(|error: toml::de::Error| unreadable(error.to_string()))
}

async fn belongs(ctx: Context) -> Result<(), Fault> {
    let (sheet, paper) = (read(&ctx)?, grader::paper(&ctx).await?);
    let bound = |name: &str| sheet.get("paper").and_then(|paper| paper.get(name)).cloned();
    let number = |text: &str| text.parse().ok().map(toml::Value::Integer);
    expect::equal("paper.seed", &number(grader::SEED), &bound("seed"))?;
    expect::equal("paper.questions", &number(grader::QUESTIONS), &bound("questions"))?;
    let digest = paper["digest"].as_str().map(|digest| toml::Value::String(digest.to_owned()));
    expect::equal("paper.digest", &digest, &bound("digest"))
}

async fn each_once(ctx: Context) -> Result<(), Fault> {
    let (sheet, paper) = (read(&ctx)?, grader::paper(&ctx).await?);
    let mut entries: BTreeMap<String, usize> = BTreeMap::new();
    for entry in answers(&sheet) {
        let id = entry.get("question").and_then(toml::Value::as_str).unwrap_or("(no question)");
        *entries.entry(id.to_owned()).or_default() += 1;
    }
    let asked: BTreeMap<String, usize> = paper["questions"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|asked| asked["id"].as_str())
        .map(|id| (id.to_owned(), 1))
        .collect();
    expect::equal("the entries for each question", &asked, &entries)
}

async fn answered(ctx: Context) -> Result<(), Fault> {
    let sheet = read(&ctx)?;
    let blank = |entry: &&toml::Value| match entry.get("answer") {
        None => true,
        Some(toml::Value::String(text)) => text.trim().is_empty(),
        Some(toml::Value::Array(items)) => items.is_empty(),
        Some(_) => false,
    };
    let open: Vec<_> = answers(&sheet)
        .iter()
        .filter(blank)
        .filter_map(|entry| entry.get("question"))
        .map(ToString::to_string)
        .collect();
    expect::equal("the questions without an answer", &Vec::<String>::new(), &open)
}

fn answers(sheet: &toml::Table) -> &[toml::Value] {
    sheet.get("answer").and_then(toml::Value::as_array).map_or(&[], Vec::as_slice)
}
