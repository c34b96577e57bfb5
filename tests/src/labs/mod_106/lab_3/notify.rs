//! Alerts: the right people are told, once, even if they stumble, and told again when it is over. Alertmanager and the webhook are
//! given; each check speaks of alerts with names of its own, to an inbox of its own.

use crate::{
    check::{Check, Fault, Need},
    context::{Call, Context},
    expect,
    wire::hmac_sha256_hex,
    world::sink::{Delivery, Inbox},
};
use serde_json::{Value, json};
use std::{collections::BTreeSet, fs, path::PathBuf, time::Duration};

pub(super) const ROUTED: Check = Check {
    id: "alerts-go-where-they-belong",
    title: "Critical alerts go to the webhook and to Alertmanager, the data platform's to the webhook, others to Alertmanager",
    follows: &[],
    needs: &[Need::Command("notify")],
    limit: Duration::from_secs(120),
    exclusive: false,
    run: |ctx| Box::pin(routed(ctx)),
};

pub(super) const KNOWN: Check = Check {
    id: "what-is-known-is-not-told-again",
    title: "An alert that goes on is told once",
    follows: &["alerts-go-where-they-belong"],
    run: |ctx| Box::pin(known(ctx)),
    ..ROUTED
};

pub(super) const RETRIED: Check = Check {
    id: "a-stumbling-receiver-is-told-anyway",
    title: "A receiver that answers 500 or 429 is told again, under the same key, and nothing is lost",
    run: |ctx| Box::pin(retried(ctx)),
    ..KNOWN
};

pub(super) const RESOLVED: Check = Check {
    id: "the-end-is-told-too",
    title: "An alert that its source no longer reports is resolved at the webhook and at Alertmanager",
    run: |ctx| Box::pin(resolved(ctx)),
    ..KNOWN
};

pub(super) const SIGNED: Check = Check {
    id: "deliveries-are-signed",
    title: "The webhook's deliveries are signed over their time and body with the given secret",
    run: |ctx| Box::pin(signed(ctx)),
    ..KNOWN
};

/// A source of alerts, with a state file and an inbox of its own.
struct Source {
    ctx: Context,
    folder: PathBuf,
    name: String,
    inbox: Inbox,
}

impl Source {
    fn new(ctx: &Context) -> Result<Self, Fault> {
        let inbox = ctx.sink()?.inbox(&ctx.name("hook"));
        Ok(Self { ctx: ctx.clone(), folder: ctx.scratch()?, name: ctx.name("source"), inbox })
    }

    /// Reports these alerts as all that fire now.
    async fn reports(&self, alerts: &[Value], exit: i32) -> Result<(), Fault> {
        let path = self.folder.join("alerts.json");
        fs::write(&path, Value::from(alerts).to_string()).map_err(|error| Fault::Harness(error.to_string()))?;
        let (path, state) = (path.display().to_string(), self.folder.join("state.json").display().to_string());
        let arguments = [path.as_str(), "--source", &self.name, "--state", &state];
        let variables = self.inbox.variables();
        let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let done = self.ctx.call(Call { variables: &variables, ..Call::of("notify", &arguments) }).await?;
        expect::exit(&done, "notify alerts.json --source … --state …", exit)
    }

    /// Which of these names Alertmanager has as firing.
    async fn firing(&self, names: &[&String]) -> Result<Vec<String>, Fault> {
        let mut found = Vec::new();
        for name in names {
            let matcher = format!("alertname=\"{name}\"");
            let alerts = self.ctx.alerts()?.alerts(self.ctx.wire(), &[&matcher]).await?;
            let now = jiff::Timestamp::now().to_string();
            let fires = |alert: &Value| alert["endsAt"].as_str().is_none_or(|end| end > now.as_str());
            if alerts.iter().any(fires) {
                found.push((*name).clone());
            }
        }
        Ok(found)
    }
}

fn alert(name: &str, severity: &str, owner: &str) -> Value {
    json!({ "name": name, "severity": severity, "owner": owner, "summary": "found by a check", "labels": { "suite": "lab" } })
}

/// Status and alert's name of each delivery that was taken.
fn told(deliveries: &[Delivery]) -> Result<Vec<(String, String)>, Fault> {
    let taken = deliveries.iter().filter(|delivery| delivery.answered == 200);
    taken
        .map(|delivery| {
            let body = delivery.json()?;
            Ok((expect::text(&body, "/status")?.to_owned(), expect::text(&body, "/alert/name")?.to_owned()))
        })
        .collect()
}

async fn routed(ctx: Context) -> Result<(), Fault> {
    let source = Source::new(&ctx)?;
    let [critical, platform, other] = ["Critical", "Platform", "Other"].map(|name| ctx.name(name).replace('-', "_"));
    let alerts = [
        alert(&critical, "critical", "fraud"),
        alert(&platform, "warning", "data-platform"),
        alert(&other, "warning", "fraud"),
    ];
    source.reports(&alerts, 0).await?;
    let at_webhook: BTreeSet<_> = told(&source.inbox.deliveries())?.into_iter().map(|(_, name)| name).collect();
    expect::equal("the alerts at the webhook", &BTreeSet::from([critical.clone(), platform.clone()]), &at_webhook)?;
    let at_alertmanager = source.firing(&[&critical, &platform, &other]).await?;
    expect::equal("the alerts at Alertmanager", &vec![critical, other], &at_alertmanager)
}

async fn known(ctx: Context) -> Result<(), Fault> {
    let source = Source::new(&ctx)?;
    let name = ctx.name("Known").replace('-', "_");
    for summary in ["drift of 0.21", "drift of 0.22", "drift of 0.23"] {
        let mut alert = alert(&name, "critical", "fraud");
        alert["summary"] = summary.into();
        source.reports(&[alert], 0).await?;
    }
    let told = told(&source.inbox.deliveries())?;
    expect::equal("what the webhook was told of one alert in three runs", &vec![("firing".to_owned(), name)], &told)
}

async fn retried(ctx: Context) -> Result<(), Fault> {
    let source = Source::new(&ctx)?;
    let name = ctx.name("Retried").replace('-', "_");
    source.inbox.answer_next(1, 500);
    source.inbox.answer_next(1, 429);
    source.inbox.answer_next(1, 503);
    source.reports(&[alert(&name, "critical", "fraud")], 0).await?;
    let deliveries = source.inbox.deliveries();
    expect::equal("what the webhook took", &vec![("firing".to_owned(), name.clone())], &told(&deliveries)?)?;
    let keys: BTreeSet<_> = deliveries.iter().map(|delivery| delivery.header("idempotency-key")).collect();
    let one = keys.len() == 1 && !keys.contains(&None);
    expect::holds("the header idempotency-key of all attempts", one, "one key", &keys)?;
    // What cannot be delivered at all is not lost: it comes with the next run.
    let later = ctx.name("Later").replace('-', "_");
    source.inbox.answer_next(1, 400);
    source.reports(&[alert(&name, "critical", "fraud"), alert(&later, "critical", "fraud")], 1).await?;
    source.reports(&[alert(&name, "critical", "fraud"), alert(&later, "critical", "fraud")], 0).await?;
    let came = told(&source.inbox.deliveries())?;
    expect::holds(
        "what the webhook took",
        came.contains(&("firing".to_owned(), later)),
        "the alert that it refused before",
        came,
    )
}

async fn resolved(ctx: Context) -> Result<(), Fault> {
    let source = Source::new(&ctx)?;
    let [stays, ends] = ["Stays", "Ends"].map(|name| ctx.name(name).replace('-', "_"));
    let says = |status: &'static str| {
        let ends = ends.clone();
        move |deliveries: &[Delivery]| {
            deliveries.iter().filter_map(|delivery| delivery.json().ok()).any(|body| {
                let named = expect::list(&body, "/alerts").iter().any(|alert| alert["labels"]["alertname"] == ends);
                body["status"] == status && named
            })
        }
    };
    let (inbox, patience) = (ctx.alerts()?.inbox(), Duration::from_secs(20));
    source.reports(&[alert(&stays, "critical", "fraud"), alert(&ends, "critical", "fraud")], 0).await?;
    // What ends before Alertmanager has told anybody, it never mentions.
    inbox.wait_for("Alertmanager's word that it fires", patience, says("firing")).await?;
    source.reports(&[alert(&stays, "critical", "fraud")], 0).await?;
    let last = told(&source.inbox.deliveries())?;
    let ended = last.iter().filter(|(status, _)| status == "resolved").map(|(_, name)| name.clone());
    expect::equal("what the webhook was told to be resolved", &vec![ends.clone()], &ended.collect())?;
    inbox.wait_for("Alertmanager's word that it is resolved", patience, says("resolved")).await?;
    expect::equal("the alerts that fire at Alertmanager", &vec![stays.clone()], &source.firing(&[&stays, &ends]).await?)
}

async fn signed(ctx: Context) -> Result<(), Fault> {
    let source = Source::new(&ctx)?;
    source.reports(&[alert(&ctx.name("Signed").replace('-', "_"), "critical", "fraud")], 0).await?;
    let deliveries = source.inbox.deliveries();
    let [delivery] = deliveries.as_slice() else {
        return Err(Fault::failed("deliveries to the webhook", "one", deliveries.len().to_string()));
    };
    let timestamp = delivery.header("x-alert-timestamp").unwrap_or_default();
    let age_s = timestamp.parse().map(|sent: i64| (jiff::Timestamp::now().as_second() - sent).abs());
    expect::holds(
        "the header x-alert-timestamp",
        age_s.is_ok_and(|age| age <= 60),
        "seconds since 1970, now",
        timestamp,
    )?;
    let text = [timestamp.as_bytes(), b".", &delivery.body].concat();
    let expected = format!("sha256={}", hmac_sha256_hex(ctx.sink()?.secret(), &text));
    let found = delivery.header("x-alert-signature").unwrap_or_default();
    let what = "the header x-alert-signature: HMAC-SHA256 over `<timestamp>.<body>`";
    expect::holds(what, found == expected, "the signature made with LAB_WEBHOOK_SECRET", "another one")
}
