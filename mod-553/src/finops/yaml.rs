//! Files that people write, in YAML or JSON (which is YAML): strict, and a mistake is told with its line and column.

use super::error::Error;
use serde::de::DeserializeOwned;
use std::path::Path;

/// Reads a file.
pub(super) fn read<T: DeserializeOwned>(path: &Path) -> Result<T, Error> {
    let text = std::fs::read_to_string(path).map_err(|source| Error::file(path, source))?;
    parse(&path.display().to_string(), &text)
}

/// Reads a text; `place` is what mistakes call it.
pub(super) fn parse<T: DeserializeOwned>(place: &str, text: &str) -> Result<T, Error> {
    serde_saphyr::from_str(text).map_err(|error| {
        let place =
            error.location().map_or_else(|| place.to_owned(), |at| format!("{place}:{}:{}", at.line(), at.column()));
        let said = error.without_snippet().to_string();
        let said = said.split(" at line ").next().unwrap_or_default();
        let said = said.strip_prefix("error: ").unwrap_or(said).lines().next().unwrap_or_default().to_owned();
        Error::malformed(place, said, "what `mod-553 finops --help` and the examples in mod-553/finops/ show")
    })
}
