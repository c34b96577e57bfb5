//! Grafana's files, made for objectives that the submission has never seen: their shape, and what their queries ask for.

use super::{
    caller::Caller,
    objectives::{GENERATES, Promise, all_rules},
    queries,
};
use crate::{
    check::{Check, Fault, Need},
    context::Context,
    expect,
};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    time::Duration,
};

/// What a training job leaves, as the brief names it.
const TRAINING: [&str; 5] = [
    "training_duration_seconds",
    "training_rows",
    "training_loss",
    "training_evaluation",
    "training_last_success_timestamp_seconds",
];

/// A panel that asks something.
#[derive(Clone, Debug)]
pub(super) struct Panel {
    pub(super) title: String,
    pub(super) queries: Vec<String>,
}

/// Makes the dashboards for a file of objectives.
pub(super) async fn made(ctx: &Context, slos: &Path, out: &Path) -> Result<BTreeMap<String, Value>, Fault> {
    let (slos, folder) = (slos.display().to_string(), out.display().to_string());
    let output = ctx.run("dashboards", &["--slos", &slos, "--out", &folder]).await?;
    expect::exit(&output, "dashboards", 0)?;
    let mut dashboards = BTreeMap::new();
    for entry in fs::read_dir(out).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".json") {
            let text = fs::read_to_string(entry.path()).unwrap_or_default();
            let value = serde_json::from_str(&text).map_err(|error| Fault::failed(&name, "JSON", error.to_string()))?;
            dashboards.insert(name, value);
        }
    }
    expect::holds("the folder of --out", !dashboards.is_empty(), "files *.json", "none")?;
    Ok(dashboards)
}

/// All panels that ask something.
pub(super) fn panels(dashboards: &BTreeMap<String, Value>) -> Vec<Panel> {
    let asking = dashboards.values().flat_map(|dashboard| expect::list(dashboard, "/panels"));
    let asking = asking.filter(|panel| panel["type"] != "row" && panel["type"] != "text");
    let panel = |panel: &Value| Panel {
        title: panel["title"].as_str().unwrap_or_default().to_owned(),
        queries: expect::texts(panel, "/targets", "/expr"),
    };
    asking.map(panel).collect()
}

pub(super) const SHAPE: Check = Check {
    id: "dashboards-are-grafanas",
    title: "Dashboards have what Grafana needs: uid, data source variable, panels with ids, places, units and queries",
    follows: &[],
    needs: &[Need::Command("dashboards")],
    run: |ctx| Box::pin(shape(ctx)),
    ..GENERATES
};

async fn shape(ctx: Context) -> Result<(), Fault> {
    let promise = Promise::new(&ctx)?;
    let dashboards = made(&ctx, &promise.path("slos.yaml"), &promise.path("dashboards")).await?;
    let mut uids = BTreeSet::new();
    for (name, dashboard) in &dashboards {
        let uid = expect::text(dashboard, "/uid")?;
        let legal = !uid.is_empty() && uid.len() <= 40 && uids.insert(uid);
        expect::holds(&format!("uid of {name}"), legal, "1 to 40 characters, no other dashboard's", uid)?;
        expect::holds(&format!("title of {name}"), !expect::text(dashboard, "/title")?.is_empty(), "a title", "none")?;
        let version = expect::integer(dashboard, "/schemaVersion")?;
        expect::holds(&format!("schemaVersion of {name}"), version >= 36, "36 or later", version)?;
        let variables = expect::list(dashboard, "/templating/list");
        let sources: BTreeSet<String> = variables
            .iter()
            .filter(|variable| variable["type"] == "datasource" && variable["query"] == "prometheus")
            .filter_map(|variable| Some(format!("${{{}}}", variable["name"].as_str()?)))
            .collect();
        expect::holds(
            &format!("templating of {name}"),
            !sources.is_empty(),
            "a variable of type datasource",
            variables,
        )?;
        placed(name, expect::list(dashboard, "/panels"))?;
        for panel in expect::list(dashboard, "/panels").iter().filter(|panel| panel["type"] != "row") {
            filled(name, panel, &sources)?;
        }
    }
    Ok(())
}

/// Ids of their own, and places in 24 columns that nobody else takes.
fn placed(name: &str, panels: &[Value]) -> Result<(), Fault> {
    let (mut ids, mut taken) = (BTreeSet::new(), BTreeMap::new());
    for panel in panels {
        let title = expect::text(panel, "/title")?;
        let what = format!("the panel `{title}` of {name}");
        let id = expect::integer(panel, "/id")?;
        expect::holds(&what, ids.insert(id), "an id of its own", id)?;
        let place = |key: &str| expect::integer(panel, &format!("/gridPos/{key}"));
        let (x, y, w, h) = (place("x")?, place("y")?, place("w")?, place("h")?);
        let inside = x >= 0 && y >= 0 && (1..=24).contains(&w) && x + w <= 24 && (1..=60).contains(&h);
        expect::holds(&what, inside, "a place within 24 columns", &panel["gridPos"])?;
        for cell in (y..y + h).flat_map(|row| (x..x + w).map(move |column| (row, column))) {
            if let Some(other) = taken.insert(cell, title) {
                return Err(Fault::failed(what, "a place of its own", format!("it lies over `{other}`")));
            }
        }
    }
    expect::holds(&format!("the panels of {name}"), ids.len() > 1, "some", ids.len())
}

fn filled(name: &str, panel: &Value, sources: &BTreeSet<String>) -> Result<(), Fault> {
    let what = format!("the panel `{}` of {name}", expect::text(panel, "/title")?);
    let source = |value: &Value| value["uid"].as_str().is_some_and(|uid| sources.contains(uid));
    expect::holds(&what, source(&panel["datasource"]), "the data source variable", &panel["datasource"])?;
    let unit = panel.pointer("/fieldConfig/defaults/unit").and_then(Value::as_str).unwrap_or_default();
    expect::holds(&what, !unit.is_empty(), "fieldConfig.defaults.unit", unit)?;
    let described = panel["description"].as_str().is_some_and(|text| !text.is_empty());
    expect::holds(&what, described, "a description", &panel["description"])?;
    let (targets, ids) = (expect::list(panel, "/targets"), expect::texts(panel, "/targets", "/refId"));
    let distinct = ids.iter().collect::<BTreeSet<_>>().len();
    let whole =
        !targets.is_empty() && distinct == targets.len() && expect::texts(panel, "/targets", "/expr").len() == distinct;
    expect::holds(&what, whole, "targets, each with a refId of its own and an expr", targets)
}

pub(super) const QUERIES: Check = Check {
    id: "queries-ask-for-what-is-there",
    title: "Every query parses, shows no counter raw, and asks only for what is scraped, recorded or left by training",
    follows: &["dashboards-are-grafanas"],
    needs: &[Need::Command("dashboards"), Need::Command("rules"), Need::File("training")],
    limit: Duration::from_secs(60),
    run: |ctx| Box::pin(ask_for(ctx)),
    ..GENERATES
};

async fn ask_for(ctx: Context) -> Result<(), Fault> {
    let promise = Promise::new(&ctx)?;
    let rules = all_rules(&promise.rules(&ctx).await?)?;
    let recorded = rules.iter().filter_map(|rule| rule["record"].as_str()).map(str::to_owned);
    let mut caller = Caller::new(&ctx)?;
    exercise(&ctx, &mut caller).await?;
    let known: BTreeSet<String> = recorded
        .chain(caller.scrape().await?.names())
        .chain(TRAINING.map(str::to_owned))
        .chain(["up".to_owned(), "ALERTS".to_owned()])
        .collect();
    let dashboards = made(&ctx, &promise.path("slos.yaml"), &promise.path("dashboards")).await?;
    let mut asked_for = BTreeSet::new();
    for panel in panels(&dashboards) {
        for query in &panel.queries {
            let what = format!("the query `{query}` of the panel `{}`", panel.title);
            let asked = queries::read(query).map_err(|reason| Fault::failed(&what, "PromQL", reason))?;
            expect::holds(&what, asked.raw.is_empty(), "rate() or increase() of a counter", &asked.raw)?;
            let unknown: Vec<&String> = asked.metrics.iter().filter(|name| !is_known(name, &known)).collect();
            expect::holds(
                &what,
                unknown.is_empty(),
                "metrics that are scraped, recorded or left by training",
                &unknown,
            )?;
            asked_for.extend(asked.metrics);
        }
    }
    // The four kinds of figures, each somewhere on a wall.
    for prefix in ["http_server_", "model_", "business_", "training_", "slo:"] {
        let shown = asked_for.iter().any(|name| name.starts_with(prefix));
        expect::holds("the metrics that panels show", shown, &format!("one of {prefix}…"), &asked_for)?;
    }
    Ok(())
}

/// A name, or a part of a name that a training job may leave besides those that the brief asks for.
fn is_known(name: &str, known: &BTreeSet<String>) -> bool {
    known.contains(name) || name.starts_with("training_")
}

/// Something of everything, so that all series are there.
pub(super) async fn exercise(ctx: &Context, caller: &mut Caller) -> Result<(), Fault> {
    for number in 0..12 {
        let payment = caller.payment();
        let tenant = ["north", "south"][number % 2];
        let predicted = caller.predict(&payment, Some(tenant)).await?;
        caller.tell(&predicted.request_id, payment.fraud).await?;
    }
    let explained = serde_json::json!({ "request_id": ctx.name("explained"), "features": caller.payment().features, "explain": true });
    caller.ask("/v1/predict", &explained).await?;
    caller.ask("/v1/predict", &serde_json::json!({ "features": 7 })).await.map(drop)
}

pub(super) const OBJECTIVES: Check = Check {
    id: "each-objective-is-on-a-dashboard",
    title: "What is left of each objective's budget, and how fast it burns, is on a dashboard",
    follows: &["dashboards-are-grafanas"],
    needs: &[Need::Command("dashboards")],
    run: |ctx| Box::pin(objectives(ctx)),
    ..GENERATES
};

async fn objectives(ctx: Context) -> Result<(), Fault> {
    let promise = Promise::new(&ctx)?;
    let dashboards = made(&ctx, &promise.path("slos.yaml"), &promise.path("dashboards")).await?;
    let queries: Vec<String> = panels(&dashboards).into_iter().flat_map(|panel| panel.queries).collect();
    for objective in &promise.objectives {
        let budget = queries.iter().any(|query| {
            query.contains("slo:error_budget_remaining:ratio") && query.contains(&format!("\"{}\"", objective.name))
        });
        let what = format!("panels of slo:error_budget_remaining:ratio{{slo=\"{}\"}}", objective.name);
        expect::holds(&what, budget, "one", "none")?;
    }
    let burns = queries.iter().any(|query| query.contains("slo:error_ratio:rate"));
    expect::holds("panels of slo:error_ratio:rate…", burns, "one", "none")
}
