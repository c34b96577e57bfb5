//! Files to a plan, and a plan's answer to a profile. What runs the plan is the session's business: nothing here knows whether that is
//! this process or a cluster.

use crate::aggregate;
use crate::error::Error;
use crate::profile::{Kind, Profile};
use datafusion::arrow::array::{AsArray, RecordBatch};
use datafusion::arrow::datatypes::Int64Type;
use datafusion::common::Column;
use datafusion::functions_aggregate::count::count_all;
use datafusion::logical_expr::Expr;
use datafusion::prelude::{CsvReadOptions, DataFrame, ParquetReadOptions, SessionContext};
use std::path::PathBuf;

/// A plan whose one row is a profile.
#[derive(Debug)]
pub struct Plan {
    frame: DataFrame,
    /// Of the columns that are looked at, in the plan's order; the count of rows stands before them.
    names: Vec<String>,
    /// Of columns that are neither numbers, categories nor times.
    pub passed_over: Vec<String>,
}

impl Plan {
    /// Of files of one format, Parquet or CSV, which every executor must be able to read under the same paths.
    ///
    /// # Errors
    /// Files that are not there, of two formats, or without a column that can be looked at.
    pub async fn of(session: &SessionContext, files: &[PathBuf]) -> Result<Self, Error> {
        let frame = table(session, files).await?;
        let (mut names, mut passed_over) = (Vec::new(), Vec::new());
        let mut looked: Vec<Expr> = vec![count_all().alias("rows")];
        let function = aggregate::function();
        for field in frame.schema().fields() {
            if Kind::of(field.data_type()).is_none() {
                passed_over.push(field.name().clone());
                continue;
            }
            // By its name as it is: DataFusion would otherwise read `Amount` as `amount`.
            let column = Expr::Column(Column::from_name(field.name()));
            looked.push(function.call(vec![column]).alias(format!("column {}", names.len())));
            names.push(field.name().clone());
        }
        Ok(Self { frame: frame.aggregate(Vec::new(), looked)?, names, passed_over })
    }

    /// The plan in words: the same for the same files, wherever it runs.
    pub fn words(&self) -> String {
        self.frame.logical_plan().display_indent().to_string()
    }

    /// Runs it.
    ///
    /// # Errors
    /// What the plan meets while it runs.
    pub async fn profile(self) -> Result<Profile, Error> {
        let Self { frame, names, .. } = self;
        let batches = frame.collect().await?;
        let row = batches.iter().find(|batch| batch.num_rows() > 0);
        let Some(row) = row else { return Ok(Profile::default()) };
        let rows = row.column(0).as_primitive::<Int64Type>().value(0);
        let columns = names.into_iter().enumerate().map(|(place, name)| Ok((name, sketch(row, place + 1)?)));
        Ok(Profile { rows: rows.unsigned_abs(), columns: columns.collect::<Result<_, Error>>()? })
    }
}

fn sketch(row: &RecordBatch, place: usize) -> Result<crate::profile::ColumnProfile, Error> {
    Ok(aggregate::column(row.column(place).as_string::<i32>().value(0))?)
}

async fn table(session: &SessionContext, files: &[PathBuf]) -> Result<DataFrame, Error> {
    let wrong = |file: &PathBuf, found: String, advice| Error::Data { at: file.display().to_string(), found, advice };
    let (mut paths, mut endings) = (Vec::new(), Vec::new());
    for file in files {
        let path = file.canonicalize();
        let path = path.map_err(|error| wrong(file, error.to_string(), "name a file that you may read"))?;
        endings.push(path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default());
        paths.push(path.to_string_lossy().into_owned());
    }
    let ending = endings.first().cloned().unwrap_or_default();
    if let Some((file, other)) = files.iter().zip(&endings).find(|(_, other)| **other != ending) {
        return Err(wrong(file, format!("ends in .{other}, the others in .{ending}"), "profile files of one format"));
    }
    let read = match ending.as_str() {
        "parquet" => session.read_parquet(paths, ParquetReadOptions::default()).await,
        "csv" => session.read_csv(paths, CsvReadOptions::new()).await,
        _ => return Err(wrong(&files[0], format!("ends in .{ending}"), "name .parquet or .csv")),
    };
    read.map_err(|error| wrong(&files[0], error.to_string(), "is it whole, and do all files have the same columns?"))
}
