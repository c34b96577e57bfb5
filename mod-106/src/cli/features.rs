//! `mod-106 features`: online features, pushes, materialisation, training sets, an embedded feature server, and what a registry holds.

use super::connection::{Connection, pair};
use super::output::Output;
use crate::client::RunId;
use crate::features::client::FeatureClient;
use crate::features::definitions::Repository;
use crate::features::offline::{self, Known, TrainingRequest};
use crate::features::online::OnlineStore;
use crate::features::server::{self, Settings};
use crate::features::wire::{
    MaterializeIncrementalRequest, MaterializeRequest, OnlineRequest, PushRequest, PushTarget,
};
use crate::features::{Error, lineage, time};
use clap::Subcommand;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// `mod-106 features …`
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Ask a feature server for the newest values
    Get(Get),
    /// Push rows of a JSON file (columns: lists) through a push source
    Push(Push),
    /// Copy the newest values from the offline to the online store
    Materialize(Materialize),
    /// Add rows of a CSV or Parquet file to the source of a feature view
    Ingest(Ingest),
    /// Put a training set together: each entity row with the features as they were then
    Join(Join),
    /// Start a feature server
    Serve(Serve),
    /// Show what a registry defines
    Registry(Registry),
}

/// Where the feature server is.
#[derive(Debug, clap::Args)]
struct Server {
    /// The feature server, such as http://127.0.0.1:6566
    #[arg(long, value_name = "URL", env = "FEATURE_SERVER_URL")]
    server: String,
}

/// Which features.
#[derive(Debug, clap::Args)]
struct Chosen {
    /// A feature, as view:feature, or for a training set a whole view; may be repeated
    #[arg(
        long = "feature",
        value_name = "VIEW:FEATURE",
        required_unless_present = "service",
        conflicts_with = "service"
    )]
    features: Vec<String>,
    /// A feature service
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    /// Name features view__feature
    #[arg(long)]
    full_names: bool,
}

#[derive(Debug, clap::Args)]
struct Get {
    #[command(flatten)]
    server: Server,
    /// A join key's value; may be repeated, for several keys or several entities
    #[arg(long = "entity", value_name = "KEY=VALUE", value_parser = pair, required = true)]
    entities: Vec<(String, String)>,
    #[command(flatten)]
    chosen: Chosen,
}

#[derive(Debug, clap::Args)]
struct Push {
    #[command(flatten)]
    server: Server,
    /// The push source
    source: String,
    /// A JSON object of columns, each a list: {"customer_id": [7], "event_timestamp": ["2026-03-01T09:30:00Z"], …}
    rows: PathBuf,
    /// Where to
    #[arg(long, value_enum, default_value_t)]
    to: PushTarget,
}

#[derive(Debug, clap::Args)]
struct Materialize {
    /// The feature server; without it --repository says whose files to read and write
    #[arg(long, value_name = "URL", env = "FEATURE_SERVER_URL", required_unless_present = "repository")]
    server: Option<String>,
    /// A feature repository's file
    #[arg(long, value_name = "FILE", conflicts_with = "server")]
    repository: Option<PathBuf>,
    /// From when; without it each view goes on where it ended
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    start: Option<i64>,
    /// Until when, such as 2026-03-01T09:30:00Z; now, if not given
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    end: Option<i64>,
    /// Only this view; may be repeated
    #[arg(long = "view", value_name = "NAME")]
    views: Vec<String>,
}

#[derive(Debug, clap::Args)]
struct Ingest {
    /// The feature repository's file
    #[arg(long, value_name = "FILE", default_value = "features.yaml")]
    repository: PathBuf,
    /// The feature view
    view: String,
    /// The rows: .csv or .parquet
    rows: PathBuf,
}

#[derive(Debug, clap::Args)]
struct Join {
    /// The feature repository's file
    #[arg(long, value_name = "FILE", default_value = "features.yaml")]
    repository: PathBuf,
    /// The entity rows: join keys, a time and whatever comes along (.csv or .parquet)
    #[arg(long, value_name = "FILE")]
    entities: PathBuf,
    /// The time column of the entity rows
    #[arg(long, value_name = "COLUMN", default_value = "event_timestamp")]
    timestamp: String,
    #[command(flatten)]
    chosen: Chosen,
    /// Count only rows that were also written by then, so that a backfill changes no past
    #[arg(long)]
    known_by_creation: bool,
    /// The training set to write (.csv or .parquet)
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Log the training set and what it was made from to this run of the tracking server
    #[arg(long, value_name = "RUN")]
    log_to_run: Option<RunId>,
}

#[derive(Debug, clap::Args)]
struct Serve {
    /// The feature repository's file
    #[arg(long, value_name = "FILE", default_value = "features.yaml")]
    repository: PathBuf,
    /// The address to listen on
    #[arg(long, default_value = "127.0.0.1")]
    host: String,
    /// The port to listen on; 0 takes a free one
    #[arg(long, default_value_t = 6566)]
    port: u16,
    /// A file that receives the server's URL once it listens
    #[arg(long)]
    ready_file: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
struct Registry {
    /// The registry's server, such as http://127.0.0.1:6572
    #[arg(long, value_name = "URL", env = "FEATURE_REGISTRY_URL")]
    registry: String,
    /// The project; may be left out where there is one
    #[arg(long, value_name = "NAME")]
    project: Option<String>,
}

/// Does what was asked.
///
/// # Errors
/// What the files, the feature server or the tracking server say.
pub async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let output = arguments.connection.output();
    match arguments.action {
        Action::Get(get) => self::get(get, output).await,
        Action::Push(push) => self::push(push, output).await,
        Action::Materialize(materialize) => self::materialize(materialize, output).await,
        Action::Ingest(ingest) => {
            let repository = Repository::read(&ingest.repository)?;
            let rows = offline::append(&repository, repository.view(&ingest.view)?, &ingest.rows)?;
            let answer = json!({ "feature_view": ingest.view, "rows": rows });
            output.done(&answer, &format!("added {rows} rows to the source of {}", ingest.view))
        }
        Action::Join(join) => self::join(join, &arguments.connection, output).await,
        Action::Serve(serve) => {
            let Serve { repository, host, port, ready_file } = serve;
            Connection::log("info");
            Ok(server::serve(Settings { host, port, repository, ready_file }).await?)
        }
        Action::Registry(registry) => self::registry(registry, output).await,
    }
}

async fn get(get: Get, output: Output) -> anyhow::Result<()> {
    let mut entities: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for (key, value) in get.entities {
        // A number is asked for as a number: Feast's own servers mind.
        let value = value.parse::<i64>().map_or_else(|_| Value::from(value), Value::from);
        entities.entry(key).or_default().push(value);
    }
    let request = OnlineRequest {
        entities,
        feature_service: get.chosen.service,
        features: get.chosen.features,
        full_feature_names: get.chosen.full_names,
    };
    let response = FeatureClient::new(&get.server.server)?.online(&request).await?;
    let mut rows = Vec::new();
    for name in &response.metadata.feature_names {
        if request.entities.contains_key(name) {
            continue;
        }
        for (index, value) in response.feature(name).unwrap_or_default().into_iter().enumerate() {
            let entity: BTreeMap<_, _> =
                request.entities.iter().map(|(key, values)| (key, values.get(index))).collect();
            rows.push(json!({
                "entity": entity, "feature": name, "value": value.value, "status": value.status,
                "event_timestamp": value.event_timestamp,
            }));
        }
    }
    output.list(&rows, ["ENTITY", "FEATURE", "VALUE", "STATUS"], |row| {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let entity = row["entity"].as_object().into_iter().flatten();
        let entity: Vec<_> = entity.map(|(key, value)| format!("{key}={}", text(value))).collect();
        [entity.join(", "), text(&row["feature"]), text(&row["value"]), text(&row["status"])]
    })
}

async fn push(push: Push, output: Output) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(&push.rows).map_err(|reason| Error::File { path: push.rows.clone(), reason })?;
    let df: BTreeMap<String, Vec<Value>> = serde_json::from_str(&text).map_err(|error| Error::Malformed {
        place: format!("{}:{}:{}", push.rows.display(), error.line(), error.column()),
        problem: format!("found no JSON object of columns, each a list ({error}); write the file again, whole"),
    })?;
    let rows = df.values().map(Vec::len).max().unwrap_or_default();
    let client = FeatureClient::new(&push.server.server)?;
    client.push(&PushRequest { push_source_name: push.source.clone(), df, to: push.to }).await?;
    let answer = json!({ "push_source": push.source, "rows": rows, "to": push.to });
    output.done(&answer, &format!("pushed {rows} rows through {}", push.source))
}

async fn materialize(materialize: Materialize, output: Output) -> anyhow::Result<()> {
    let end = materialize.end.unwrap_or_else(time::now);
    if materialize.start.is_some_and(|start| start >= end) {
        let problem = "--start must be before --end".to_owned();
        return Err(Error::Malformed { place: "the span".to_owned(), problem }.into());
    }
    let views = (!materialize.views.is_empty()).then_some(materialize.views);
    let until = time::format(end);
    match (&materialize.server, &materialize.repository) {
        (Some(server), _) => {
            let (client, end_ts) = (FeatureClient::new(server)?, until.clone());
            match materialize.start {
                Some(start) => {
                    let (start_ts, end_ts) = (Some(time::format(start)), Some(end_ts));
                    client.materialize(&MaterializeRequest { start_ts, end_ts, feature_views: views }).await?;
                }
                None => {
                    let request = MaterializeIncrementalRequest { end_ts, feature_views: views };
                    client.materialize_incremental(&request).await?;
                }
            }
            output.done(&json!({ "end": until }), &format!("materialised until {until}"))
        }
        (None, repository) => {
            let repository = Repository::read(repository.as_deref().unwrap_or(Path::new("features.yaml")))?;
            let online = OnlineStore::open(&repository.resolve(&repository.online_store)).await?;
            let spans = server::materialize(&repository, &online, views.as_deref(), materialize.start, end).await?;
            online.close().await;
            output.list(&spans, ["VIEW", "FROM", "UNTIL", "ROWS"], |span| {
                [span.feature_view.clone(), span.start.clone(), span.end.clone(), span.rows.to_string()]
            })
        }
    }
}

async fn join(join: Join, connection: &Connection, output: Output) -> anyhow::Result<()> {
    let repository = Repository::read(&join.repository)?;
    let Chosen { features, service, full_names } = join.chosen;
    let features = match &service {
        Some(service) => repository.service(service)?.features.clone(),
        None => features,
    };
    let request = TrainingRequest {
        entities: &join.entities,
        timestamp: &join.timestamp,
        features: &features,
        full_names,
        known: if join.known_by_creation { Known::ByCreation } else { Known::ByEvent },
    };
    // A tracking server that is not there is told before an hour of joining, not after.
    let tracking = join.log_to_run.map(|run| connection.open().map(|(client, _)| (client, run))).transpose()?;
    let set = offline::training_set(&repository, &request)?;
    let written = offline::write_table(&join.out, &set.table)?;
    let rows = set.table.num_rows();
    let digest = lineage::dataset_digest(&written.sha256);
    if let Some((client, run)) = &tracking {
        let inputs = lineage::inputs(&repository, &request, &set, &written, service.as_deref())?;
        lineage::log(client, run, &inputs).await?;
    }
    let missing: BTreeMap<_, _> = set.missing.iter().cloned().collect();
    let answer = json!({
        "path": written.path, "rows": rows, "digest": digest, "sha256": written.sha256, "features": set.features,
        "missing": missing, "run_id": tracking.map(|(_, run)| run),
    });
    output.done(&answer, &format!("wrote {rows} rows to {} (digest {digest})", join.out.display()))
}

async fn registry(registry: Registry, output: Output) -> anyhow::Result<()> {
    let client = FeatureClient::new(&registry.registry)?;
    let project = match registry.project {
        Some(project) => project,
        None => super::catalogue::only_project(&client).await?,
    };
    let found = client.registry(&project).await?;
    let mut facts = vec![("project", found.project.clone())];
    let names = |names: Vec<&str>| names.join(", ");
    facts.push(("entities", names(found.entities.iter().map(|it| it.name.as_str()).collect())));
    facts.push(("data sources", names(found.data_sources.iter().map(|it| it.name.as_str()).collect())));
    for view in &found.feature_views {
        let features = names(view.features.iter().map(|it| it.name.as_str()).collect());
        let ttl = if view.ttl.is_empty() { "for ever" } else { &view.ttl };
        facts.push(("feature view", format!("{}: {features} (ttl {ttl})", view.name)));
    }
    facts.push(("feature services", names(found.feature_services.iter().map(|it| it.name.as_str()).collect())));
    facts.push(("saved datasets", names(found.saved_datasets.iter().map(|it| it.name.as_str()).collect())));
    output.one(&found, facts)
}
