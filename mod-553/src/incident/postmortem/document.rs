//! The document: Markdown for the repository, the same as a page for browsers.

use super::super::Error;
use super::actions::Checked;
use super::facts::Facts;
use mod_106::documents::Templates;
use serde::Serialize;

/// Both forms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// For people, in a repository.
    pub markdown: String,
    /// For people, in a browser.
    pub html: String,
}

#[derive(Serialize)]
struct View<'a> {
    facts: &'a Facts,
    actions: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    title: &'a str,
    owner: &'a str,
    due: String,
    standing: &'static str,
    found: &'a str,
}

/// The postmortem of these facts.
///
/// # Errors
/// Only when the template is wrong.
pub fn document(facts: &Facts, actions: &[Checked]) -> Result<Document, Error> {
    let failed = |error: mod_106::documents::Error| Error::Refused(error.to_string());
    let templates = Templates::new([("postmortem.md", include_str!("postmortem.md.j2"))]).map_err(failed)?;
    let view = View { facts, actions: actions.iter().map(row).collect() };
    let markdown = templates.render("postmortem.md", &view).map_err(failed)?;
    let html = templates.page(&format!("Postmortem: {}", facts.title), &markdown).map_err(failed)?;
    Ok(Document { markdown, html })
}

fn row(checked: &Checked) -> Row<'_> {
    Row {
        title: &checked.action.title,
        owner: &checked.action.owner,
        due: checked.action.due.to_string(),
        standing: checked.standing.word(),
        found: &checked.found,
    }
}
