//! Adds rows to a source: what `features ingest` and a push to the offline store do. The file is written anew and replaced in one step.
//!
//! Rows are only added. A correction is a new row with the same event time and a later creation time; changing the old one would change
//! training sets that were already reported.

use super::table::{Column, ColumnKind, read_table};
use super::training::read_rows;
use super::write::write_table;
use crate::features::definitions::{FeatureView, Repository};
use crate::features::error::Error;
use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use std::fs::File;
use std::path::Path;

/// Appends the rows of a file to the source of a view; says how many. A source that is not there yet is made.
///
/// # Errors
/// When either file cannot be read or written, or the rows do not fit the view.
pub fn append(repository: &Repository, view: &FeatureView, rows: &Path) -> Result<usize, Error> {
    let source = repository.source_of(view)?;
    let columns = columns(repository, view)?;
    let new = project(&read_table(rows, &columns)?, &columns);
    let path = repository.resolve(&source.path);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|reason| Error::file(folder, reason))?;
    }
    let _alone = lock(&path)?;
    let whole = if path.exists() {
        let old = read_rows(repository, view, &view.features.iter().collect::<Vec<_>>())?;
        refuse_to_lose(&path, &old, &columns)?;
        let old = project(&old, &columns);
        concat_batches(&new.schema(), [&old, &new])
            .map_err(|error| Error::malformed(path.display(), error.to_string()))?
    } else {
        new.clone()
    };
    write_table(&path, &whole)?;
    Ok(new.num_rows())
}

/// Two that read, add and write at once would each lose the other's rows: the second waits. The lock is a file of its own, because
/// the source itself is replaced.
fn lock(path: &Path) -> Result<File, Error> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".lock");
    let beside = Path::new(&beside);
    let file = File::create(beside).map_err(|reason| Error::file(beside, reason))?;
    file.lock().map_err(|reason| Error::file(beside, reason))?;
    Ok(file)
}

fn columns<'a>(repository: &'a Repository, view: &'a FeatureView) -> Result<Vec<Column<'a>>, Error> {
    let source = repository.source_of(view)?;
    let keys = repository.join_keys(view)?.into_iter();
    let mut columns: Vec<_> =
        keys.map(|(name, value_type)| Column { name, kind: ColumnKind::Key(value_type) }).collect();
    columns.push(Column { name: &source.timestamp_field, kind: ColumnKind::Time });
    columns.extend(source.created_timestamp_column.iter().map(|name| Column { name, kind: ColumnKind::Time }));
    columns.extend(view.features.iter().map(|it| Column { name: &it.name, kind: ColumnKind::Value(it.dtype) }));
    Ok(columns)
}

/// A file that several views share holds columns of each; rows of one view alone would leave holes in the others.
fn refuse_to_lose(path: &Path, old: &RecordBatch, columns: &[Column]) -> Result<(), Error> {
    let schema = old.schema();
    let other = schema.fields().iter().find(|field| !columns.iter().any(|column| column.name == field.name()));
    let Some(other) = other else { return Ok(()) };
    let problem = format!(
        "has the column {:?}, which this feature view does not know; add rows with your own tool",
        other.name()
    );
    Err(Error::malformed(path.display(), problem))
}

/// Only the columns of the view, in its order.
fn project(table: &RecordBatch, columns: &[Column]) -> RecordBatch {
    let index = |column: &Column| table.schema().index_of(column.name).ok();
    let indices: Vec<_> = columns.iter().filter_map(index).collect();
    table.project(&indices).expect("the table was read with these columns")
}
