//! Sections of runbooks: a file of Markdown, a `##` heading for each alert, and below it the first command in a fenced block.

use super::entry::Error;
use crate::slo::file::{self, FileError};
use std::collections::BTreeMap;
use std::path::Path;

/// What a runbook says about one alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// The heading.
    pub title: String,
    /// The first line of its first fenced block.
    pub first_command: Option<String>,
    /// All of it, in Markdown, without the heading.
    pub text: String,
}

/// All sections below a folder, by `FILE#heading` in lower case.
///
/// # Errors
/// A folder or a file that cannot be read.
pub fn sections(folder: &Path) -> Result<BTreeMap<String, Section>, Error> {
    let mut sections = BTreeMap::new();
    for entry in std::fs::read_dir(folder).map_err(FileError::reading(folder))? {
        let path = entry.map_err(FileError::reading(folder))?.path();
        if path.extension().is_none_or(|extension| extension != "md") {
            continue;
        }
        let text = file::text(&path)?;
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        sections.extend(
            split(&text).into_iter().map(|section| (format!("{file}#{}", section.title.to_lowercase()), section)),
        );
    }
    Ok(sections)
}

fn split(text: &str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    let (mut fenced, mut first_in_fence) = (false, false);
    for line in text.lines() {
        let fence = line.starts_with("```");
        if fence {
            (fenced, first_in_fence) = (!fenced, !fenced);
        } else if let Some(title) = line.strip_prefix("## ").filter(|_| !fenced) {
            sections.push(Section { title: title.trim().to_owned(), first_command: None, text: String::new() });
            continue;
        }
        let Some(section) = sections.last_mut() else { continue };
        if fenced && !fence && std::mem::take(&mut first_in_fence) && section.first_command.is_none() {
            section.first_command = Some(line.trim().to_owned());
        }
        section.text.push_str(line);
        section.text.push('\n');
    }
    sections
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn a_heading_inside_a_block_is_no_heading() {
        let sections = split(
            "# Top\n\n## A\n\nwords\n\n```sh\nls -l\n## no heading\n```\n\n```sh\nsecond\n```\n\n## B\nnothing to type\n",
        );
        let found: Vec<_> =
            sections.iter().map(|section| (section.title.as_str(), section.first_command.as_deref())).collect();
        assert_eq!(found, [("A", Some("ls -l")), ("B", None)]);
    }
}
