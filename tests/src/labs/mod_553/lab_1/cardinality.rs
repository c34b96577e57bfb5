//! Series are what a Prometheus dies of: whoever invents names without end must not be able to make one with each.

use super::{caller::Caller, exposition::Scrape};
use crate::{
    check::{Check, Fault, Need},
    context::Context,
    expect,
};
use futures::future::try_join_all;
use http::Method;
use serde_json::json;
use std::time::Duration;

/// Requests in flight at once.
const AT_ONCE: usize = 16;
/// A budget above this is none.
const LARGEST_BUDGET: f64 = 200.0;

pub(super) const TENANTS: Check = Check {
    id: "invented-tenants-keep-the-budget",
    title: "Thousands of invented tenants make no more series than the declared budget, and the rest is counted",
    follows: &["predictions-are-counted-exactly"],
    needs: &[Need::File("training")],
    limit: Duration::from_secs(120),
    exclusive: true,
    run: |ctx| Box::pin(tenants(ctx)),
};

const LABEL: &[(&str, &str)] = &[("label", "tenant")];
const FLOOD: usize = 5_000;

async fn tenants(ctx: Context) -> Result<(), Fault> {
    let mut caller = Caller::new(&ctx)?;
    let budget = caller.scrape().await?.sum("telemetry_label_budget", LABEL);
    let sane = budget.filter(|budget| (1.0..=LARGEST_BUDGET).contains(budget));
    let what = "telemetry_label_budget{label=\"tenant\"}";
    let budget = sane.ok_or_else(|| Fault::failed(what, format!("1 to {LARGEST_BUDGET}"), format!("{budget:?}")))?;
    // The first few hundred may take what room there is; from then on nothing may be new.
    flood(&ctx, &mut caller, LARGEST_BUDGET as usize + 1).await?;
    let full = caller.scrape().await?;
    // A few hundred tell most mistakes, and soon.
    for count in [FLOOD / 20, FLOOD - FLOOD / 20] {
        flood(&ctx, &mut caller, count).await?;
        nothing_new(&format!("series after {count} more tenants"), &full, &caller.scrape().await?)?;
    }
    let after = caller.scrape().await?;
    let names = after.of("business_requests_total", &[]).count();
    // Those within the budget, `other`, and whatever stands for nobody.
    let most = budget as usize + 2;
    let expected = format!("at most {most}, for a budget of {budget}");
    expect::holds("how many tenants business_requests_total tells apart", names <= most, &expected, names)?;
    let sent = FLOOD as f64;
    let overflow = after.grew(&full, "telemetry_label_overflow_total", LABEL);
    expect::equal("how far telemetry_label_overflow_total{label=\"tenant\"} grew", &sent, &overflow)?;
    let other = after.grew(&full, "business_requests_total", &[("tenant", "other")]);
    expect::equal("how far business_requests_total{tenant=\"other\"} grew", &sent, &other)?;
    expect::equal("how far business_requests_total grew", &sent, &after.grew(&full, "business_requests_total", &[]))
}

/// Series are what they were.
fn nothing_new(what: &str, before: &Scrape, after: &Scrape) -> Result<(), Fault> {
    let new: Vec<String> = after.series().difference(&before.series()).cloned().collect();
    expect::holds(what, new.is_empty(), "no new one", new.first())
}

/// So many predictions, each for a tenant of its own.
async fn flood(ctx: &Context, caller: &mut Caller, count: usize) -> Result<(), Fault> {
    let payments: Vec<_> = (0..count).map(|_| (caller.payment(), ctx.name("tenant"))).collect();
    for some in payments.chunks(AT_ONCE) {
        try_join_all(some.iter().map(|(payment, tenant)| caller.predict(payment, Some(tenant)))).await?;
    }
    Ok(())
}

pub(super) const PATHS: Check = Check {
    id: "invented-paths-and-values-make-no-series",
    title: "Invented paths, methods, request ids, features and categories make no series at all",
    follows: &["predictions-are-counted-exactly"],
    needs: &[Need::File("training")],
    limit: Duration::from_secs(120),
    exclusive: true,
    run: |ctx| Box::pin(paths(ctx)),
};

async fn paths(ctx: Context) -> Result<(), Fault> {
    let mut caller = Caller::new(&ctx)?;
    // One of each kind may be the first of its kind.
    invented(&ctx, &mut caller, 1).await?;
    let before = caller.scrape().await?;
    for count in [10, 140] {
        invented(&ctx, &mut caller, count).await?;
        nothing_new("series after hundreds of invented names", &before, &caller.scrape().await?)?;
    }
    Ok(())
}

/// So many of each kind.
async fn invented(ctx: &Context, caller: &mut Caller, count: usize) -> Result<(), Fault> {
    for number in 0..count {
        let name = ctx.name("x");
        let mut features = caller.payment().features;
        features.insert("merchant".to_owned(), json!(name));
        let answer = caller.ask("/v1/predict", &json!({ "request_id": name, "features": features })).await?;
        expect::status(&answer, 200)?;
        features.insert(format!("f_{name}"), json!(1));
        let answer = caller.ask("/v1/predict", &json!({ "features": features })).await?;
        expect::holds("the status of an invented feature", (400..500).contains(&answer.status), "4xx", answer.status)?;
        for (method, path) in [("GET", format!("/{name}")), ("POST", format!("/v1/predict/{name}"))] {
            let method = Method::from_bytes(method.as_bytes()).unwrap_or_default();
            let answer = caller.send(caller.request(method, &path)).await?;
            expect::status_in(&answer, &[404, 405])?;
        }
        let method = Method::from_bytes(format!("INVENTED{number}").as_bytes()).unwrap_or_default();
        let answer = caller.send(caller.request(method, "/v1/predict")).await?;
        expect::holds("the status of an invented method", answer.status >= 400, "4xx or 501", answer.status)?;
    }
    Ok(())
}
