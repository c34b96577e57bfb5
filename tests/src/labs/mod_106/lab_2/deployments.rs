//! GitHub: a deployment for each promotion, once, also when GitHub's answer got lost; and the environment's reviewers.

use super::pipeline::{Pipeline, Seen};
use crate::{
    check::{Check, Fault, Need},
    context::{Call, Context},
    expect,
    submission::CommandOutput,
    wire::Request,
    world::github::{Access, Act, Repository, RequestFault},
};
use hyper::Method;
use serde_json::json;
use std::time::Duration;

const NEEDS: &[Need] = &[Need::Command("promote"), Need::Command("approve")];

pub(super) const ONCE: Check = Check {
    id: "deployments-are-made-once",
    title: "GitHub shows one successful deployment for a promotion, also when its answers get lost",
    follows: &[],
    needs: NEEDS,
    limit: Duration::from_secs(90),
    exclusive: false,
    run: |ctx| Box::pin(once(ctx)),
};

pub(super) const REVIEWERS: Check = Check {
    id: "the-environments-reviewers-are-asked",
    title: "A run that the reviewers of the environment did not approve does not reach production",
    follows: &[],
    needs: NEEDS,
    limit: Duration::from_secs(90),
    exclusive: false,
    run: |ctx| Box::pin(reviewers(ctx)),
};

async fn promote(
    pipeline: &Pipeline,
    repository: &Repository,
    stage: &str,
    version: &str,
    more: &[&str],
) -> Result<CommandOutput, Fault> {
    let given = repository.variables();
    // The address is the one that the submission was given: a mutant may stand there.
    let given = given.iter().filter(|(name, _)| *name != "LAB_GITHUB_URL");
    let variables: Vec<_> = given.map(|(name, value)| (*name, value.as_str())).collect();
    let trail = pipeline.trail().display().to_string();
    let words = [stage, &pipeline.model, "--version", version, "--trail", &trail, "--github"];
    let words = [&words, more].concat();
    pipeline.ctx.call(Call { variables: &variables, ..Call::of("promote", &words) }).await
}

async fn once(ctx: Context) -> Result<(), Fault> {
    for act in [Act::FailAfter(502), Act::DropAfter, Act::FailBefore(503), Act::RateLimited] {
        let pipeline = Pipeline::new(&ctx).await?;
        let repository = ctx.github()?.repository(&ctx.name("shop"));
        let version = pipeline.version().await?;
        pipeline.server.alias(&pipeline.model, "candidate", &version).await?;
        let lost = |path| RequestFault { method: "POST", path, skip: 0, times: 1, act };
        repository.fault(lost("/deployments$"));
        repository.fault(lost("/statuses$"));
        let done = promote(&pipeline, &repository, "staging", &version, &[]).await?;
        expect::exit(&done, &format!("promote staging … --github, with {act:?} on the way"), 0)?;
        let made = repository.deployments();
        expect::equal(&format!("deployments after {act:?}"), &1, &made.len())?;
        expect::equal("the deployment's environment", "staging", made[0].environment.as_str())?;
        let states: Vec<_> = made[0].statuses.iter().map(|status| status.state.as_str()).collect();
        let successes = states.iter().filter(|state| **state == "success").count();
        expect::holds(&format!("statuses after {act:?}"), successes == 1, "one of them success", &states)?;
        pipeline.stands(&format!("{act:?}"), &[("staging", &version)]).await?;
    }
    Ok(())
}

async fn reviewers(ctx: Context) -> Result<(), Fault> {
    let pipeline = Pipeline::new(&ctx).await?;
    let repository = ctx.github()?.repository(&ctx.name("shop"));
    let (old, new) = pipeline.champion_and_canary().await?;
    repository.environment("production", &["alice"]);
    repository.workflow("promote.yml", &[]);
    let run = repository.start_run("promote.yml", "production").to_string();
    let seen = pipeline.observed(&Seen::well(&old), &Seen::well(&new))?;
    let words = ["--observations", seen.as_str(), "--github-run", run.as_str()];
    let done = promote(&pipeline, &repository, "champion", &new, &words).await?;
    expect::exit(&done, "promote champion … before anybody approved the run", 1)?;
    pipeline.stands("a run that nobody approved", &[("champion", &old), ("canary", &new)]).await?;
    expect::equal("deployments of a run that nobody approved", &0, &repository.deployments().len())?;

    approve_as(&ctx, &repository, "alice", &run).await?;
    let done = promote(&pipeline, &repository, "champion", &new, &words).await?;
    expect::exit(&done, "promote champion … after a reviewer approved the run", 0)?;
    pipeline.stands("a run that was approved", &[("champion", &new), ("previous-champion", &old)]).await
}

/// A person presses the button.
async fn approve_as(ctx: &Context, repository: &Repository, person: &str, run: &str) -> Result<(), Fault> {
    let token = repository.token(person, &[("actions", Access::Write), ("deployments", Access::Write)]);
    let (base, path) =
        (ctx.github()?.url(), format!("/repos/{}/actions/runs/{run}/pending_deployments", repository.full_name()));
    let pending = Request::new(Method::GET, base, path.as_str()).header("authorization", format!("Bearer {token}"));
    let pending = expect::json(&ctx.wire().send(pending).await?)?;
    let environment = expect::integer(&pending, "/0/environment/id")?;
    let body = json!({ "environment_ids": [environment], "state": "approved", "comment": "read" });
    let yes = Request::new(Method::POST, base, path.as_str()).header("authorization", format!("Bearer {token}"));
    expect::status_in(&ctx.wire().send(yes.json(&body)).await?, &[200, 204])
}
