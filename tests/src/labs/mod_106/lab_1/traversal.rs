//! No path leads out of a run's artifacts: not upwards, not absolutely, not encoded once or twice, not through a model version's
//! source or an experiment's artifact location. Each shape is one by which some MLflow has been broken (CVE-2023-1177, -2356,
//! -6831, -6909, -6976; CVE-2024-1483, -1560, -3848; CVE-2025-11201). A refusal is believed only when a canary proves that
//! nothing leaked and nothing was overwritten.

use crate::{
    check::{Check, Fault},
    context::Context,
    expect,
    tracking::{AJAX_API, API, ARTIFACTS, Run, Tracking, observe},
    wire::{Answer, Body, Request},
};
use futures::{StreamExt as _, TryStreamExt as _};
use http::Method;
use serde_json::json;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(90);

pub(super) const PATHS: Check = Check {
    id: "artifact-paths-cannot-climb-out",
    title: "Artifact paths with `..`, in any encoding, absolute paths and backslashes are refused",
    follows: &["server-speaks-mlflow"],
    needs: &[],
    limit: LIMIT,
    exclusive: false,
    run: |ctx| Box::pin(paths_cannot_climb_out(ctx)),
};

pub(super) const SOURCES: Check = Check {
    id: "model-sources-cannot-name-files",
    title: "A model version's source cannot name the server's own files",
    follows: &["server-speaks-mlflow"],
    needs: &[],
    limit: LIMIT,
    exclusive: false,
    run: |ctx| Box::pin(sources_cannot_name_files(ctx)),
};

pub(super) const LOCATIONS: Check = Check {
    id: "artifact-locations-cannot-name-files",
    title: "An experiment's artifact location cannot open the server's own files",
    follows: &["server-speaks-mlflow"],
    needs: &[],
    limit: LIMIT,
    exclusive: false,
    run: |ctx| Box::pin(locations_cannot_name_files(ctx)),
};

/// A file that every Unix server has, and how it begins.
const PASSWORDS: (&str, &str) = ("etc/passwd", "root:");

/// How many hostile requests go out at once.
const AT_ONCE: usize = 8;

async fn paths_cannot_climb_out(ctx: Context) -> Result<(), Fault> {
    let admin = Tracking::as_admin(&ctx)?;
    let experiment = admin.experiment(&ctx.name("experiment")).await?;
    let (victim, attacker) = (admin.run(&experiment).await?, admin.run(&experiment).await?);
    let canary = ctx.name("canary");
    admin.store(&victim, "canary.txt", &canary).await?;
    let ups = attacker.artifacts.matches('/').count() + 1;

    let attacks = futures::stream::iter(hostile_paths(ups, &victim)).map(|path| {
        let (admin, attacker, canary) = (admin.clone(), attacker.clone(), canary.as_str());
        async move {
            for request in ways(&admin, &attacker, &path) {
                let answer = admin.send(request).await?;
                refused(&answer, &path, &[canary, PASSWORDS.1])?;
            }
            Ok::<(), Fault>(())
        }
    });
    attacks.buffer_unordered(AT_ONCE).try_collect::<()>().await?;
    admin.holds(&victim, "canary.txt", &canary).await
}

/// Every way by which a path reaches the server.
fn ways(admin: &Tracking, attacker: &Run, path: &str) -> Vec<Request> {
    let (run, root) = (&attacker.id, &attacker.artifacts);
    let overwrite = Body::Bytes("overwritten".into());
    vec![
        admin.request(Method::GET, format!("{ARTIFACTS}/{root}/{path}")),
        admin.request(Method::PUT, format!("{ARTIFACTS}/{root}/{path}")).body(overwrite),
        admin.request(Method::DELETE, format!("{ARTIFACTS}/{root}/{path}")),
        admin.request(Method::GET, format!("/ajax-api/2.0/mlflow-artifacts/artifacts/{root}/{path}")),
        admin.request(Method::GET, format!("{ARTIFACTS}?path={root}/{path}")),
        admin.request(Method::GET, format!("{API}artifacts/list?run_id={run}&path={path}")),
        admin.request(Method::GET, format!("/get-artifact?run_uuid={run}&path={path}")),
    ]
}

/// Paths that climb from one run's artifacts to another's, and to the root.
fn hostile_paths(ups: usize, victim: &Run) -> Vec<String> {
    let neighbour = format!("{}/canary.txt", victim.artifacts);
    let spellings =
        ["../", "%2e%2e/", "..%2f", "%2e%2e%2f", "%252e%252e%252f", "%25252e%25252e/", "./../", "..%5c", r"..\"];
    let mut paths = Vec::new();
    for up in spellings {
        paths.push(format!("{}{neighbour}", up.repeat(ups)));
        paths.push(format!("{}{}", up.repeat(12), PASSWORDS.0));
    }
    // In the middle of a path that begins innocently, and after a fragment that a parser may cut off (CVE-2024-3848).
    paths.push(format!("model/{}{neighbour}", "../".repeat(ups + 1)));
    paths.push(format!("%23/{}{}", "../".repeat(12), PASSWORDS.0));
    paths.push(format!("model%00/{}{}", "../".repeat(12), PASSWORDS.0));
    paths
}

async fn sources_cannot_name_files(ctx: Context) -> Result<(), Fault> {
    let admin = Tracking::as_admin(&ctx)?;
    let run = admin.run(&admin.experiment(&ctx.name("experiment")).await?).await?;
    let model = ctx.name("model");
    admin.model(&model).await?;
    let sources = [
        "/etc",
        "//etc",
        "file:///etc",
        "file://localhost/etc",
        "file:/etc",
        "FILE:///etc",
        "file:///tmp/../etc",
        "file:///etc#/artifacts/model",
        "file:///etc?x=/artifacts/model",
        "mlflow-artifacts:/../../../etc",
        "mlflow-artifacts:/1/%2e%2e/%2e%2e/etc",
        "mlflow-artifacts:/1/%252e%252e/%252e%252e/etc",
        "s3://bucket/model#/../../../etc",
        "http://example.test/model?x=/../../../etc",
    ];
    for source in sources {
        for run_id in [None, Some(&run.id)] {
            let mut body = json!({"name": model, "source": source});
            if let Some(run_id) = run_id {
                body["run_id"] = json!(run_id);
            }
            // The tag by which MLflow's prompt registry skipped the test of the source (CVE-2026-2614).
            for tags in [json!([]), json!([{"key": "mlflow.prompt.is_prompt", "value": "true"}])] {
                body["tags"] = tags;
                let answer = admin.post("model-versions/create", body.clone()).await?;
                observe(&ctx, source, &answer);
                refused(&answer, source, &[])?;
            }
        }
    }
    let versions = admin.read("model-versions/search", &[("filter", &format!("name = '{model}'"))]).await?;
    expect::equal("versions made from refused sources", &0, &expect::list(&versions, "/model_versions").len())
}

async fn locations_cannot_name_files(ctx: Context) -> Result<(), Fault> {
    let admin = Tracking::as_admin(&ctx)?;
    let locations = [
        "/etc",
        "file:///etc",
        "file://localhost/etc",
        "file:/etc",
        "/tmp/../etc",
        "file:///tmp/%2e%2e/etc",
        "mlflow-artifacts:/../../../../etc",
        "mlflow-artifacts:/1/%2e%2e/%2e%2e/etc",
        "http:///#/../../../../etc",
        "s3://bucket/a?x=/../../../etc",
    ];
    for (number, location) in locations.into_iter().enumerate() {
        for api in [API, AJAX_API] {
            let body = json!({"name": ctx.name("experiment"), "artifact_location": location});
            let answer =
                admin.send(admin.request(Method::POST, format!("{api}experiments/create")).json(&body)).await?;
            ctx.observe(&format!("location {number}"), answer.status);
            if answer.status == 200 {
                let experiment = expect::text(&answer.json()?, "/experiment_id")?.to_owned();
                leads_nowhere(&admin, &experiment, location).await?;
            }
        }
    }
    Ok(())
}

/// A server may take a strange location for a mere text, if nothing can be read through it.
async fn leads_nowhere(admin: &Tracking, experiment: &str, location: &str) -> Result<(), Fault> {
    let created = admin.post("runs/create", json!({"experiment_id": experiment, "start_time": 1})).await?;
    if created.status != 200 {
        return Ok(());
    }
    let created = created.json()?;
    let run = expect::text(&created, "/run/info/run_id")?;
    // The run's own folder lies two levels below the location.
    for path in ["passwd", "../../passwd", "%2e%2e/%2e%2e/passwd"] {
        let targets = [
            format!("/get-artifact?run_uuid={run}&path={path}"),
            format!("{API}artifacts/list?run_id={run}&path={}", path.trim_end_matches("passwd")),
        ];
        for target in targets {
            let answer = admin.send(admin.request(Method::GET, target)).await?;
            keeps_files(&answer, location)?;
        }
    }
    let listed = admin.get("artifacts/list", &[("run_id", run)]).await?;
    expect::holds(
        &format!("an experiment whose artifact location is {location}"),
        listed.status != 200 || expect::list(&listed.json()?, "/files").is_empty(),
        "nothing listed: nothing was written",
        listed.quoted(),
    )
}

fn keeps_files(answer: &Answer, location: &str) -> Result<(), Fault> {
    let text = answer.text();
    if text.contains(PASSWORDS.1) || text.contains("\"passwd\"") {
        let what = format!("{} of an experiment whose artifact location is {location}", answer.what());
        return Err(Fault::failed(what, "nothing of the server's own files", answer.quoted()));
    }
    Ok(())
}

/// Refused means a 3xx that hands out nothing or a 4xx: a 5xx is a server that stumbled and may fall the other way next time.
fn refused(answer: &Answer, hostile: &str, canaries: &[&str]) -> Result<(), Fault> {
    let text = answer.text();
    let leaked = canaries.iter().any(|canary| text.contains(canary));
    if (300..500).contains(&answer.status) && !leaked {
        return Ok(());
    }
    let expected = if leaked { "a refusal that leaks nothing" } else { "a refusal (4xx)" };
    Err(Fault::failed(format!("{} with {hostile}", answer.what()), expected, answer.quoted()))
}
