//! A training set: entity rows with the features as they were then, column beside column.
//!
//! Each feature view is joined on its own; nothing here knows about time but `as_of`. Rows come out in the order in which they were
//! asked for, each exactly once, with nulls where nothing was known. (Feast's file-based store drops an entity row whose
//! feature rows are all too old or too new: a training set that silently lacks its hardest cases.) Next: `write.rs`.

use super::as_of::{FeatureRow, Known, Wanted, as_of};
use super::table::{Column, ColumnKind, read_table};
use crate::features::definitions::{Feature, FeatureReference, FeatureView, Repository};
use crate::features::error::Error;
use crate::features::time::{self, Nanoseconds};
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, UInt64Array};
use arrow::compute::take;
use arrow::datatypes::{Field, Schema, TimestampNanosecondType};
use arrow::row::{OwnedRow, RowConverter, Rows, SortField};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What to put together.
#[derive(Debug, Clone)]
pub struct TrainingRequest<'a> {
    /// The entity rows: join keys, a time column, and whatever else (labels) comes along.
    pub entities: &'a Path,
    /// The time column of the entity rows.
    pub timestamp: &'a str,
    /// `view` and `view:feature`.
    pub features: &'a [String],
    /// Whether columns are named `view__feature`.
    pub full_names: bool,
    /// Which rows count as known.
    pub known: Known,
}

/// A training set, and what it was made from.
#[derive(Debug, Clone)]
pub struct TrainingSet {
    /// The rows.
    pub table: RecordBatch,
    /// The feature views that were joined, with the file of each.
    pub sources: Vec<(String, PathBuf)>,
    /// `view:feature` in the order of the columns.
    pub features: Vec<String>,
    /// How many values are null, by column.
    pub missing: Vec<(String, usize)>,
}

/// Joins feature views to entity rows, each row as of its own time.
///
/// # Errors
/// When a name is unknown, a file cannot be read or does not fit, or two columns would have one name.
pub fn training_set(repository: &Repository, request: &TrainingRequest) -> Result<TrainingSet, Error> {
    let references = repository.features(request.features)?;
    if references.is_empty() {
        return Err(Error::malformed("the request", "no features; name a feature service, a view or a view:feature"));
    }
    let views = by_view(&references);
    let entities = read_entities(repository, request, &views)?;
    let at = times(&entities, request.timestamp);
    let mut fields = entities.schema().fields().to_vec();
    let mut columns = entities.columns().to_vec();
    let mut set = TrainingSet {
        table: entities.clone(),
        sources: Vec::new(),
        features: references.iter().map(|it| format!("{}:{}", it.view.name, it.feature.name)).collect(),
        missing: Vec::new(),
    };
    for (view, features) in views {
        let path = repository.resolve(&repository.source_of(view)?.path);
        let rows = read_rows(repository, view, &features)?;
        let found = join(repository, view, &entities, at, &rows, request.known)?;
        let indices: UInt64Array = found.iter().map(|row| row.map(|row| row as u64)).collect();
        for feature in features {
            let name =
                if request.full_names { format!("{}__{}", view.name, feature.name) } else { feature.name.clone() };
            if fields.iter().any(|field| *field.name() == name) {
                let problem =
                    format!("the column {name:?} would be there twice; ask for full names, or rename the other");
                return Err(Error::malformed(request.entities.display(), problem));
            }
            let column = take(column(&rows, &feature.name), &indices, None)
                .map_err(|error| Error::malformed(path.display(), error.to_string()))?;
            set.missing.push((name.clone(), column.null_count()));
            fields.push(Arc::new(Field::new(name, column.data_type().clone(), true)));
            columns.push(column);
        }
        set.sources.push((view.name.clone(), path));
    }
    let table = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns);
    set.table = table.map_err(|error| Error::malformed(request.entities.display(), error.to_string()))?;
    Ok(set)
}

/// The views in the order in which they were first named, each with its features.
fn by_view<'a>(references: &[FeatureReference<'a>]) -> Vec<(&'a FeatureView, Vec<&'a Feature>)> {
    let mut views: Vec<(&FeatureView, Vec<&Feature>)> = Vec::new();
    for FeatureReference { view, feature } in references {
        match views.iter_mut().find(|(known, _)| known.name == view.name) {
            Some((_, features)) => features.push(feature),
            None => views.push((view, vec![feature])),
        }
    }
    views
}

fn read_entities(
    repository: &Repository,
    request: &TrainingRequest,
    views: &[(&FeatureView, Vec<&Feature>)],
) -> Result<RecordBatch, Error> {
    let mut columns = vec![Column { name: request.timestamp, kind: ColumnKind::Time }];
    for (view, _) in views {
        for (name, value_type) in repository.join_keys(view)? {
            if !columns.iter().any(|column| column.name == name) {
                columns.push(Column { name, kind: ColumnKind::Key(value_type) });
            }
        }
    }
    read_table(request.entities, &columns)
}

/// The feature rows of a view: keys, times and the features asked for, with their types.
pub(super) fn read_rows(
    repository: &Repository,
    view: &FeatureView,
    features: &[&Feature],
) -> Result<RecordBatch, Error> {
    let source = repository.source_of(view)?;
    let mut columns: Vec<_> = repository
        .join_keys(view)?
        .into_iter()
        .map(|(name, value_type)| Column { name, kind: ColumnKind::Key(value_type) })
        .collect();
    columns.push(Column { name: &source.timestamp_field, kind: ColumnKind::Time });
    columns.extend(source.created_timestamp_column.iter().map(|name| Column { name, kind: ColumnKind::Time }));
    columns.extend(features.iter().map(|it| Column { name: &it.name, kind: ColumnKind::Value(it.dtype) }));
    read_table(&repository.resolve(&source.path), &columns)
}

fn join(
    repository: &Repository,
    view: &FeatureView,
    entities: &RecordBatch,
    at: &[Nanoseconds],
    rows: &RecordBatch,
    known: Known,
) -> Result<Vec<Option<usize>>, Error> {
    let names: Vec<_> = repository.join_keys(view)?.into_iter().map(|(name, _)| name).collect();
    let (entity_keys, row_keys) = (keys(entities, &names), keys(rows, &names));
    let mut numbers: HashMap<OwnedRow, u32> = HashMap::new();
    let mut wanted = Vec::with_capacity(at.len());
    for (key, at) in entity_keys.iter().zip(at) {
        let next = numbers.len() as u32;
        wanted.push(Wanted { key: *numbers.entry(key.owned()).or_insert(next), at: *at });
    }
    // Rows of entities that nobody asks about are left out before they are sorted.
    let moments = moments(repository, view, rows)?;
    let (mut kept, mut origin) = (Vec::new(), Vec::new());
    for (index, key) in row_keys.iter().enumerate() {
        if let Some(number) = numbers.get(&key.owned()) {
            let (event, created) = moments[index];
            kept.push(FeatureRow { key: *number, event, created });
            origin.push(index);
        }
    }
    refuse_ambiguous(view, rows, &names, &kept, &origin)?;
    let ttl = (!view.ttl.is_zero()).then(|| i64::try_from(view.ttl.as_nanos()).unwrap_or(i64::MAX));
    Ok(as_of(&wanted, &kept, ttl, known).into_iter().map(|row| row.map(|row| origin[row])).collect())
}

/// Event and creation time of each row; without a creation column all were created at the same time.
pub(super) fn moments(
    repository: &Repository,
    view: &FeatureView,
    rows: &RecordBatch,
) -> Result<Vec<(Nanoseconds, Nanoseconds)>, Error> {
    let source = repository.source_of(view)?;
    let events = times(rows, &source.timestamp_field).iter().copied();
    Ok(match &source.created_timestamp_column {
        Some(column) => events.zip(times(rows, column).iter().copied()).collect(),
        None => events.map(|event| (event, Nanoseconds::MIN)).collect(),
    })
}

/// Two rows that nothing tells apart must say the same, or which of them a model sees is left to the sort.
pub(super) fn refuse_ambiguous(
    view: &FeatureView,
    table: &RecordBatch,
    keys: &[&str],
    rows: &[FeatureRow],
    origin: &[usize],
) -> Result<(), Error> {
    let mut sorted: Vec<usize> = (0..rows.len()).collect();
    sorted.sort_unstable_by_key(|index| (rows[*index], *index));
    let text = |name: &str, row: usize| {
        arrow::util::display::array_value_to_string(column(table, name), row).unwrap_or_default()
    };
    for pair in sorted.windows(2) {
        let (first, second) = (origin[pair[0]], origin[pair[1]]);
        let differs = |it: &Feature| {
            let at = |row| table.column_by_name(&it.name).map(|column| column.slice(row, 1));
            at(first) != at(second)
        };
        if rows[pair[0]] == rows[pair[1]] && view.features.iter().any(differs) {
            return Err(Error::Ambiguous {
                view: view.name.clone(),
                key: keys.iter().map(|name| format!("{name}={}", text(name, first))).collect::<Vec<_>>().join(", "),
                event: time::format(rows[pair[0]].event),
                first: first.min(second) + 1,
                second: first.max(second) + 1,
            });
        }
    }
    Ok(())
}

/// The join keys of every row, as bytes that compare and hash like the values.
pub(super) fn keys(table: &RecordBatch, names: &[&str]) -> Rows {
    let columns: Vec<ArrayRef> = names.iter().map(|name| column(table, name).clone()).collect();
    let fields = columns.iter().map(|column| SortField::new(column.data_type().clone())).collect();
    let converter = RowConverter::new(fields).expect("join keys are numbers, text or booleans");
    converter.convert_columns(&columns).expect("the converter was made for these columns")
}

pub(super) fn column<'a>(table: &'a RecordBatch, name: &str) -> &'a ArrayRef {
    table.column_by_name(name).expect("the table was read with this column")
}

pub(super) fn times<'a>(table: &'a RecordBatch, name: &str) -> &'a [Nanoseconds] {
    column(table, name).as_primitive::<TimestampNanosecondType>().values()
}
