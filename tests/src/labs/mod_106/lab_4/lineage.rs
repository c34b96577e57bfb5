//! Lineage: the tracking server knows the training set by the digest of its bytes, and what it was made from.

use super::shop::{REFERENCES, Shop, Wanted};
use crate::{
    check::{Check, Fault, Need},
    context::Context,
    expect,
    wire::hex,
};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::{collections::BTreeSet, path::Path, time::Duration};

const LIMIT: Duration = Duration::from_secs(180);
const NEEDS: &[Need] = &[Need::Command("ingest"), Need::Command("training-set")];

pub(super) const REPRODUCIBLE: Check = Check {
    id: "the-same-inputs-give-the-same-bytes",
    title: "Making a training set twice gives the same bytes; other rows give other bytes",
    follows: &["training-sets-keep-every-row"],
    needs: NEEDS,
    limit: LIMIT,
    exclusive: false,
    run: |ctx| Box::pin(reproducible(ctx)),
};

async fn reproducible(ctx: Context) -> Result<(), Fault> {
    let mut shop = Shop::open(&ctx)?;
    let wanted = make_rows(&mut shop).await?;
    let run = shop.run().await?;
    let entities = shop.entities(&wanted)?;
    let (one, two) = (shop.training_set_of(&entities, &run.id).await?, shop.training_set_of(&entities, &run.id).await?);
    let (one, two) = (digest(&one.path)?, digest(&two.path)?);
    expect::equal("the digest of the same training set, made twice", &one, &two)?;
    let other = shop.training_set(&wanted[1..], &run.id).await?;
    expect::holds("the digest of another training set", digest(&other.path)? != one, "another one", &one)
}

pub(super) const DIGEST: Check = Check {
    id: "training-sets-are-known-by-digest",
    title: "The run knows its training set: digest of the bytes, source, columns, number of rows, context `training`",
    follows: &["training-sets-keep-every-row"],
    needs: NEEDS,
    limit: LIMIT,
    exclusive: false,
    run: |ctx| Box::pin(known_by_digest(ctx)),
};

async fn known_by_digest(ctx: Context) -> Result<(), Fault> {
    let mut shop = Shop::open(&ctx)?;
    let wanted = make_rows(&mut shop).await?;
    let run = shop.run().await?;
    let set = shop.training_set(&wanted, &run.id).await?;
    let now = ctx.tracking()?.run_now(&run.id).await?;
    let input = dataset(&now, "training")?;
    expect::equal("the dataset's digest", digest(&set.path)?.as_str(), expect::text(input, "/dataset/digest")?)?;
    let source = expect::text(input, "/dataset/source")?;
    let path = set.path.display().to_string();
    expect::holds("the dataset's source", source.contains(&path), &format!("the file {path}"), source)?;
    let schema = expect::text(input, "/dataset/schema")?;
    let columns = ["customer_id", "label", "payments_7d", "chargeback_rate"];
    let missing: Vec<_> = columns.iter().filter(|name| !schema.contains(&format!("\"{name}\""))).collect();
    expect::holds("the dataset's schema", missing.is_empty(), "every column by name", missing)?;
    let profile: Value = serde_json::from_str(expect::text(input, "/dataset/profile")?).unwrap_or_default();
    expect::equal("`num_rows` of the dataset's profile", &Some(wanted.len() as u64), &profile["num_rows"].as_u64())
}

pub(super) const SOURCES: Check = Check {
    id: "training-sets-name-what-they-are-made-of",
    title: "The run knows the entity rows by digest, each feature view that was read, and the features by name",
    follows: &["training-sets-are-known-by-digest"],
    needs: NEEDS,
    limit: LIMIT,
    exclusive: false,
    run: |ctx| Box::pin(names_sources(ctx)),
};

async fn names_sources(ctx: Context) -> Result<(), Fault> {
    let mut shop = Shop::open(&ctx)?;
    let wanted = make_rows(&mut shop).await?;
    let run = shop.run().await?;
    let entities = shop.entities(&wanted)?;
    shop.training_set_of(&entities, &run.id).await?;
    let now = ctx.tracking()?.run_now(&run.id).await?;
    let input = dataset(&now, "entities")?;
    let expected = digest(Path::new(&entities))?;
    expect::equal("the digest of the entity rows", expected.as_str(), expect::text(input, "/dataset/digest")?)?;
    let with = |input: &&Value| tag(input, "mlflow.data.context") == Some("features");
    let views: BTreeSet<_> = expect::list(&now, "/inputs/dataset_inputs")
        .iter()
        .filter(with)
        .filter_map(|it| tag(it, "features.view"))
        .collect();
    expect::equal("the feature views among the inputs", &BTreeSet::from(["customer_spend", "merchant_risk"]), &views)?;
    let tags = crate::tracking::tags(expect::at(&now, "/data")?);
    let named: BTreeSet<_> = tags.get("features.names").map(|names| names.split(',').collect()).unwrap_or_default();
    expect::equal("the run's tag features.names", &REFERENCES.into_iter().collect::<BTreeSet<_>>(), &named)
}

/// Rows of both views, and entity rows that ask for them.
pub(super) async fn make_rows(shop: &mut Shop) -> Result<Vec<Wanted>, Fault> {
    let mut wanted = Vec::new();
    let (mut spends, mut risks) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        let (customer, merchant) = (shop.customer(), shop.merchant());
        spends.push(shop.spend(customer, shop.ago(5000)));
        risks.push(shop.risk(&merchant, shop.ago(4000)));
        wanted.push(Wanted { customer, merchant, at: shop.ago(3000) });
    }
    shop.ingest_spend(&spends).await?;
    shop.ingest_risk(&risks).await?;
    Ok(wanted)
}

/// The first 32 hexadecimal digits of a file's SHA-256, as the brief says.
pub(super) fn digest(path: &Path) -> Result<String, Fault> {
    let bytes =
        std::fs::read(path).map_err(|error| Fault::failed(path.display().to_string(), "a file", error.to_string()))?;
    Ok(hex(&Sha256::digest(bytes))[..32].to_owned())
}

/// The run's dataset in this role.
pub(super) fn dataset<'a>(run: &'a Value, context: &str) -> Result<&'a Value, Fault> {
    let inputs = expect::list(run, "/inputs/dataset_inputs");
    inputs.iter().find(|input| tag(input, "mlflow.data.context") == Some(context)).ok_or_else(|| {
        let what = format!("the run's dataset inputs with mlflow.data.context = {context}");
        Fault::failed(what, "one", format!("{} inputs in other roles", inputs.len()))
    })
}

fn tag<'a>(input: &'a Value, key: &str) -> Option<&'a str> {
    expect::list(input, "/tags").iter().find(|tag| tag["key"] == key)?["value"].as_str()
}
