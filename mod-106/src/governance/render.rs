//! Facts become Markdown, and Markdown becomes the page. JSON is the facts themselves, so that a program reads what people read.

use super::approval::ApprovalRecord;
use super::card::Card;
use super::error::Error;
use super::message::{Message, MessageKind};
use super::resolve::Compliance;
use super::trail::TrailFacts;
use crate::documents::{self, Templates};
use serde::Serialize;
use std::path::Path;

const TEMPLATES: [(&str, &str); 8] = [
    ("parts.md", include_str!("templates/parts.md.j2")),
    ("card.md", include_str!("templates/card.md.j2")),
    ("compliance.md", include_str!("templates/compliance.md.j2")),
    ("record.md", include_str!("templates/record.md.j2")),
    ("trail.md", include_str!("templates/trail.md.j2")),
    ("release.md", include_str!("templates/message-release.md.j2")),
    ("incident.md", include_str!("templates/message-incident.md.j2")),
    ("deprecation.md", include_str!("templates/message-deprecation.md.j2")),
];

/// A document in its three forms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The files' name without its ending, such as `model-card`.
    pub name: String,
    /// For people, in a repository.
    pub markdown: String,
    /// For people, in a browser.
    pub html: String,
    /// For programs.
    pub json: String,
}

impl Document {
    /// Writes `NAME.md`, `NAME.html` and `NAME.json` into a folder: all of them, or none.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), Error> {
        let forms = [("md", &self.markdown), ("html", &self.html), ("json", &self.json)];
        let path = |ending: &str| folder.join(format!("{}.{ending}", self.name));
        let files: Vec<_> = forms.map(|(ending, text)| (path(ending), text.clone().into_bytes())).into();
        Ok(documents::write_all(&files)?)
    }
}

/// The model card.
///
/// # Errors
/// Only if a template is wrong, as of all below.
pub fn card(card: &Card) -> Result<Document, Error> {
    document("model-card", "card.md", &format!("Model card: {} {}", card.model, card.version), card, card)
}

/// The compliance report.
///
/// # Errors
/// As [`card`].
pub fn compliance(report: &Compliance) -> Result<Document, Error> {
    let title = format!("{}: {} {}", report.title, report.model, report.version);
    document("compliance-report", "compliance.md", &title, report, report)
}

/// The approval record.
///
/// # Errors
/// As [`card`].
pub fn record(record: &ApprovalRecord) -> Result<Document, Error> {
    #[derive(Serialize)]
    struct View<'a> {
        #[serde(flatten)]
        facts: &'a ApprovalRecord,
        record: &'a ApprovalRecord,
    }
    let title = format!("Approval record: {} {}", record.model, record.version);
    document("approval-record", "record.md", &title, &View { facts: record, record }, record)
}

/// A message.
///
/// # Errors
/// As [`card`].
pub fn message(message: &Message) -> Result<Document, Error> {
    let name = match message.kind {
        MessageKind::Release => "release",
        MessageKind::Incident => "incident",
        MessageKind::Deprecation => "deprecation",
    };
    document(name, &format!("{name}.md"), &message.subject, message, message)
}

/// The audit trail as a page; with a subject, only what is about it.
///
/// # Errors
/// As [`card`].
pub fn trail_page(trail: &TrailFacts, subject: Option<&str>) -> Result<Document, Error> {
    #[derive(Serialize)]
    struct View<'a> {
        #[serde(flatten)]
        facts: TrailFacts,
        /// Of the whole trail: a subject's entries are a part of it.
        sound: usize,
        subject: Option<&'a str>,
    }
    let mut facts = trail.clone();
    if let Some(subject) = subject {
        facts.entries = trail.about(subject).into_iter().cloned().collect();
    }
    let view = View { facts, sound: trail.entries.len(), subject };
    document("audit-trail", "trail.md", "Audit trail", &view, &view)
}

fn document(
    name: &str,
    template: &str,
    title: &str,
    view: &impl Serialize,
    facts: &impl Serialize,
) -> Result<Document, Error> {
    let templates = Templates::new(TEMPLATES)?;
    let markdown = tidied(&templates.render(template, view)?);
    let html = templates.page(title, &markdown)?;
    // Strings, numbers and lists: nothing in them that JSON cannot say.
    let json = serde_json::to_string_pretty(facts).unwrap_or_default() + "\n";
    Ok(Document { name: name.to_owned(), markdown, html, json })
}

/// Single empty lines between blocks, none at either end.
fn tidied(markdown: &str) -> String {
    let mut tidy = String::with_capacity(markdown.len());
    for line in markdown.lines().map(str::trim_end) {
        if !(line.is_empty() && (tidy.is_empty() || tidy.ends_with("\n\n"))) {
            tidy.push_str(line);
            tidy.push('\n');
        }
    }
    tidy.truncate(tidy.trim_end().len());
    tidy + "\n"
}
