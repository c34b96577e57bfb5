//! Fills the online store: rows that are pushed, and rows that are pulled out of the offline store (materialisation).

use super::State;
use super::answer::fit;
use super::problem::Problem;
use crate::features::definitions::{FeatureView, Repository};
use crate::features::error::Error;
use crate::features::offline::{self, LatestRow};
use crate::features::online::OnlineStore;
use crate::features::time::{self, Nanoseconds};
use crate::features::wire::{PushRequest, PushTarget};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Write;

/// What was materialised of one view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Span {
    /// The view.
    pub feature_view: String,
    /// From when, as RFC 3339.
    pub start: String,
    /// Until when, as RFC 3339.
    pub end: String,
    /// Rows that were written; older ones than the store holds are not.
    pub rows: u64,
}

/// Copies the newest row of each entity into the online store. Without `start` each view goes on where it ended the last time; the
/// first time it goes back as far as its values may be used.
///
/// # Errors
/// When a view is unknown, a source cannot be read, or the store refuses. Views before that one are done.
pub async fn materialize(
    repository: &Repository,
    online: &OnlineStore,
    views: Option<&[String]>,
    start: Option<Nanoseconds>,
    end: Nanoseconds,
) -> Result<Vec<Span>, Error> {
    let views: Vec<&FeatureView> = match views {
        Some(names) => names.iter().map(|name| repository.view(name)).collect::<Result<_, _>>()?,
        None => repository.feature_views.iter().filter(|view| view.online).collect(),
    };
    let mut spans = Vec::new();
    for view in views {
        let start = match start {
            Some(start) => start,
            None => online.materialized_until(&view.name).await?.unwrap_or_else(|| first_start(view, end)),
        };
        // A file that nobody has written yet holds no rows.
        let path = repository.resolve(&repository.source_of(view)?.path);
        let rows = if path.exists() { offline::latest(repository, view, start, end)? } else { Vec::new() };
        let rows = online.write(&view.name, &rows).await?;
        online.note_materialized(&view.name, end).await?;
        let (start, end) = (time::format(start), time::format(end));
        spans.push(Span { feature_view: view.name.clone(), start, end, rows });
    }
    Ok(spans)
}

fn first_start(view: &FeatureView, end: Nanoseconds) -> Nanoseconds {
    let ttl = i64::try_from(view.ttl.as_nanos()).unwrap_or(i64::MAX);
    if ttl == 0 { Nanoseconds::MIN } else { end.saturating_sub(ttl) }
}

/// Takes pushed rows in.
pub(super) async fn push(state: &State, request: PushRequest) -> Result<(), Problem> {
    let repository = &state.repository;
    let views = repository.views_of_push_source(&request.push_source_name)?;
    let mut parsed = Vec::with_capacity(views.len());
    for view in &views {
        parsed.push(rows(repository, view, &request.df)?);
    }
    // Everything was read before anything is written: a push is taken whole or not at all.
    if request.to != PushTarget::Online {
        let _alone = state.offline.lock().await;
        for (view, rows) in views.iter().zip(&parsed) {
            append(repository, view, rows)?;
        }
    }
    if request.to != PushTarget::Offline {
        for (view, rows) in views.iter().zip(&parsed) {
            state.online.write(&view.name, rows).await?;
        }
    }
    Ok(())
}

fn rows(
    repository: &Repository,
    view: &FeatureView,
    df: &BTreeMap<String, Vec<Value>>,
) -> Result<Vec<LatestRow>, Problem> {
    let source = repository.source_of(view)?;
    let column = |name: &str| {
        let found = df.get(name).map(Vec::as_slice);
        found.ok_or_else(|| Problem::unprocessable(format!("{} needs the column {name}", view.name)))
    };
    let events = column(&source.timestamp_field)?;
    if df.values().any(|values| values.len() != events.len()) {
        return Err(Problem::unprocessable("the columns have different lengths; give one value for each row"));
    }
    let created = source.created_timestamp_column.as_deref().map(column).transpose()?;
    let moment = |name: &str, value: &Value| {
        let text = value.as_str().ok_or_else(|| Problem::unprocessable(format!("{name}: {value} is no time")))?;
        time::parse(text).map_err(|problem| Problem::unprocessable(format!("{name}: {problem}")))
    };
    let mut rows = Vec::with_capacity(events.len());
    for (index, event) in events.iter().enumerate() {
        let mut key = Vec::new();
        for (name, value_type) in repository.join_keys(view)? {
            let value = fit(name, &column(name)?[index], value_type)?;
            if value.is_null() {
                return Err(Problem::unprocessable(format!("{name}: row {} has no value", index + 1)));
            }
            key.push(value);
        }
        let mut values = serde_json::Map::new();
        for feature in &view.features {
            values.insert(feature.name.clone(), fit(&feature.name, &column(&feature.name)?[index], feature.dtype)?);
        }
        let event = moment(&source.timestamp_field, event)?;
        let created = created.map(|created| moment("the creation time", &created[index])).transpose()?;
        rows.push(LatestRow { key, values, event, created: created.unwrap_or(Nanoseconds::MIN) });
    }
    Ok(rows)
}

/// Adds pushed rows to the source by way of a CSV file, which is also how people add theirs.
fn append(repository: &Repository, view: &FeatureView, rows: &[LatestRow]) -> Result<(), Error> {
    let source = repository.source_of(view)?;
    let folder = tempfile::tempdir().map_err(|reason| Error::file(&std::env::temp_dir(), reason))?;
    let path = folder.path().join("pushed.csv");
    let keys = repository.join_keys(view)?;
    let mut header: Vec<&str> = keys.iter().map(|(name, _)| *name).collect();
    header.push(&source.timestamp_field);
    header.extend(source.created_timestamp_column.as_deref());
    header.extend(view.features.iter().map(|feature| feature.name.as_str()));
    let mut text: Vec<u8> = Vec::new();
    let mut line = |cells: Vec<String>| writeln!(text, "{}", cells.join(","));
    let written = line(header.iter().map(|name| quoted(&Value::from(*name))).collect()).and_then(|()| {
        rows.iter().try_for_each(|row| {
            let mut cells: Vec<_> = row.key.iter().map(quoted).collect();
            cells.push(time::format(row.event));
            cells.extend(source.created_timestamp_column.iter().map(|_| time::format(row.created)));
            cells.extend(view.features.iter().map(|feature| quoted(&row.values[&feature.name])));
            line(cells)
        })
    });
    written.and_then(|()| std::fs::write(&path, &text)).map_err(|reason| Error::file(&path, reason))?;
    offline::append(repository, view, &path).map(drop)
}

/// A CSV field (RFC 4180); nothing is an empty field.
fn quoted(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => format!("\"{}\"", text.replace('"', "\"\"")),
        other => other.to_string(),
    }
}
