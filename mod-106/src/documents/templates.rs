//! The minijinja environment that all documents are rendered in. A template's name says how its values are escaped:
//! `….html` as HTML, `….md` as Markdown, everything else not at all (plain text, where nothing is markup).
//!
//! Undefined is an error, never an empty place in a document: a misspelt field must not read like a fact that is absent.

use super::error::Error;
use super::{escape, filters, markdown};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, ValueKind};
use minijinja::{AutoEscape, Environment, Output, State, UndefinedBehavior, Value};
use serde::Serialize;

const PAGE: &str = include_str!("page.html.j2");
const STYLE: &str = include_str!("page.css");
/// The page around a document that came from Markdown.
const DOCUMENT: &str = r#"{% extends "page.html" %}{% block title %}{{ title }}{% endblock %}{% block main %}{{ body|safe }}{% endblock %}"#;

/// Templates by name. `page.html` is there from the start: pages extend it.
#[derive(Debug)]
pub struct Templates {
    environment: Environment<'static>,
}

impl Templates {
    /// The house's environment with these templates, as name and source.
    ///
    /// # Errors
    /// When one does not parse.
    pub fn new<'a>(templates: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, Error> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build();
        environment.set_syntax(syntax.map_err(|error| problem("page.html", &error))?);
        environment.set_auto_escape_callback(|name| match name.rsplit('.').next() {
            Some("html") => AutoEscape::Html,
            Some("md") => AutoEscape::Custom("markdown".into()),
            _ => AutoEscape::None,
        });
        environment.set_formatter(format);
        filters::register(&mut environment);
        environment.add_global("page_style", Value::from_safe_string(STYLE.to_owned()));
        let own = [("page.html", PAGE), ("document.html", DOCUMENT)];
        for (name, source) in own.into_iter().chain(templates) {
            let added = environment.add_template_owned(name.to_owned(), source.to_owned());
            added.map_err(|error| problem(name, &error))?;
        }
        Ok(Self { environment })
    }

    /// Renders a template with data.
    ///
    /// # Errors
    /// When there is no such template, or it asks for what the data does not hold.
    pub fn render(&self, name: &str, data: &impl Serialize) -> Result<String, Error> {
        let template = self.environment.get_template(name).map_err(|error| problem(name, &error))?;
        template.render(Serde(data)).map_err(|error| problem(name, &error))
    }

    /// A whole page from a Markdown document: what both say is the same by construction.
    ///
    /// # Errors
    /// None that a caller could cause.
    pub fn page(&self, title: &str, document: &str) -> Result<String, Error> {
        #[derive(Serialize)]
        struct Page<'a> {
            title: &'a str,
            body: String,
        }
        self.render("document.html", &Page { title, body: markdown::html_from_markdown(document) })
    }
}

/// Values on their way into a document. Absent ones show as a dash.
fn format(out: &mut Output, state: &mut State, value: &Value) -> Result<(), minijinja::Error> {
    let written = match (value.kind(), state.auto_escape()) {
        (ValueKind::None, _) => out.write_str("—"),
        _ if value.is_safe() => out.write_str(value.as_str().unwrap_or_default()),
        (ValueKind::Number | ValueKind::Bool, _) => write!(out, "{value}"),
        (_, AutoEscape::Html) => out.write_str(&escape::html(&value.to_string())),
        (_, AutoEscape::Custom(_)) => out.write_str(&escape::markdown(&value.to_string())),
        _ => out.write_str(&escape::visible(&value.to_string())),
    };
    written.map_err(minijinja::Error::from)
}

fn problem(template: &str, error: &minijinja::Error) -> Error {
    Error::Template { template: template.to_owned(), reason: format!("{error:#}") }
}

#[cfg(test)]
mod tests {
    use super::Templates;
    use serde_json::json;

    const HOSTILE: &str = "<script>alert(1)</script>|`\n# x\u{202e}";

    fn check(name: &str, source: &str, expected: &str) {
        let templates = Templates::new([(name, source)]).unwrap();
        let data = json!({ "name": HOSTILE, "count": -3, "nothing": null, "time": 1_700_000_000_123_i64 });
        let rendered = templates.render(name, &data);
        assert_eq!(rendered.unwrap_or_else(|error| error.to_string()), expected);
    }

    #[test]
    fn the_ending_says_how_values_are_escaped() {
        check("a.html", "{{ name }}", "&lt;script&gt;alert(1)&lt;/script&gt;|`\n# x\u{fffd}");
        check("a.md", "{{ name }}", "\\<script\\>alert(1)\\</script\\>\\|\\` # x\u{fffd}");
        check("a.txt", "{{ name }}", "<script>alert(1)</script>|`\n# x\u{fffd}");
        check("a.md", "{{ count }} {{ nothing }} {{ time|time }}", "-3 — 2023-11-14 22:13:20 UTC");
        check("a.html", "{{ name|code }}", "<code>&lt;script&gt;alert(1)&lt;/script&gt;|`\n# x\u{fffd}</code>");
    }

    #[test]
    fn what_the_data_lacks_is_an_error() {
        let templates = Templates::new([("a.md", "one\n{{ missing }}")]).unwrap();
        let error = templates.render("a.md", &json!({})).unwrap_err().to_string();
        assert!(error.starts_with("template a.md: undefined value") && error.contains("a.md:2"), "{error}");
        assert!(Templates::new([("b.md", "{% if %}")]).is_err());
    }

    #[test]
    fn a_page_stands_alone() {
        let templates = Templates::new([]).unwrap();
        let page = templates.page(HOSTILE, "# A model\n\n| Fact | State |\n|---|---|\n| x | **passed** |\n").unwrap();
        for forbidden in ["<script", "http://", "https://", "@import", "url("] {
            assert!(!page.contains(forbidden), "{forbidden}");
        }
        insta::assert_snapshot!(page.split("</style>").nth(1).unwrap());
    }
}
