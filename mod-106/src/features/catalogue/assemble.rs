//! Puts the two registries side by side: pure, no server and no clock. What a link would lead to and does not is a [`Gap`].

use super::read::{ModelRecord, VersionRecord};
use crate::client::{DatasetInput, Run};
use crate::features::lineage::{self, CONTEXT_TRAINING, FEATURES_TAG, SERVICE_TAG, VIEW_TAG};
use crate::features::registry::{RegisteredView, Registry};
use serde::Serialize;
use std::collections::BTreeSet;

/// Everything that hangs together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Catalogue {
    /// When it was made, as RFC 3339.
    pub generated_at: String,
    /// The tracking server that was asked.
    pub tracking_uri: String,
    /// The models, by name.
    pub models: Vec<CatalogueModel>,
    /// What the feature registry defines; absent when none was given.
    pub registry: Option<Registry>,
    /// Feature views of the registry, each with the model versions that used it.
    pub usage: Vec<ViewUsage>,
    /// Links that lead nowhere.
    pub gaps: Vec<Gap>,
}

/// A model with its versions, newest first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CatalogueModel {
    /// Its name.
    pub name: String,
    /// What it says about itself.
    pub description: String,
    /// Its versions.
    pub versions: Vec<CatalogueVersion>,
}

/// A version and what it came from.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CatalogueVersion {
    /// Its number.
    pub version: u64,
    /// A name for links within the page.
    pub anchor: String,
    /// The aliases that point at it.
    pub aliases: Vec<String>,
    /// The run that made it.
    pub run: Option<CatalogueRun>,
    /// The code that ran.
    pub code: Option<Code>,
    /// The data that was read.
    pub data: Vec<Data>,
    /// The features that were used, as `view:feature`.
    pub features: Vec<UsedFeature>,
    /// The feature service, where one was named.
    pub feature_service: Option<String>,
}

/// A run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CatalogueRun {
    /// Its id.
    pub run_id: String,
    /// Its name.
    pub name: String,
    /// Its experiment.
    pub experiment_id: String,
    /// Where it can be read: the REST route, which every tracking server has; not each has MLflow's pages.
    pub url: String,
}

/// The code that a run ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Code {
    /// The commit.
    pub commit: String,
    /// The repository, where the run says so.
    pub repository: Option<String>,
    /// The script, where the run says so.
    pub source_name: Option<String>,
}

/// A dataset that a run read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Data {
    /// Its name.
    pub name: String,
    /// Its digest.
    pub digest: String,
    /// What kind of place it lies in.
    pub source_type: String,
    /// Where it lies.
    pub source: String,
    /// What it was to the run.
    pub context: String,
}

/// A feature that a run used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UsedFeature {
    /// Its view.
    pub view: String,
    /// Its name; empty where only the view is known.
    pub feature: String,
    /// Whether the registry defines it; unknown without a registry.
    pub registered: Option<bool>,
    /// A name for links within the page, where the registry defines its view.
    pub anchor: Option<String>,
}

/// Who used a feature view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ViewUsage {
    /// The view.
    pub view: String,
    /// A name for links within the page.
    pub anchor: String,
    /// How old a value may be, in words.
    pub time_to_live: String,
    /// Model versions.
    pub used_by: Vec<UsedBy>,
}

/// A model version, for links.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UsedBy {
    /// The model.
    pub model: String,
    /// The version.
    pub version: u64,
    /// A name for links within the page.
    pub anchor: String,
}

/// A link that leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// Whose link: `model NAME version N`.
    pub subject: String,
    /// A name for links within the page.
    pub anchor: String,
    /// What is not there: `run`, `code`, `data`, `features` or one feature.
    pub missing: String,
    /// What to do.
    pub advice: String,
}

impl Catalogue {
    /// Puts everything together.
    pub fn assemble(
        tracking_uri: &str,
        models: Vec<ModelRecord>,
        registry: Option<Registry>,
        generated_at: String,
    ) -> Self {
        let mut gaps = Vec::new();
        let models: Vec<_> = models
            .into_iter()
            .map(|record| {
                let name = record.model.name.to_string();
                let version = |it: &VersionRecord| version(tracking_uri, &name, it, registry.as_ref(), &mut gaps);
                let versions = record.versions.iter().map(version).collect();
                CatalogueModel { description: record.model.description, versions, name }
            })
            .collect();
        let usage = usage(&models, registry.as_ref());
        Self { generated_at, tracking_uri: tracking_uri.to_owned(), models, registry, usage, gaps }
    }
}

fn version(
    tracking_uri: &str,
    model: &str,
    record: &VersionRecord,
    registry: Option<&Registry>,
    gaps: &mut Vec<Gap>,
) -> CatalogueVersion {
    let number = record.version.version.0;
    let subject = format!("model {model} version {number}");
    let anchor = format!("{}-v{number}", anchor("model", model));
    let mut gap = |missing: &str, advice: &str| {
        let (missing, advice) = (missing.to_owned(), advice.to_owned());
        gaps.push(Gap { subject: subject.clone(), anchor: anchor.clone(), missing, advice });
    };
    let run = record.run.as_ref();
    match (run, record.version.run_id.as_str()) {
        (None, "") => gap("run", "register versions with the run that made them (`run_id`)"),
        (None, id) => gap("run", &format!("run {id} is not there; restore it, or register the version again")),
        (Some(_), _) => {}
    }
    let code = run.and_then(code);
    if run.is_some() && code.is_none() {
        gap("code", "set the tag mlflow.source.git.commit on the run: train from a clean checkout");
    }
    let data: Vec<_> = run.map(data).unwrap_or_default();
    if run.is_some() && data.is_empty() {
        gap("data", "log what the run reads (runs/log-inputs, `mod-106 features join --log-to-run`)");
    }
    let features = run.map(|run| features(run, registry)).unwrap_or_default();
    if run.is_some() && features.is_empty() {
        gap(
            "features",
            "say which features the run used (tag features.names; `mod-106 features join --log-to-run` does)",
        );
    }
    for used in features.iter().filter(|used| used.registered == Some(false)) {
        let separator = if used.feature.is_empty() { "" } else { ":" };
        let advice = "the registry does not define it; define it again, or retrain without it";
        gap(&format!("feature {}{separator}{}", used.view, used.feature), advice);
    }
    CatalogueVersion {
        version: number,
        anchor,
        aliases: record.version.aliases.clone(),
        run: run.map(|run| catalogue_run(tracking_uri, run)),
        code,
        data,
        features,
        feature_service: run.and_then(|run| run.tag(SERVICE_TAG)).map(str::to_owned),
    }
}

/// A name that is safe in a link and that nothing else has: letters and digits stay, all else becomes its code.
fn anchor(kind: &str, name: &str) -> String {
    let mut anchor = format!("{kind}-");
    for character in name.chars() {
        match character {
            'a'..='z' | 'A'..='Z' | '0'..='9' => anchor.push(character),
            other => anchor.push_str(&format!("_{:x}_", u32::from(other))),
        }
    }
    anchor
}

fn catalogue_run(tracking_uri: &str, run: &Run) -> CatalogueRun {
    let (experiment, id) = (&run.info.experiment_id, &run.info.run_id);
    CatalogueRun {
        run_id: id.to_string(),
        name: run.info.run_name.clone(),
        experiment_id: experiment.to_string(),
        url: format!("{tracking_uri}/api/2.0/mlflow/runs/get?run_id={id}"),
    }
}

fn code(run: &Run) -> Option<Code> {
    let tag = |key| run.tag(key).filter(|value| !value.is_empty()).map(str::to_owned);
    let commit = tag("mlflow.source.git.commit")?;
    Some(Code { commit, repository: tag("mlflow.source.git.repoURL"), source_name: tag("mlflow.source.name") })
}

fn data(run: &Run) -> Vec<Data> {
    let describe = |input: &DatasetInput| {
        let dataset = &input.dataset;
        Data {
            name: dataset.name.clone(),
            digest: dataset.digest.clone(),
            source_type: dataset.source_type.clone(),
            source: dataset.address(),
            context: lineage::context(input).unwrap_or_default().to_owned(),
        }
    };
    let mut data: Vec<_> = run.inputs.dataset_inputs.iter().map(describe).collect();
    data.sort_by(|one, other| {
        (&one.context, &one.name, &one.digest).cmp(&(&other.context, &other.name, &other.digest))
    });
    data
}

/// From the run's own tag, from the training set's, or at least the views whose files were read.
fn features(run: &Run, registry: Option<&Registry>) -> Vec<UsedFeature> {
    let inputs = &run.inputs.dataset_inputs;
    let of_training = inputs.iter().filter(|input| lineage::context(input) == Some(CONTEXT_TRAINING));
    let named =
        run.tag(FEATURES_TAG).into_iter().chain(of_training.filter_map(|input| lineage::tag(input, FEATURES_TAG)));
    let mut names: BTreeSet<&str> = named.flat_map(|names| names.split(',')).map(str::trim).collect();
    names.remove("");
    if names.is_empty() {
        names = inputs.iter().filter_map(|input| lineage::tag(input, VIEW_TAG)).collect();
    }
    let used = |name: &str| {
        let (view, feature) = name.split_once(':').unwrap_or((name, ""));
        let registered = registry.map(|registry| {
            let views = registry.feature_views.iter().filter(|known| known.name == view);
            views.clone().any(|known| feature.is_empty() || known.features.iter().any(|known| known.name == feature))
        });
        let defined = registry.is_some_and(|registry| registry.feature_views.iter().any(|known| known.name == view));
        let anchor = defined.then(|| anchor("view", view));
        UsedFeature { view: view.to_owned(), feature: feature.to_owned(), registered, anchor }
    };
    names.into_iter().map(used).collect()
}

fn usage(models: &[CatalogueModel], registry: Option<&Registry>) -> Vec<ViewUsage> {
    let views = registry.map(|registry| registry.feature_views.as_slice()).unwrap_or_default();
    let used_by = |view: &str| {
        let mut users = Vec::new();
        for model in models {
            for version in model.versions.iter().filter(|it| it.features.iter().any(|used| used.view == view)) {
                let (model, anchor) = (model.name.clone(), version.anchor.clone());
                users.push(UsedBy { model, version: version.version, anchor });
            }
        }
        users
    };
    let usage = |view: &RegisteredView| ViewUsage {
        view: view.name.clone(),
        anchor: anchor("view", &view.name),
        time_to_live: time_to_live(&view.ttl),
        used_by: used_by(&view.name),
    };
    views.iter().map(usage).collect()
}

/// `604800s` is seven days to people.
fn time_to_live(ttl: &str) -> String {
    let Some(seconds) = ttl.strip_suffix('s').and_then(|seconds| seconds.parse::<u64>().ok()) else {
        return if ttl.is_empty() { "for ever".to_owned() } else { ttl.to_owned() };
    };
    let units = [(86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second")];
    let fits = |(length, _): &&(u64, &str)| seconds % length == 0 && seconds > 0;
    let Some((length, unit)) = units.iter().find(fits) else { return "for ever".to_owned() };
    let count = seconds / length;
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}
