//! The playbook: every alert of the submission's own file leads to a section of a runbook, and every section has its alert.

use super::objectives::{GENERATES, all_rules, rule_files};
use crate::{
    check::{Check, Fault, Need},
    context::Context,
    expect,
};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

const NEEDS: &[Need] = &[Need::Command("rules"), Need::File("slos"), Need::File("owners"), Need::File("runbooks")];

pub(super) const ENTRIES: Check = Check {
    id: "alerts-and-runbooks-match",
    title: "Every alert leads to a section of a runbook that is there, every section belongs to an alert, every owner is known",
    follows: &[],
    needs: NEEDS,
    run: |ctx| Box::pin(entries(ctx)),
    ..GENERATES
};

pub(super) const COMMANDS: Check = Check {
    id: "first-commands-are-in-their-runbooks",
    title: "What an alert says to type first is the first command of its runbook's section, and one command",
    follows: &["alerts-and-runbooks-match"],
    needs: NEEDS,
    run: |ctx| Box::pin(commands(ctx)),
    ..GENERATES
};

/// A section, with the first line of its first fenced block.
type Sections = BTreeMap<String, (String, Option<String>)>;

/// The submission's own alerts, and what its runbooks hold.
async fn playbook(ctx: &Context) -> Result<(Vec<Value>, Sections), Fault> {
    let out = ctx.scratch()?.join("rules");
    let [slos, owners, folder] =
        [ctx.file("slos")?, ctx.file("owners")?, out.clone()].map(|path| path.display().to_string());
    let output = ctx.run("rules", &["--slos", &slos, "--owners", &owners, "--out", &folder]).await?;
    expect::exit(&output, "rules, on the submission's own files", 0)?;
    let mut alerts = all_rules(&rule_files(&out)?)?;
    alerts.retain(|rule| rule["alert"].is_string());
    expect::holds("how many alerts there are", alerts.len() >= 6, "6 or more", alerts.len())?;
    Ok((alerts, sections(&ctx.file("runbooks")?)?))
}

/// All `##` headings of a folder's Markdown, by `FILE#heading` in lower case.
fn sections(folder: &Path) -> Result<Sections, Fault> {
    let mut sections = Sections::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let file = entry.file_name().to_string_lossy().into_owned();
        if !file.ends_with(".md") {
            continue;
        }
        let text = fs::read_to_string(entry.path()).unwrap_or_default();
        let (mut heading, mut fenced, mut begun) = (None, false, false);
        for line in text.lines() {
            if line.starts_with("```") {
                (fenced, begun) = (!fenced, !fenced);
            } else if let Some(title) = line.strip_prefix("## ").filter(|_| !fenced) {
                let key = format!("{file}#{}", title.trim().to_lowercase());
                sections.insert(key.clone(), (title.trim().to_owned(), None));
                heading = Some(key);
            } else if begun && let Some((_, command)) = heading.as_ref().and_then(|key| sections.get_mut(key)) {
                command.get_or_insert_with(|| line.trim().to_owned());
                begun = false;
            }
        }
    }
    expect::holds(
        "the folder `runbooks`",
        !sections.is_empty(),
        "Markdown with a `##` heading for each alert",
        "none",
    )?;
    Ok(sections)
}

/// The section that an alert's link leads to: the link's end, file and anchor.
fn section<'a>(alert: &Value, sections: &'a Sections) -> Result<(&'a String, &'a (String, Option<String>)), Fault> {
    let (name, link) = (expect::text(alert, "/alert")?, expect::text(alert, "/annotations/runbook_url")?);
    let key = link.rsplit('/').next().unwrap_or_default();
    let found = sections.get_key_value(key);
    found.ok_or_else(|| Fault::failed(format!("the runbook of {name}"), "a section that is there", link))
}

async fn entries(ctx: Context) -> Result<(), Fault> {
    let (alerts, sections) = playbook(&ctx).await?;
    let owners: Value = fs::read_to_string(ctx.file("owners")?)
        .ok()
        .and_then(|text| serde_saphyr::from_str(&text).ok())
        .ok_or_else(|| Fault::failed("the file `owners`", "YAML", "something else"))?;
    let (mut read, mut names) = (BTreeSet::new(), BTreeSet::new());
    for alert in &alerts {
        let name = expect::text(alert, "/alert")?;
        expect::holds(&format!("the alert {name}"), names.insert(name), "a name of its own", "a second one")?;
        let (key, (title, _)) = section(alert, &sections)?;
        expect::equal(&format!("the heading that the runbook of {name} leads to"), name, title.as_str())?;
        read.insert(key);
        let owner = expect::text(alert, "/labels/owner")?;
        let known = owners.pointer(&format!("/owners/{owner}")).is_some();
        expect::holds(&format!("the owner of {name}"), known, "one of the file `owners`", owner)?;
        let severity = expect::text(alert, "/labels/severity")?;
        expect::holds(
            &format!("severity of {name}"),
            ["page", "ticket"].contains(&severity),
            "page or ticket",
            severity,
        )?;
    }
    let idle: Vec<&String> = sections.keys().filter(|key| !read.contains(key)).collect();
    expect::holds("sections of runbooks", idle.is_empty(), "an alert for each", &idle)
}

async fn commands(ctx: Context) -> Result<(), Fault> {
    let (alerts, sections) = playbook(&ctx).await?;
    for alert in &alerts {
        let (name, said) = (expect::text(alert, "/alert")?, expect::text(alert, "/annotations/first_command")?);
        let (_, (_, written)) = section(alert, &sections)?;
        let what = format!("the first command of {name} in its runbook");
        expect::equal(&what, said, written.as_deref().unwrap_or("none"))?;
    }
    Ok(())
}
