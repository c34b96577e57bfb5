//! The quiz's auto-grader, as a judge: it draws the paper, and grades with the key that only instructors have.

use crate::{check::Fault, context::Context, expect, submission::CommandOutput};
use serde_json::Value;
use std::path::PathBuf;

/// What the brief says.
pub(super) const SEED: &str = "106";
/// Likewise.
pub(super) const QUESTIONS: &str = "20";

/// The paper that the brief asks to answer.
pub(super) async fn paper(ctx: &Context) -> Result<Value, Fault> {
    let words = ["quiz", "paper", "--seed", SEED, "--questions", QUESTIONS, "--json"];
    let output = ctx.tool("mod-106")?.run(&words, &[]).await?;
    if output.status != 0 {
        return Err(Fault::Harness(format!("no paper was drawn: {}", output.stderr)));
    }
    expect::printed_json(&output)
}

/// What the grader says about the sheet. Its exit code 2 is a malformed sheet.
pub(super) async fn grade(ctx: &Context) -> Result<CommandOutput, Fault> {
    let (sheet, key) = (ctx.file("answers")?.display().to_string(), key()?.display().to_string());
    let output = ctx.tool("mod-106")?.run(&["quiz", "grade", &sheet, "--key", &key, "--json"], &[]).await?;
    match output.status {
        0..=2 => Ok(output),
        status => Err(Fault::Harness(format!("the grader ended with {status}: {}", output.stderr))),
    }
}

/// A well-formed sheet's grade.
pub(super) async fn graded(ctx: &Context) -> Result<Value, Fault> {
    let output = grade(ctx).await?;
    if output.status == 2 {
        return Err(Fault::failed("the grader's verdict", "a grade", output.stderr.trim()));
    }
    expect::printed_json(&output)
}

/// The key's folder: instructors who keep it elsewhere name it, learners have none.
fn key() -> Result<PathBuf, Fault> {
    let beside = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../mod-106/quiz/key"));
    let folder = std::env::var_os("MOD106_QUIZ_KEY").map_or_else(beside, PathBuf::from);
    if folder.is_dir() {
        return Ok(folder);
    }
    Err(Fault::NotRun("the key is not here: instructors name its folder in MOD106_QUIZ_KEY".to_owned()))
}
