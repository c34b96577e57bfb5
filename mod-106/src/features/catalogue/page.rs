//! Writes the catalogue: `catalogue.json` for programs and `index.html` for people, both or neither.
//!
//! The page is one file: its style and its search are inside, and its content security policy lets only that one script run, by its
//! digest. Without scripts it is the same page without the search field.

use super::assemble::Catalogue;
use crate::documents::{Templates, write_all};
use crate::features::error::Error;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::path::Path;

const TEMPLATE: &str = include_str!("page.html.j2");
const SCRIPT: &str = include_str!("search.js");

#[derive(Serialize)]
struct Page<'a> {
    catalogue: &'a Catalogue,
    script: &'a str,
    script_digest: String,
}

/// Writes both files into a folder, which is made when it is not there.
///
/// # Errors
/// When the folder cannot be written; files that were there before are as they were.
pub fn write(folder: &Path, catalogue: &Catalogue) -> Result<(), Error> {
    let mut json = serde_json::to_vec_pretty(catalogue).expect("the catalogue holds text, numbers and lists of them");
    json.push(b'\n');
    let files = [(folder.join("index.html"), render(catalogue)?.into_bytes()), (folder.join("catalogue.json"), json)];
    Ok(write_all(&files)?)
}

fn render(catalogue: &Catalogue) -> Result<String, Error> {
    let templates = Templates::new([("catalogue.html", TEMPLATE)])?;
    let script_digest = STANDARD.encode(Sha256::digest(SCRIPT.as_bytes()));
    Ok(templates.render("catalogue.html", &Page { catalogue, script: SCRIPT, script_digest })?)
}

#[cfg(test)]
mod tests {
    use super::super::{ModelRecord, VersionRecord};
    use super::{Catalogue, render};
    use crate::client::{CONTEXT_TAG, Dataset, DatasetInput, ModelVersion, RegisteredModel, Run, Tag};
    use crate::features::lineage::{CONTEXT_TRAINING, FEATURES_TAG};
    use crate::features::registry::{RegisteredFeature, RegisteredView, Registry};
    use serde_json::json;

    fn run(id: &str, tags: &[(&str, &str)], features: Option<&str>) -> Run {
        let mut run: Run =
            serde_json::from_value(json!({ "info": { "run_id": id, "run_name": "calm-owl", "experiment_id": "3" } }))
                .unwrap();
        run.data.tags = tags.iter().map(|(key, value)| Tag::new(*key, *value)).collect();
        let digest = "0123456789abcdef0123456789abcdef".to_owned();
        let source = json!({ "uri": "/data/train.parquet" }).to_string();
        run.inputs.dataset_inputs.extend(features.map(|features| DatasetInput {
            tags: vec![Tag::new(CONTEXT_TAG, CONTEXT_TRAINING), Tag::new(FEATURES_TAG, features)],
            dataset: Dataset {
                name: "fraud_v1".into(),
                digest,
                source_type: "local".into(),
                source,
                ..Dataset::default()
            },
        }));
        run
    }

    fn version(number: u64, aliases: &[&str], run: Option<Run>) -> VersionRecord {
        let run_id = run.as_ref().map_or("", |run| run.info.run_id.as_str());
        let mut version: ModelVersion =
            serde_json::from_value(json!({ "name": "fraud <b>", "version": number, "run_id": run_id })).unwrap();
        version.aliases = aliases.iter().map(|alias| (*alias).to_owned()).collect();
        VersionRecord { version, run }
    }

    fn example() -> Catalogue {
        let model: RegisteredModel = serde_json::from_value(json!({ "name": "fraud <b>" })).unwrap();
        let commit = [("mlflow.source.git.commit", "275afe188b9b8f87889c339bf0be2f93d1b04949")];
        let versions = vec![
            version(3, &["champion"], Some(run("aaa", &commit, Some("customer_spend:country, merchant_risk:rate")))),
            version(2, &[], Some(run("bbb", &[], None))),
            version(1, &[], None),
        ];
        let feature = RegisteredFeature { name: "country".into(), value_type: "STRING".into(), ..Default::default() };
        let view = RegisteredView { name: "customer_spend".into(), features: vec![feature], ..Default::default() };
        let registry = Registry { project: "payments".into(), feature_views: vec![view], ..Default::default() };
        let models = vec![ModelRecord { model, versions }];
        Catalogue::assemble("http://tracking", models, Some(registry), "2026-03-01T09:30:00Z".to_owned())
    }

    #[test]
    fn each_missing_link_is_a_gap() {
        let gaps: Vec<_> = example().gaps.into_iter().map(|gap| format!("{}: {}", gap.subject, gap.missing)).collect();
        assert_eq!(
            gaps,
            [
                "model fraud <b> version 3: feature merchant_risk:rate",
                "model fraud <b> version 2: code",
                "model fraud <b> version 2: data",
                "model fraud <b> version 2: features",
                "model fraud <b> version 1: run",
            ]
        );
    }

    #[test]
    fn every_link_in_the_page_leads_somewhere() {
        let page = render(&example()).unwrap();
        assert!(!page.contains("<b>") && page.contains("fraud &lt;b&gt;"), "a name became markup");
        let links: Vec<_> = page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert!(links.len() >= 5, "{links:?}");
        for link in links {
            assert_eq!(page.matches(&format!("id=\"{link}\"")).count(), 1, "{link}");
        }
        assert!(!page.contains("src=") && !page.contains("<link"), "an asset from elsewhere");
    }

    #[test]
    fn the_page_reads_well() {
        insta::assert_snapshot!(render(&example()).unwrap().split("<body>").nth(1).unwrap());
    }
}
