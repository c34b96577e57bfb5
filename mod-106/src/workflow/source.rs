//! A file's text, its YAML and the places in it. All that may be wrong before a workflow is a workflow is found here.

use super::finding::{Finding, Place};
use super::rules::list;
use serde_json::Value as Json;
use std::path::{Path, PathBuf};
use yamlpath::{Component, Document, Route};

/// GitHub refuses larger ones.
pub const LARGEST_BYTES: u64 = 1024 * 1024;

/// A file that is YAML.
pub struct Source {
    /// As it was named.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// What it says.
    pub yaml: Json,
    text: String,
    document: Option<Document>,
}

impl std::fmt::Debug for Source {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Source").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Source {
    /// Reads a file.
    ///
    /// # Errors
    /// A finding that says what is wrong and where.
    pub fn read(path: &Path, name: &str) -> Result<Self, Box<Finding>> {
        let refused = |line, column, message: String| {
            Box::new(list::MALFORMED.at((name.to_owned(), Place { line, column }), message))
        };
        let cannot = |error: std::io::Error| refused(1, 1, format!("cannot read {}: {error}", path.display()));
        let size = std::fs::metadata(path).map_err(cannot)?.len();
        if size > LARGEST_BYTES {
            let message =
                format!("the file has {size} bytes, GitHub takes at most {LARGEST_BYTES}; split the workflow");
            return Err(refused(1, 1, message));
        }
        let bytes = std::fs::read(path).map_err(cannot)?;
        Self::parse(path, name, bytes)
    }

    /// Reads bytes as if they stood in that file.
    ///
    /// # Errors
    /// A finding that says what is wrong and where.
    pub fn parse(path: &Path, name: &str, bytes: Vec<u8>) -> Result<Self, Box<Finding>> {
        let refused = |line, column, message: String| {
            Box::new(list::MALFORMED.at((name.to_owned(), Place { line, column }), message))
        };
        let text = String::from_utf8(bytes).map_err(|error| {
            let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
            let column = before.len() - before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1) + 1;
            let wide = matches!(error.as_bytes(), [0xff, 0xfe, ..] | [0xfe, 0xff, ..]);
            let found = if wide { "it looks like UTF-16" } else { "these bytes are no UTF-8" };
            refused(line, column, format!("{found}, expected UTF-8; save the file as UTF-8"))
        })?;
        let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
        let yaml: Json = serde_saphyr::from_str(&text).map_err(|error| {
            let plain = error.without_snippet();
            let (line, column) = plain.location().map_or((1, 1), |at| (count(at.line()), count(at.column())));
            let said = plain.to_string();
            let said = said.lines().next().unwrap_or_default();
            refused(line.max(1), column.max(1), format!("this is no YAML: {said}"))
        })?;
        if yaml.is_null() {
            return Err(refused(1, 1, "the file says nothing, expected a workflow with `on` and `jobs`".to_owned()));
        }
        // tree-sitter is stricter in corners; places then fall back to the first line.
        let document = Document::new(text.clone()).ok();
        Ok(Self { name: name.to_owned(), path: path.to_owned(), yaml, text, document })
    }

    /// Where a value stands: its key, or the item of a list; of what is not there, what should hold it.
    pub fn at(&self, route: &[Part<'_>]) -> (String, Place) {
        let place = (0..=route.len()).rev().find_map(|length| self.start(&route[..length]));
        (self.name.clone(), place.unwrap_or(Place { line: 1, column: 1 }))
    }

    /// Where this text stands within a value, or the value itself.
    pub fn within(&self, route: &[Part<'_>], text: &str) -> (String, Place) {
        let found = self.document.as_ref().and_then(|document| {
            let feature = document.query_exact(&components(route)).ok()??;
            let (start, end) = feature.location.byte_span;
            let offset = self.text.get(start..end)?.find(text)?;
            Some(self.place(start + offset))
        });
        found.map_or_else(|| self.at(route), |place| (self.name.clone(), place))
    }

    fn start(&self, route: &[Part<'_>]) -> Option<Place> {
        let document = self.document.as_ref()?;
        let query = components(route);
        let feature = match route.last() {
            Some(Part::Key(_)) => document.query_key_only(&query),
            _ => document.query_pretty(&query),
        };
        Some(self.place(feature.ok()?.location.byte_span.0))
    }

    fn place(&self, offset: usize) -> Place {
        let before = &self.text[..offset.min(self.text.len())];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Place { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1 }
    }
}

fn count(number: u64) -> usize {
    usize::try_from(number).unwrap_or(1)
}

/// A step on the way to a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part<'a> {
    /// The value of a key.
    Key(&'a str),
    /// The item of a list, from 0.
    Index(usize),
}

fn components<'a>(route: &[Part<'a>]) -> Route<'a> {
    let each = route.iter().map(|part| match part {
        Part::Key(key) => Component::from(*key),
        Part::Index(index) => Component::from(*index),
    });
    each.collect::<Vec<_>>().into()
}
