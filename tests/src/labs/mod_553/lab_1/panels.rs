//! A real Prometheus scrapes the submission for some seconds, evaluates its rules, and is asked every panel's query.

use super::{
    caller::Caller,
    dashboards::{exercise, made, panels},
    objectives::{GENERATES, rule_files},
};
use crate::{
    check::{Check, Fault, Need},
    context::Context,
    expect,
    wire::Request,
};
use http::Method;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use std::{
    fs,
    net::TcpListener,
    path::Path,
    time::{Duration, Instant},
};

pub(super) const DATA: Check = Check {
    id: "every-panel-finds-data",
    title: "A real Prometheus that scrapes the service and evaluates its rules has data for every query of every panel",
    follows: &["queries-ask-for-what-is-there"],
    needs: &[
        Need::Command("dashboards"),
        Need::Command("rules"),
        Need::File("slos"),
        Need::File("owners"),
        Need::File("training"),
        Need::Tool("prometheus"),
    ],
    limit: Duration::from_secs(60),
    run: |ctx| Box::pin(data(ctx)),
    ..GENERATES
};

/// How long the first series may take to appear, and each after it.
const PATIENCE: Duration = Duration::from_secs(25);
const STILL: Duration = Duration::from_secs(7);
const WARMING: usize = 20;
const EVERY: &str = "300ms";

async fn data(ctx: Context) -> Result<(), Fault> {
    let folder = ctx.scratch()?;
    let (slos, owners) = (ctx.file("slos")?, ctx.file("owners")?);
    let [slos_path, owners_path, rules] =
        [slos.clone(), owners, folder.join("rules")].map(|path| path.display().to_string());
    let output = ctx.run("rules", &["--slos", &slos_path, "--owners", &owners_path, "--out", &rules]).await?;
    expect::exit(&output, "rules", 0)?;
    rule_files(&folder.join("rules"))?;
    let dashboards = made(&ctx, &slos, &folder.join("dashboards")).await?;
    let queries: Vec<(String, String)> = panels(&dashboards)
        .into_iter()
        .flat_map(|panel| panel.queries.into_iter().map(move |query| (panel.title.clone(), query)))
        // A job that ends before anybody scrapes it is shown by node_exporter, which is not here.
        .filter(|(_, query)| !query.contains("training_"))
        .collect();
    let url = configured(&ctx, &folder)?;
    let prometheus = ctx.tool("prometheus")?;
    let words = [
        format!("--web.listen-address={}", url.trim_start_matches("http://")),
        format!("--config.file={}", folder.join("prometheus.yml").display()),
        format!("--storage.tsdb.path={}", folder.join("data").display()),
        "--web.enable-lifecycle".to_owned(),
        "--log.level=error".to_owned(),
    ];
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    tokio::select! {
        ended = prometheus.run(&words, &[]) => {
            let ended = ended?;
            Err(Fault::Environment(format!("prometheus ended with {}: {}", ended.status, ended.stderr)))
        }
        found = watch(&ctx, &url, queries) => found,
    }
}

/// Its configuration, and the address that it will have.
fn configured(ctx: &Context, folder: &Path) -> Result<String, Fault> {
    let harness = |error: std::io::Error| Fault::Harness(format!("prometheus: {error}"));
    let address = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).map_err(harness)?;
    let service = ctx.endpoint("inference")?;
    let target = service.trim_start_matches("http://").trim_start_matches("https://");
    let config = json!({
        "global": { "scrape_interval": EVERY, "scrape_timeout": EVERY, "evaluation_interval": EVERY },
        "rule_files": [folder.join("rules").join("*.rules.yml").display().to_string()],
        "scrape_configs": [{ "job_name": "inference", "static_configs": [{ "targets": [target] }] }],
    });
    fs::write(folder.join("prometheus.yml"), config.to_string()).map_err(harness)?;
    Ok(format!("http://{address}"))
}

/// Uses the service until every query has found something, or patience ends.
async fn watch(ctx: &Context, url: &str, mut waiting: Vec<(String, String)>) -> Result<(), Fault> {
    let mut caller = Caller::new(ctx)?;
    let (begun, mut answered) = (Instant::now(), false);
    // Enough for a drift signal.
    for _ in 0..WARMING {
        exercise(ctx, &mut caller).await?;
    }
    let mut progress = Instant::now();
    while begun.elapsed() < PATIENCE && !(answered && progress.elapsed() > STILL) {
        exercise(ctx, &mut caller).await?;
        tokio::time::sleep(Duration::from_millis(250)).await;
        let (asked, mut empty) = (waiting.len(), Vec::new());
        for (panel, query) in waiting {
            match ask(ctx, url, &query).await? {
                Some(true) => answered = true,
                Some(false) | None => empty.push((panel, query)),
            }
        }
        if empty.is_empty() {
            return Ok(());
        }
        if empty.len() < asked {
            progress = Instant::now();
        }
        waiting = empty;
    }
    if !answered {
        return Err(Fault::Environment(format!("prometheus did not answer within {PATIENCE:?}")));
    }
    let empty: Vec<String> = waiting.iter().map(|(panel, query)| format!("{panel}: {query}")).collect();
    Err(Fault::failed("the panels", "data for every query", empty.join("\n")))
}

/// Whether a query finds a number; nothing while Prometheus is not there yet.
async fn ask(ctx: &Context, url: &str, query: &str) -> Result<Option<bool>, Fault> {
    let target = format!("/api/v1/query?query={}", utf8_percent_encode(query, NON_ALPHANUMERIC));
    let Ok(answer) = ctx.wire().send(Request::new(Method::GET, url, target)).await else { return Ok(None) };
    if answer.status == 503 {
        return Ok(None);
    }
    let answer = expect::json(&answer)?;
    let number = |series: &Value| series["value"][1].as_str().is_some_and(|value| value != "NaN");
    Ok(Some(expect::list(&answer, "/data/result").iter().any(number)))
}
