//! Alertmanager's configuration, judged by amtool: who is told of what.

use super::objectives::{GENERATES, Promise};
use crate::{
    check::{Check, Fault, Need},
    context::Context,
    expect,
};

pub(super) const ROUTES: Check = Check {
    id: "alerts-reach-their-owners",
    title: "amtool finds each owner's page and ticket at a receiver of their own, and an alert of nobody's at the fallback",
    follows: &["rules-pass-the-linter"],
    needs: &[Need::Command("rules"), Need::Tool("amtool")],
    run: |ctx| Box::pin(routes(ctx)),
    ..GENERATES
};

async fn routes(ctx: Context) -> Result<(), Fault> {
    let promise = Promise::new(&ctx)?;
    expect::exit(&promise.run(&ctx, "rules").await?, "rules", 0)?;
    let file = promise.path("rules").join("alertmanager.yml").display().to_string();
    let amtool = ctx.tool("amtool")?;
    expect::exit(&amtool.run(&["check-config", &file], &[]).await?, "amtool check-config alertmanager.yml", 0)?;
    let config = format!("--config.file={file}");
    let mut wanted: Vec<(String, Vec<String>)> = Vec::new();
    for objective in &promise.objectives {
        for severity in ["page", "ticket"] {
            let labels = [
                format!("alertname={}", objective.title),
                format!("owner={}", objective.owner),
                format!("severity={severity}"),
                format!("service={}", objective.service),
            ];
            wanted.push((format!("{}-{severity}", objective.owner), labels.into()));
        }
    }
    let fallback = format!("{}-ticket", promise.fallback);
    wanted.push((fallback.clone(), vec!["alertname=Lost".to_owned()]));
    wanted.push((fallback, vec!["owner=team-nobody".to_owned(), "severity=page".to_owned()]));
    for (receiver, labels) in wanted {
        let verify = format!("--verify.receivers={receiver}");
        let words = ["config", "routes", "test", &config, &verify];
        let words: Vec<&str> = words.into_iter().chain(labels.iter().map(String::as_str)).collect();
        let what = format!("amtool config routes test {verify} {}", labels.join(" "));
        expect::exit(&amtool.run(&words, &[]).await?, &what, 0)?;
    }
    Ok(())
}
