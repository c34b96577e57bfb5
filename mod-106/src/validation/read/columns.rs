//! Which columns a data set has. Those of single values are looked at; structs, lists, maps and bytes are named, and passed over.

use super::{Error, Format, Kind, Source, SourceSpec};
use std::collections::HashMap;

/// A column's name and type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The name.
    pub name: String,
    /// The type of its values.
    pub kind: Kind,
}

/// A column that holds no single values: a struct, a list, a map, or bytes. Nothing looks into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nested {
    /// The name.
    pub name: String,
    /// Its place in the file, from 0.
    pub place: usize,
    /// The type, as Arrow writes it.
    pub holds: String,
}

impl Nested {
    /// What a report says of a column that was passed over.
    pub(in crate::validation) fn note(&self, source: &Source) -> String {
        format!(
            "`{}` of {} was not looked at: it holds {}, and only single values are compared",
            self.name, source.given, self.holds
        )
    }
}

/// Where each column of single values is, by its name, which must be its own.
pub(super) fn by_name(spec: &SourceSpec, fields: &[Field], nested: &[Nested]) -> Result<HashMap<String, usize>, Error> {
    let mut names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
    for nested in nested {
        names.insert(nested.place.min(names.len()), &nested.name);
    }
    let mut seen = HashMap::new();
    for (index, name) in names.into_iter().enumerate() {
        if let Some(first) = seen.insert(name, index) {
            let at = if spec.format == Format::Csv { format!("{}:1", spec.path) } else { spec.path.clone() };
            let found = format!("columns {} and {} are both named {name:?}", first + 1, index + 1);
            return Err(Error::data(at, found, "give each column a name of its own"));
        }
    }
    Ok(fields.iter().enumerate().map(|(place, field)| (field.name.clone(), place)).collect())
}
