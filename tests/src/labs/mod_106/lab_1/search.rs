//! Run search: filters over metrics, params, tags and attributes; orders; pages that neither repeat nor lose a run.

use crate::{
    check::{Check, Fault},
    context::Context,
    expect,
    tracking::{Tracking, observe},
};
use serde_json::{Value, json};
use std::{collections::BTreeSet, time::Duration};

const FOLLOWS: &[&str] = &["server-speaks-mlflow"];
const LIMIT: Duration = Duration::from_secs(60);

pub(super) const FILTERS: Check = Check {
    id: "search-filters-runs",
    title: "Run search filters by metrics, params, tags and attributes, and refuses what it cannot read",
    follows: FOLLOWS,
    needs: &[],
    limit: LIMIT,
    exclusive: false,
    run: |ctx| Box::pin(filters(ctx)),
};

pub(super) const PAGES: Check = Check {
    id: "search-orders-and-pages-runs",
    title: "Run search orders by what is asked and hands out every run exactly once over its pages",
    follows: FOLLOWS,
    needs: &[],
    limit: LIMIT,
    exclusive: false,
    run: |ctx| Box::pin(pages(ctx)),
};

/// Six runs, named after their number: loss falls, accuracy rises, the model alternates, two are finished.
async fn six_runs(ctx: &Context, admin: &Tracking) -> Result<String, Fault> {
    let experiment = admin.experiment(&ctx.name("experiment")).await?;
    for number in 0..6_i32 {
        let body = json!({
            "experiment_id": experiment, "run_name": format!("run-{number}"), "start_time": 1000 + number,
            "tags": [{"key": "owner", "value": if number < 3 { "ana" } else { "Bert" }}],
        });
        let created = admin.did("runs/create", body).await?;
        let id = expect::text(&created, "/run/info/run_id")?;
        let batch = json!({
            "run_id": id,
            "metrics": [
                {"key": "loss", "value": 1.0 - f64::from(number) / 10.0, "timestamp": 1, "step": 0},
                {"key": "top-5 accuracy", "value": f64::from(number) / 10.0, "timestamp": 1, "step": 0},
            ],
            "params": [{"key": "model", "value": if number % 2 == 0 { "tree" } else { "forest" }}],
        });
        admin.did("runs/log-batch", batch).await?;
        if number >= 4 {
            admin.did("runs/update", json!({"run_id": id, "status": "FINISHED", "end_time": 2000})).await?;
        }
    }
    Ok(experiment)
}

async fn filters(ctx: Context) -> Result<(), Fault> {
    let admin = Tracking::as_admin(&ctx)?;
    let experiment = six_runs(&ctx, &admin).await?;
    let cases: [(&str, &[u8]); 14] = [
        ("", &[0, 1, 2, 3, 4, 5]),
        ("metrics.loss < 0.75", &[3, 4, 5]),
        ("metrics.loss >= 0.9", &[0, 1]),
        ("metrics.`top-5 accuracy` > 0.35", &[4, 5]),
        ("params.model = 'tree'", &[0, 2, 4]),
        ("params.model != 'tree' and metrics.loss < 0.8", &[3, 5]),
        ("params.model LIKE 'for%'", &[1, 3, 5]),
        ("tags.owner = 'ana'", &[0, 1, 2]),
        ("tags.owner ILIKE 'bert'", &[3, 4, 5]),
        ("tags.owner LIKE 'bert'", &[]),
        ("attributes.status = 'FINISHED'", &[4, 5]),
        ("attributes.start_time > 1003", &[4, 5]),
        ("run_name ILIKE 'RUN-_' and attributes.start_time <= 1001", &[0, 1]),
        ("tags.owner = 'ana' AND params.model = 'tree' AND metrics.loss < 0.9", &[2]),
    ];
    for (filter, expected) in cases {
        let body = json!({"experiment_ids": [experiment], "filter": filter, "order_by": ["attributes.start_time ASC"]});
        let found = admin.did("runs/search", body).await?;
        let expected: Vec<String> = expected.iter().map(|number| format!("run-{number}")).collect();
        expect::equal(&format!("the runs that match `{filter}`"), &expected, &names(&found))?;
    }
    for filter in ["metrics.loss ~ 1", "params.model = tree'", "nonsense", "metrics.loss < 'much'", "unknown.key = '1'"]
    {
        let refused = admin.post("runs/search", json!({"experiment_ids": [experiment], "filter": filter})).await?;
        observe(&ctx, filter, &refused);
        expect::error(&refused, 400, "INVALID_PARAMETER_VALUE")?;
    }
    Ok(())
}

async fn pages(ctx: Context) -> Result<(), Fault> {
    let admin = Tracking::as_admin(&ctx)?;
    let experiment = six_runs(&ctx, &admin).await?;
    let cases: [(&[&str], [u8; 6]); 5] = [
        (&["metrics.loss ASC"], [5, 4, 3, 2, 1, 0]),
        (&["metrics.`top-5 accuracy` DESC"], [5, 4, 3, 2, 1, 0]),
        (&["params.model ASC", "attributes.start_time DESC"], [5, 3, 1, 4, 2, 0]),
        (&["tags.owner DESC", "start_time ASC"], [0, 1, 2, 3, 4, 5]),
        // Nothing asked means newest first.
        (&[], [5, 4, 3, 2, 1, 0]),
    ];
    for (order, expected) in cases {
        let expected: Vec<String> = expected.iter().map(|number| format!("run-{number}")).collect();
        for page_size in [2, 4, 100] {
            let found = walk(&admin, &json!({"experiment_ids": [experiment], "order_by": order}), page_size).await?;
            expect::equal(&format!("the runs by {order:?}, {page_size} a page"), &expected, &found)?;
        }
    }
    let distinct: BTreeSet<String> =
        walk(&admin, &json!({"experiment_ids": [experiment]}), 1).await?.into_iter().collect();
    expect::equal("the runs over pages of one", &6, &distinct.len())?;
    for (what, body) in [
        ("a token nobody handed out", json!({"experiment_ids": [experiment], "page_token": "garbage"})),
        ("50001 runs a page", json!({"experiment_ids": [experiment], "max_results": 50001})),
    ] {
        let refused = admin.post("runs/search", body).await?;
        observe(&ctx, what, &refused);
        expect::error(&refused, 400, "INVALID_PARAMETER_VALUE")?;
    }
    Ok(())
}

/// The names of all runs over all pages.
async fn walk(admin: &Tracking, search: &Value, page_size: usize) -> Result<Vec<String>, Fault> {
    const MOST_PAGES: usize = 20;
    let mut found = Vec::new();
    let mut body = search.clone();
    body["max_results"] = json!(page_size);
    for _ in 0..MOST_PAGES {
        let page = admin.did("runs/search", body.clone()).await?;
        let on_page = names(&page);
        expect::holds("the length of a page", on_page.len() <= page_size, "no more than was asked", on_page.len())?;
        found.extend(on_page);
        match page["next_page_token"].as_str() {
            Some(token) if !token.is_empty() => body["page_token"] = json!(token),
            _ => return Ok(found),
        }
    }
    Err(Fault::failed("the pages of a search over six runs", "an end", format!("{MOST_PAGES} pages and no end")))
}

fn names(found: &Value) -> Vec<String> {
    expect::texts(found, "/runs", "/info/run_name")
}
