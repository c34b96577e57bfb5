//! Labels that came to be known later, read as strictly as the log.

use super::read::Error;
use super::record::Label;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

/// All labels of a file of JSON Lines, in its order.
///
/// # Errors
/// The first line that is not a label.
pub fn read_labels(path: &Path) -> Result<Vec<Label>, Error> {
    let unreadable = |source| Error::Unreadable { path: path.to_owned(), source };
    let file = File::open(path).map_err(unreadable)?;
    let mut labels = Vec::new();
    for (index, line) in BufReader::new(file).lines().enumerate() {
        let line = line.map_err(unreadable)?;
        if line.trim().is_empty() {
            continue;
        }
        let malformed = |source| Error::NotALabel { path: path.to_owned(), line: index as u64 + 1, source };
        labels.push(serde_json::from_str(&line).map_err(malformed)?);
    }
    Ok(labels)
}
