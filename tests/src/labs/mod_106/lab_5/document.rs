//! What a command wrote into a folder: data, Markdown and a page. A check reads the last two as a person does, without markup.

use crate::{
    check::Fault,
    context::{Call, Context},
    expect,
    submission::CommandOutput,
};
use regex::Regex;
use serde_json::Value;
use std::path::Path;

/// A document in its three forms.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) json: Value,
    pub(super) markdown: String,
    pub(super) html: String,
}

/// Runs a command with these arguments and an empty folder to write into; its exit code must be this.
pub(super) async fn document(
    ctx: &Context,
    command: &str,
    name: &str,
    arguments: &[&str],
    exit: i32,
) -> Result<Document, Fault> {
    let folder = ctx.scratch()?;
    let output = write(ctx, command, arguments, &folder).await?;
    expect::exit(&output, &format!("{command} {}", arguments.join(" ")), exit)?;
    Document::read(&folder, name)
}

/// Runs a command that writes into a folder.
pub(super) async fn write(
    ctx: &Context,
    command: &str,
    arguments: &[&str],
    folder: &Path,
) -> Result<CommandOutput, Fault> {
    let folder = folder.display().to_string();
    ctx.call(Call::of(command, &[arguments, &["--out", &folder]].concat())).await
}

impl Document {
    /// The files `NAME.json`, `NAME.md` and `NAME.html`.
    pub(super) fn read(folder: &Path, name: &str) -> Result<Self, Fault> {
        let file = |ending: &str| {
            let path = folder.join(format!("{name}.{ending}"));
            std::fs::read_to_string(&path).map_err(|error| {
                Fault::failed(format!("the file {name}.{ending}"), "a document in UTF-8", error.to_string())
            })
        };
        let json = file("json")?;
        let json = serde_json::from_str(&json)
            .map_err(|error| Fault::failed(format!("the file {name}.json"), "JSON", error.to_string()))?;
        Ok(Self { json, markdown: file("md")?, html: file("html")? })
    }

    /// Both texts, as a person reads them.
    pub(super) fn texts(&self) -> [(&'static str, String); 2] {
        [("the Markdown", plain(&self.markdown, false)), ("the page", plain(&self.html, true))]
    }

    /// Both texts must show this.
    pub(super) fn shows(&self, what: &str, value: &str) -> Result<(), Fault> {
        let wanted = squeezed(value);
        for (form, text) in self.texts() {
            expect::holds(&format!("{what} in {form}"), text.contains(&wanted), &format!("{wanted:?}"), nearby(&text))?;
        }
        Ok(())
    }

    /// Neither text may show this.
    pub(super) fn hides(&self, what: &str, value: &str) -> Result<(), Fault> {
        for (form, text) in self.texts() {
            expect::holds(
                &format!("{what} in {form}"),
                !text.contains(value),
                &format!("no {value:?}"),
                "it is there",
            )?;
        }
        Ok(())
    }

    /// The entry of a list whose `key` says this.
    pub(super) fn entry<'a>(&'a self, pointer: &str, key: &str, value: &str) -> Result<&'a Value, Fault> {
        let entries = expect::list(&self.json, pointer);
        let found = entries.iter().find(|entry| entry.get(key).and_then(Value::as_str) == Some(value));
        found.ok_or_else(|| {
            let seen: Vec<_> = entries.iter().filter_map(|entry| entry.get(key)).map(Value::to_string).collect();
            Fault::failed(
                format!("`{pointer}` of the data"),
                format!("an entry whose {key} is {value:?}"),
                seen.join(", "),
            )
        })
    }
}

/// Text without markup: tags and entities of HTML, or escapes of Markdown.
pub(super) fn plain(text: &str, html: bool) -> String {
    let replaced = |text: &str, pattern: &str, with: &str| match Regex::new(pattern) {
        Ok(pattern) => pattern.replace_all(text, with).into_owned(),
        Err(_) => text.to_owned(),
    };
    let text = if html {
        replaced(&replaced(text, r"(?s)<style.*?</style>", " "), r"<[^>]*>", " ")
    } else {
        replaced(text, r"\\([!-/:-@\[-`{-~])", "$1")
    };
    let mut text = text;
    for (entity, character) in [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&#x27;", "'"),
        ("&#x2F;", "/"),
        ("&amp;", "&"),
    ] {
        text = text.replace(entity, character);
    }
    squeezed(&text)
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn nearby(text: &str) -> String {
    text.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn texts_are_read_without_their_markup() {
        assert_eq!(plain("# a\\_b \\<i\\> `x`", false), "# a_b <i> `x`");
        assert_eq!(plain("<style>p { x }</style><p title=\"q\">a &lt;b&gt;\n &amp;lt;</p>", true), "a <b> &lt;");
    }
}
