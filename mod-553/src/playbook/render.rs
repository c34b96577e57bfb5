//! The playbook as one page: a table of all alerts, then each with what its runbook says.

use super::entry::{Entry, Error};
use super::runbooks::Section;
use mod_106::documents::{Templates, html, html_from_markdown};
use std::collections::BTreeMap;
use std::fmt::Write;

const PAGE: &str = r#"{% extends "page.html" %}{% block title %}{{ title }}{% endblock %}{% block main %}{{ body|safe }}{% endblock %}"#;

/// The page.
///
/// # Errors
/// None that a caller could cause.
pub fn page(entries: &[Entry], runbook_base: &str, sections: &BTreeMap<String, Section>) -> Result<String, Error> {
    let mut body =
        String::from("<h1>Alert playbook</h1>\n<p>What each alert says, who minds, and what to type first.</p>\n");
    body.push_str(
        "<table><thead><tr><th>Alert</th><th>Severity</th><th>Owner</th><th>What it says</th></tr></thead><tbody>\n",
    );
    // Writing to a string cannot fail.
    for entry in entries {
        let Entry { name, severity, owner, summary, .. } = entry;
        let [name, severity, owner, summary] = [name, severity, owner, summary].map(|text| html(text));
        let _ = writeln!(
            body,
            "<tr><td><a href=\"#{name}\">{name}</a></td><td>{severity}</td><td>{owner}</td><td>{summary}</td></tr>"
        );
    }
    body.push_str("</tbody></table>\n");
    for entry in entries {
        let name = html(&entry.name);
        let _ = writeln!(
            body,
            "<h2 id=\"{name}\">{name}</h2>\n<p><strong>{}</strong> · {} · {}</p>\n<pre><code>{}</code></pre>",
            html(&entry.severity),
            html(&entry.owner),
            html(&entry.service),
            html(&entry.first_command)
        );
        let link = entry.runbook_url.strip_prefix(runbook_base).unwrap_or_default();
        let text = sections.get(link).map_or("It has no runbook.", |section| section.text.as_str());
        body.push_str(&html_from_markdown(text));
        let _ = writeln!(
            body,
            "<details><summary>When it holds</summary><pre><code>{}</code></pre></details>",
            html(&entry.expr)
        );
    }
    let templates = Templates::new([("playbook.html", PAGE)])?;
    Ok(templates.render("playbook.html", &serde_json::json!({ "title": "Alert playbook", "body": body }))?)
}
