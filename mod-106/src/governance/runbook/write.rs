//! Generates a runbook from what the registry holds: the model, the versions in question, who answers for it. Names stand in the
//! block of variables as TOML strings, never in a command.

use super::super::card::version_link;
use super::super::dossier::{Dossier, REPORT};
use super::super::error::Error;
use super::super::render::Document;
use super::super::stated::stated;
use crate::documents::{self, Templates};
use serde::Serialize;

const TEMPLATES: [(&str, &str); 5] = [
    ("deploy.md", include_str!("../templates/runbook-deploy.md.j2")),
    ("rollback.md", include_str!("../templates/runbook-rollback.md.j2")),
    ("rotate.md", include_str!("../templates/runbook-rotate.md.j2")),
    ("restore.md", include_str!("../templates/runbook-restore.md.j2")),
    ("drift.md", include_str!("../templates/runbook-drift.md.j2")),
];

/// Which procedure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Bring a version into production.
    Deploy,
    /// Take it out again.
    Rollback,
    /// Give an account another password.
    Rotate,
    /// Put a file back that is not what it was.
    Restore,
    /// Answer drift.
    Drift,
}

impl Kind {
    /// Its name, which is also its file's.
    pub fn word(self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::Rollback => "rollback",
            Self::Rotate => "rotate",
            Self::Restore => "restore",
            Self::Drift => "drift",
        }
    }
}

#[derive(Serialize)]
struct View {
    model: String,
    version: String,
    link: String,
    owner: Option<String>,
    contact: Option<String>,
    champion: Option<String>,
    previous: Option<String>,
    variables: String,
    names: Vec<&'static str>,
}

/// Generates a runbook.
///
/// # Errors
/// When a template is wrong.
pub fn write(kind: Kind, dossier: &Dossier) -> Result<Document, Error> {
    let facts = stated(dossier);
    let fact = |key: &str| facts.iter().find(|fact| fact.key == key).and_then(|fact| fact.value.clone());
    let variables = variables(kind, dossier);
    let alias = |alias: &str| dossier.alias(alias).map(|version| version.to_string());
    let view = View {
        model: dossier.model.name.to_string(),
        version: dossier.version.version.to_string(),
        link: version_link(dossier),
        owner: fact("owner"),
        contact: fact("contact"),
        champion: alias("champion"),
        previous: alias("previous-champion"),
        names: variables.iter().filter(|(_, value)| value.is_empty()).map(|(name, _)| *name).collect(),
        variables: block(&variables),
    };
    let templates = Templates::new(TEMPLATES)?;
    let markdown = templates.render(&format!("{}.md", kind.word()), &view)?;
    let html = templates.page(&format!("Runbook: {} {}", kind.word(), view.model), &markdown)?;
    let json = serde_json::to_string_pretty(&serde_json::json!({
        "runbook": kind.word(), "model": view.model, "version": view.version, "variables": variables.into_iter().collect::<std::collections::BTreeMap<_, _>>(),
    }));
    Ok(Document { name: kind.word().to_owned(), markdown, html, json: json.unwrap_or_default() + "\n" })
}

/// What the procedure needs to know; what only whoever runs it can say is empty.
fn variables(kind: Kind, dossier: &Dossier) -> Vec<(&'static str, String)> {
    let model = ("MODEL", dossier.model.name.to_string());
    let version = ("VERSION", dossier.version.version.to_string());
    let given = |name: &'static str| (name, String::new());
    match kind {
        Kind::Deploy => vec![model, version, given("OBSERVATIONS"), given("OUT"), ("TRAIL", "audit.jsonl".to_owned())],
        Kind::Rollback => vec![model, version, given("REASON"), given("OUT"), ("TRAIL", "audit.jsonl".to_owned())],
        Kind::Rotate => vec![given("ACCOUNT"), given("OLD_PASSWORD_FILE"), given("NEW_PASSWORD_FILE")],
        Kind::Restore => {
            let run = dossier.run.as_ref().map_or_else(String::new, |run| run.info.run_id.to_string());
            let digest = dossier.tag("validation.report_digest").unwrap_or_default().to_owned();
            vec![("ARTIFACT", REPORT.to_owned()), given("COPY"), ("DIGEST", digest), ("RUN", run)]
        }
        Kind::Drift => vec![
            model,
            version,
            given("REFERENCE"),
            given("CURRENT"),
            given("OUT"),
            ("TRAIL", "audit.jsonl".to_owned()),
        ],
    }
}

/// JSON's strings are TOML's basic strings; what could hide or reorder the rest of a line is written as its number.
fn block(variables: &[(&'static str, String)]) -> String {
    let mut block = String::new();
    for (name, value) in variables {
        let quoted = serde_json::to_string(value).unwrap_or_default();
        block += &format!("{name} = ");
        for character in quoted.chars() {
            if documents::is_hidden(character) {
                block += &format!("\\u{:04x}", u32::from(character));
            } else {
                block.push(character);
            }
        }
        block.push('\n');
    }
    block
}
