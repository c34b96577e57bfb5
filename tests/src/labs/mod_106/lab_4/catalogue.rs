//! The metadata catalogue: which model used which features, data, code and run; every missing link a gap that is named.

use super::{
    lineage::{digest, make_rows},
    shop::{REFERENCES, Shop},
};
use crate::{
    check::{Check, Fault, Need},
    context::Context,
    expect,
    tracking::Run,
};
use serde_json::{Value, json};
use std::{collections::BTreeSet, path::Path, time::Duration};

const LIMIT: Duration = Duration::from_secs(180);
const NEEDS: &[Need] = &[Need::Command("ingest"), Need::Command("training-set"), Need::Command("catalogue")];
const CATALOGUES: &[Need] = &[Need::Command("catalogue")];

pub(super) const LINKS: Check = Check {
    id: "models-lead-to-data-features-code-and-run",
    title: "The catalogue names for a model version its run, its training set's digest, its features, its code's commit and its aliases",
    follows: &["training-sets-are-known-by-digest"],
    needs: NEEDS,
    limit: LIMIT,
    exclusive: false,
    run: |ctx| Box::pin(links(ctx)),
};

async fn links(ctx: Context) -> Result<(), Fault> {
    let (mut shop, server) = (Shop::open(&ctx)?, ctx.tracking()?);
    let wanted = make_rows(&mut shop).await?;
    let (run, model) = (shop.run().await?, ctx.name("model"));
    let set = shop.training_set(&wanted, &run.id).await?;
    let commit: String = std::iter::repeat_with(|| shop.random.digit(16)).take(40).collect();
    let tag = json!({"run_id": run.id, "key": "mlflow.source.git.commit", "value": commit});
    server.did("runs/set-tag", tag).await?;
    server.model(&model).await?;
    let version = server.version(&model, &run).await?;
    server.alias(&model, "champion", &version).await?;
    let found = read(&make(&mut shop).await?)?;
    let found = version_of(&found, &model, &version)?;
    expect::equal("the version's run", run.id.as_str(), expect::text(found, "/run/run_id")?)?;
    expect::equal("the version's code", commit.as_str(), expect::text(found, "/code/commit")?)?;
    expect::equal("the version's aliases", &json!(["champion"]), expect::at(found, "/aliases")?)?;
    let of_training = |data: &&Value| data["context"] == "training";
    let data = expect::list(found, "/data").iter().find(of_training).map(|data| data["digest"].clone());
    expect::equal("the digest of the version's training set", &Some(json!(digest(&set.path)?)), &data)?;
    let name = |it: &Value| format!("{}:{}", it["view"].as_str().unwrap_or(""), it["feature"].as_str().unwrap_or(""));
    let features: BTreeSet<_> = expect::list(found, "/features").iter().map(name).collect();
    expect::equal("the version's features", &REFERENCES.iter().map(|it| (*it).to_owned()).collect(), &features)
}

pub(super) const REGISTRY: Check = Check {
    id: "the-catalogue-holds-the-registry",
    title: "The catalogue holds what the feature registry defines: views with their entities and features, and services",
    follows: &[],
    needs: CATALOGUES,
    limit: LIMIT,
    exclusive: false,
    run: |ctx| Box::pin(registry(ctx)),
};

async fn registry(ctx: Context) -> Result<(), Fault> {
    let found = read(&make(&mut Shop::open(&ctx)?).await?)?;
    let views = expect::list(&found, "/registry/feature_views");
    for (view, entity, features) in [
        ("customer_spend", "customer", BTreeSet::from(["payments_7d", "amount_mean_7d", "country"])),
        ("merchant_risk", "merchant", BTreeSet::from(["chargeback_rate", "reviews"])),
    ] {
        let found = views.iter().find(|it| it["name"] == view).ok_or_else(|| {
            Fault::failed("registry.feature_views of catalogue.json", format!("one named {view}"), format!("{views:?}"))
        })?;
        expect::equal(&format!("the entities of {view}"), &json!([entity]), expect::at(found, "/entities")?)?;
        let names = expect::list(found, "/features").iter().filter_map(|it| it["name"].as_str()).collect();
        expect::equal(&format!("the features of {view}"), &features, &names)?;
    }
    let services = expect::texts(&found, "/registry/feature_services", "/name");
    expect::equal("the feature services", &vec!["fraud_v1".to_owned()], &services)
}

pub(super) const GAPS: Check = Check {
    id: "missing-links-are-named",
    title: "A version without a run, and a run without data, features and code, are named as gaps, in the file and on the page",
    follows: &["the-catalogue-holds-the-registry"],
    needs: CATALOGUES,
    limit: LIMIT,
    exclusive: false,
    run: |ctx| Box::pin(gaps(ctx)),
};

async fn gaps(ctx: Context) -> Result<(), Fault> {
    let (mut shop, server, model) = (Shop::open(&ctx)?, ctx.tracking()?, ctx.name("model"));
    server.model(&model).await?;
    let bare = shop.run().await?;
    server.version(&model, &bare).await?;
    let gone: Run = shop.run().await?;
    let source = format!("mlflow-artifacts:/{}/model", gone.artifacts);
    server.did("model-versions/create", json!({"name": model, "source": source})).await?;
    let folder = make(&mut shop).await?;
    let found = read(&folder)?;
    let of = |version: &str| -> BTreeSet<String> {
        let about = |gap: &&Value| {
            let subject = gap["subject"].as_str().unwrap_or_default();
            subject.contains(&model) && subject.ends_with(&format!(" {version}"))
        };
        let missing = |gap: &Value| gap["missing"].as_str().unwrap_or_default().to_owned();
        expect::list(&found, "/gaps").iter().filter(about).map(missing).collect()
    };
    let bare: BTreeSet<String> = ["code", "data", "features"].map(str::to_owned).into();
    expect::equal("the gaps of a version whose run says nothing", &bare, &of("1"))?;
    expect::equal("the gaps of a version without a run", &BTreeSet::from(["run".to_owned()]), &of("2"))?;
    let page = page(&folder)?;
    expect::holds(
        "index.html",
        page.contains(&model) && page.contains("gap"),
        "the model, and the word gap",
        page.len(),
    )
}

pub(super) const PAGE: Check = Check {
    id: "the-page-stands-alone",
    title: "The page has a search field, asks for nothing from elsewhere, escapes names, and each link in it leads somewhere",
    follows: &["the-catalogue-holds-the-registry"],
    needs: CATALOGUES,
    limit: LIMIT,
    exclusive: false,
    run: |ctx| Box::pin(stands_alone(ctx)),
};

async fn stands_alone(ctx: Context) -> Result<(), Fault> {
    let (mut shop, server) = (Shop::open(&ctx)?, ctx.tracking()?);
    let model = format!("{} <b onload=x>", ctx.name("model"));
    server.model(&model).await?;
    server.version(&model, &shop.run().await?).await?;
    let page = page(&make(&mut shop).await?)?;
    expect::holds("a model's name in index.html", !page.contains("<b onload"), "escaped", "as it was given")?;
    expect::holds("index.html", page.contains("<input"), "a field to search with", "no <input")?;
    let elsewhere = ["<link ", " src=", "@import", "url("].into_iter().find(|asset| page.contains(asset));
    expect::equal("what index.html asks for from elsewhere", &None, &elsewhere)?;
    let links: Vec<_> = page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    expect::holds("the links within index.html", !links.is_empty(), "at least one", links.len())?;
    let dead: BTreeSet<_> = links.into_iter().filter(|link| !page.contains(&format!("id=\"{link}\""))).collect();
    expect::equal("the links within index.html that lead nowhere", &BTreeSet::new(), &dead)
}

/// Has the catalogue made in a folder of its own.
async fn make(shop: &mut Shop) -> Result<std::path::PathBuf, Fault> {
    let folder = shop.path("catalogue");
    shop.did("catalogue", &[&folder.display().to_string()]).await?;
    Ok(folder)
}

fn page(folder: &Path) -> Result<String, Fault> {
    let path = folder.join("index.html");
    std::fs::read_to_string(&path)
        .map_err(|error| Fault::failed(path.display().to_string(), "a page", error.to_string()))
}

fn read(folder: &Path) -> Result<Value, Fault> {
    let path = folder.join("catalogue.json");
    let text = std::fs::read(&path)
        .map_err(|error| Fault::failed(path.display().to_string(), "a JSON file", error.to_string()))?;
    serde_json::from_slice(&text).map_err(|error| Fault::failed("catalogue.json", "JSON", error.to_string()))
}

fn version_of<'a>(catalogue: &'a Value, model: &str, version: &str) -> Result<&'a Value, Fault> {
    let of_model = expect::list(catalogue, "/models").iter().find(|it| it["name"] == model);
    let is_it = |it: &&Value| it["version"].to_string().trim_matches('"') == version;
    of_model.and_then(|it| expect::list(it, "/versions").iter().find(is_it)).ok_or_else(|| {
        Fault::failed(
            "models of catalogue.json",
            format!("{model} with version {version}"),
            "neither or only the model",
        )
    })
}
