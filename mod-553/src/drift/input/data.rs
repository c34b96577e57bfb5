//! The opened data: a table that is scanned by columns, or a profile. An inference log is written as Parquet first, beside what was
//! fetched, since its columns are read one by one.

use super::fetch::Fetched;
use crate::drift::error::Error;
use crate::drift::spec::Format;
use crate::{inference_log, profile};
use mod_106::validation::read::{self, Source, Watch};
use mod_106::validation::spec::{Encoding, SourceSpec};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// One side of a comparison.
#[derive(Debug)]
pub enum Data {
    /// Rows and columns.
    Table(Box<Table>),
    /// A profile of such.
    Profile {
        /// As it was given.
        given: String,
        /// What it says.
        profile: profile::Profile,
    },
}

/// Rows and columns.
#[derive(Debug)]
pub struct Table {
    /// As it was given.
    pub given: String,
    /// How it is written.
    pub format: &'static str,
    /// What is read.
    pub source: Source,
    /// What goes when this goes.
    _kept: Vec<TempDir>,
}

impl Data {
    /// Opens what was fetched.
    ///
    /// # Errors
    /// The file and the place where it is not what it should be.
    pub fn open(fetched: Fetched, watch: &dyn Watch) -> Result<Self, Error> {
        let Fetched { given, path, format, types, folder } = fetched;
        let mut kept: Vec<TempDir> = folder.into_iter().collect();
        let (path, read_as, word) = match format {
            Format::Profile => {
                let profile = profile::read(&path)?;
                return Ok(Self::Profile { given, profile });
            }
            Format::Log => {
                let written = as_parquet(&path)?;
                let path = written.1;
                kept.push(written.0);
                (path, read::Format::Parquet, "log")
            }
            Format::Csv => (path, read::Format::Csv, "csv"),
            Format::Parquet => (path, read::Format::Parquet, "parquet"),
            Format::Arrow => (path, read::Format::Arrow, "arrow"),
            Format::Jsonl => (path, read::Format::Jsonl, "jsonl"),
        };
        let spec = SourceSpec {
            delimiter: if path.extension().is_some_and(|it| it == "tsv") { b'\t' } else { b',' },
            path: path.display().to_string(),
            format: read_as,
            null_values: vec![String::new()],
            encoding: Encoding::default(),
            types,
        };
        let source = Source::open(&spec, Path::new(""), watch)?;
        Ok(Self::Table(Box::new(Table { given, format: word, source, _kept: kept })))
    }

    /// As it was given.
    pub fn given(&self) -> &str {
        match self {
            Self::Table(table) => &table.given,
            Self::Profile { given, .. } => given,
        }
    }

    /// How it is written.
    pub fn format(&self) -> &'static str {
        match self {
            Self::Table(table) => table.format,
            Self::Profile { .. } => "profile",
        }
    }

    /// How many rows it has.
    pub fn rows(&self) -> u64 {
        match self {
            Self::Table(table) => table.source.rows,
            Self::Profile { profile, .. } => profile.rows,
        }
    }
}

fn as_parquet(log: &Path) -> Result<(TempDir, PathBuf), Error> {
    let folder = tempfile::Builder::new().prefix("drift-").tempdir();
    let folder = folder.map_err(|source| inference_log::Error::Unreadable { path: log.to_owned(), source })?;
    let path = folder.path().join("log.parquet");
    inference_log::to_parquet(&[log.to_owned()], &path)?;
    Ok((folder, path))
}
