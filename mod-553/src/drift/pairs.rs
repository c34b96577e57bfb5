//! Which columns of both sides belong together, and what is said of those that do not.

use super::decide::{Compared, Found};
use super::error::Error;
use super::input::Data;
use super::measure::Shape;
use super::spec::Spec;
use crate::profile::Kind as ProfileKind;
use arrow::array::Array;
use mod_106::validation::read::{Kind, Unwatched};

/// New columns that are named.
pub(super) const MOST_NEW: usize = 100;

/// A column to compare.
#[derive(Clone, Debug)]
pub(super) struct Pair {
    pub(super) name: String,
    /// Its place among the pairs.
    pub(super) place: usize,
    /// Its place in the reference.
    pub(super) reference: usize,
    /// Its place in the current data.
    pub(super) current: usize,
    pub(super) shape: Shape,
}

/// All columns, sorted out.
pub(super) struct Paired {
    pub(super) pairs: Vec<Pair>,
    pub(super) broken: Vec<Compared>,
    /// Columns that only the current data have.
    pub(super) new: Vec<String>,
    pub(super) notes: Vec<String>,
}

/// A column of one side.
struct Named {
    name: String,
    kind: Kind,
    /// Whether it is known to have no value at all.
    is_void: Option<bool>,
}

/// Sorts out the columns.
pub(super) fn pairs(spec: &Spec, reference: &Data, current: &Data) -> Result<Paired, Error> {
    let (left, right) = (columns(reference), columns(current));
    let mut paired = Paired { pairs: Vec::new(), broken: Vec::new(), new: Vec::new(), notes: Vec::new() };
    refuse_unknown(spec, &left, reference.given())?;
    for (place, column) in left.iter().enumerate() {
        let name = &column.name;
        if spec.exclude.contains(name) || (spec.columns.is_some() && spec.of_column(name).is_none()) {
            continue;
        }
        let mut broken = |kind: String, why: String| {
            paired.broken.push(Compared { column: name.clone(), kind, found: Found::Broken(why) });
        };
        let Some(other) = right.iter().position(|other| other.name == *name) else {
            let why = format!("`{name}` is gone: {} has no such column; look at who wrote it", current.given());
            broken(column.kind.word().to_owned(), why);
            continue;
        };
        let there = &right[other];
        let kinds = [column.kind, there.kind];
        if kinds == [Kind::Timestamp; 2] {
            paired.notes.push(format!("`{name}` was not compared: times always move on"));
            continue;
        }
        let shape = match (shape(column.kind), shape(there.kind)) {
            (Some(one), Some(other)) if one == other => one,
            // A column without a single value is of any type: text formats cannot say otherwise.
            (one, _) if is_void(current, other, there)? => one.unwrap_or(Shape::Categories),
            (_, other) if is_void(reference, place, column)? => other.unwrap_or(Shape::Categories),
            _ => {
                let why = format!(
                    "`{name}` changed its type from {} to {}; look at who wrote {}",
                    column.kind.word(),
                    there.kind.word(),
                    current.given()
                );
                broken(format!("{} → {}", column.kind.word(), there.kind.word()), why);
                continue;
            }
        };
        let next = paired.pairs.len();
        paired.pairs.push(Pair { name: name.clone(), place: next, reference: place, current: other, shape });
    }
    let known =
        |other: &&Named| !left.iter().any(|column| column.name == other.name) && !spec.exclude.contains(&other.name);
    if spec.columns.is_none() {
        paired.new = right.iter().filter(known).take(MOST_NEW).map(|other| other.name.clone()).collect();
    }
    if !paired.new.is_empty() {
        let extra: Vec<String> = paired.new.iter().map(|name| format!("`{name}`")).collect();
        paired.notes.push(format!("the reference has no column {}; not compared", extra.join(", ")));
    }
    Ok(paired)
}

fn refuse_unknown(spec: &Spec, columns: &[Named], given: &str) -> Result<(), Error> {
    let asked = spec.columns.iter().flatten().map(|column| &column.column);
    match asked.into_iter().find(|name| !columns.iter().any(|column| column.name == **name)) {
        None => Ok(()),
        Some(unknown) => {
            let all: Vec<&str> = columns.iter().take(8).map(|column| column.name.as_str()).collect();
            let advice = format!("its columns are {}{}", all.join(", "), if columns.len() > 8 { " …" } else { "" });
            Err(Error::spec(given, format!("the reference has no column `{unknown}`, which `columns` names"), advice))
        }
    }
}

fn shape(kind: Kind) -> Option<Shape> {
    match kind {
        Kind::Integer | Kind::Float => Some(Shape::Numbers),
        Kind::Boolean | Kind::Text => Some(Shape::Categories),
        Kind::Timestamp => None,
    }
}

/// Whether a column has no value at all: looked for in the data only where it decides something.
fn is_void(data: &Data, place: usize, column: &Named) -> Result<bool, Error> {
    match (column.is_void, data) {
        (Some(known), _) => Ok(known),
        (None, Data::Table(table)) if column.kind == Kind::Text => {
            let mut values = 0;
            table.source.scan(&[place], &Unwatched, &mut |arrays| {
                values += arrays.iter().map(|array| array.len() - array.null_count()).sum::<usize>();
                Ok(())
            })?;
            Ok(values == 0)
        }
        _ => Ok(false),
    }
}

fn columns(data: &Data) -> Vec<Named> {
    match data {
        Data::Table(table) => {
            let fields = table.source.fields.iter();
            fields.map(|field| Named { name: field.name.clone(), kind: field.kind, is_void: None }).collect()
        }
        Data::Profile { profile, .. } => profile
            .columns
            .iter()
            .map(|(name, column)| Named {
                name: name.clone(),
                kind: match column.kind {
                    ProfileKind::Numbers => Kind::Float,
                    ProfileKind::Categories => Kind::Text,
                    ProfileKind::Times => Kind::Timestamp,
                },
                is_void: Some(column.nulls == column.rows),
            })
            .collect(),
    }
}
