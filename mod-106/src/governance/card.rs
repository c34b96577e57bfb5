//! The model card: what the version is, what it is for, what it learnt from, how well it does, and who let it through. After Mitchell
//! et al., "Model Cards for Model Reporting" (2019), as far as records can fill it; what they cannot is a gap.

use super::approval::ApprovalRecord;
use super::dossier::{Dossier, File};
use super::report::{Expectation, Metric, Report};
use super::stated::{Stated, stated};
use super::trail::{ChainState, TrailFacts};
use crate::audit::Entry;
use crate::client::CONTEXT_TAG;
use serde::Serialize;

/// Everything that the card says.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Card {
    /// The model's name.
    pub model: String,
    /// The version's number.
    pub version: String,
    /// Where to see it.
    pub link: String,
    /// The aliases that point at the version.
    pub aliases: Vec<String>,
    /// What the server says about its files.
    pub status: String,
    /// The model's description.
    pub description: Option<String>,
    /// The version's description.
    pub version_description: Option<String>,
    /// Where its files lie.
    pub source: String,
    /// Milliseconds since 1970.
    pub created: Option<i64>,
    /// What only people can say.
    pub stated: Vec<Stated>,
    /// Who made it.
    pub author: Option<String>,
    /// The run that made it.
    pub run: Option<RunFacts>,
    /// What the run read.
    pub data: Vec<Data>,
    /// The run's params.
    pub params: Vec<Pair>,
    /// The run's metrics, each with the validation's verdict.
    pub metrics: Vec<MetricFacts>,
    /// The validation report and what the registry says of it.
    pub validation: Report,
    /// How well it does for parts of the data.
    pub slices: Vec<Metric>,
    /// What the validation did not let pass.
    pub concerns: Vec<Expectation>,
    /// The run's artifacts.
    pub files: Vec<File>,
    /// Who approved it.
    pub approvals: ApprovalRecord,
    /// The audit trail's entries about this version.
    pub history: Vec<Entry>,
    /// Whether the trail can be believed.
    pub trail: ChainState,
    /// What is wrong with it.
    pub trail_problem: Option<String>,
    /// All versions of the model.
    pub versions: Vec<VersionFacts>,
    /// What is not recorded, and how to record it.
    pub gaps: Vec<Gap>,
}

/// The run that made the version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunFacts {
    /// Its id.
    pub id: String,
    /// Where to see it.
    pub link: String,
    /// Its name.
    pub name: String,
    /// Its experiment's name.
    pub experiment: Option<String>,
    /// How it ended.
    pub status: String,
    /// Milliseconds since 1970.
    pub started: Option<i64>,
    /// Milliseconds since 1970.
    pub ended: Option<i64>,
    /// The code's revision.
    pub commit: Option<String>,
    /// The code's repository.
    pub repository: Option<String>,
    /// The program that ran.
    pub program: Option<String>,
}

/// A dataset that the run read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Data {
    /// Its name.
    pub name: String,
    /// Its digest, as the run recorded it.
    pub digest: String,
    /// What it was used for.
    pub context: Option<String>,
    /// Where it comes from.
    pub source: String,
}

/// A param.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pair {
    /// Its key.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// A metric with the validation's verdict.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MetricFacts {
    /// Its key.
    pub key: String,
    /// Its latest value, as text: JSON has no word for NaN.
    pub value: String,
    /// The validation's verdict.
    pub verdict: Option<String>,
    /// What was allowed.
    pub allowed: Option<String>,
}

/// Another version, in one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VersionFacts {
    /// Its number.
    pub version: String,
    /// Milliseconds since 1970.
    pub created: Option<i64>,
    /// The aliases that point at it.
    pub aliases: Vec<String>,
    /// The tag `promotion.stage`.
    pub stage: Option<String>,
    /// The tag `validation.status`.
    pub validation: Option<String>,
    /// Its run.
    pub run: String,
    /// Whether it is the card's own.
    pub this: bool,
}

/// Something that is not recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// What is missing.
    pub what: String,
    /// How to record it.
    pub how: String,
}

impl Card {
    /// The card of a version; approvals were judged before, at a time.
    pub fn new(dossier: &Dossier, trail: &TrailFacts, approvals: ApprovalRecord) -> Self {
        let validation = Report::of(dossier);
        let subject = subject(dossier);
        let (slices, concerns) = measured(&validation);
        let mut card = Self {
            model: dossier.model.name.to_string(),
            version: dossier.version.version.to_string(),
            link: version_link(dossier),
            aliases: dossier.aliases_of(dossier.version.version),
            status: word(dossier.version.status),
            description: said(&dossier.model.description),
            version_description: said(&dossier.version.description),
            source: dossier.version.source.clone(),
            created: dossier.version.creation_timestamp,
            stated: stated(dossier),
            author: dossier.author().map(str::to_owned),
            run: run_facts(dossier),
            data: data(dossier),
            params: params(dossier),
            metrics: metrics(dossier, &validation),
            validation,
            slices,
            concerns,
            files: dossier.files.clone(),
            approvals,
            history: trail.about(&subject).into_iter().cloned().collect(),
            trail: trail.chain,
            trail_problem: trail.problem.clone(),
            versions: versions(dossier),
            gaps: Vec::new(),
        };
        card.gaps = card.find_gaps();
        card
    }

    fn find_gaps(&self) -> Vec<Gap> {
        let gap = |what: &str, how: &str| Gap { what: what.to_owned(), how: how.to_owned() };
        let stated = self.stated.iter().filter(|stated| stated.value.is_none());
        let mut gaps: Vec<_> = stated.map(|stated| gap(&stated.title, &stated.how)).collect();
        let mut missing = |absent: bool, what: &str, how: &str| {
            if absent {
                gaps.push(gap(what, how));
            }
        };
        missing(self.description.is_none(), "Description", "describe the model: `mod-106 models describe MODEL TEXT`");
        missing(self.author.is_none(), "Author", "set the tag `promotion.author` of the version");
        missing(self.run.is_none(), "Run", "register versions from a run, so that they can be traced to one");
        missing(
            self.run.as_ref().is_some_and(|run| run.commit.is_none()),
            "Code revision",
            "set the run's tag `mlflow.source.git.commit`, as the Python client does within a checkout",
        );
        missing(self.data.is_empty(), "Training data", "log the run's datasets with their digests (`runs/log-inputs`)");
        missing(self.metrics.is_empty(), "Metrics", "log metrics to the run");
        for what in &self.validation.missing {
            missing(
                true,
                &format!("Validation: {what}"),
                "validate the version: `mod-106 validate SPEC --log-to-run …`",
            );
        }
        missing(self.slices.is_empty(), "Slices", "name slices in the validation's spec, under `performance`");
        missing(self.trail == ChainState::NotGiven, "Audit trail", "give the trail with `--trail FILE`");
        gaps
    }
}

/// How the audit trail names this version.
pub(super) fn subject(dossier: &Dossier) -> String {
    format!("model:{}/{}", dossier.model.name, dossier.version.version)
}

/// Where MLflow's interface shows the version.
pub(super) fn version_link(dossier: &Dossier) -> String {
    let name = percent_encoding::utf8_percent_encode(dossier.model.name.as_str(), percent_encoding::NON_ALPHANUMERIC);
    format!("{}/#/models/{name}/versions/{}", dossier.server, dossier.version.version)
}

/// Where MLflow's interface shows the run.
pub(super) fn run_link(dossier: &Dossier) -> Option<String> {
    let run = &dossier.run.as_ref()?.info;
    Some(format!("{}/#/experiments/{}/runs/{}", dossier.server, run.experiment_id, run.run_id))
}

fn said(text: &str) -> Option<String> {
    (!text.trim().is_empty()).then(|| text.to_owned())
}

/// A status as its JSON says it.
fn word(status: impl Serialize) -> String {
    serde_json::to_value(status).ok().and_then(|value| value.as_str().map(str::to_lowercase)).unwrap_or_default()
}

fn run_facts(dossier: &Dossier) -> Option<RunFacts> {
    let run = dossier.run.as_ref()?;
    let tag = |key: &str| run.tag(key).filter(|value| !value.is_empty()).map(str::to_owned);
    Some(RunFacts {
        id: run.info.run_id.to_string(),
        link: run_link(dossier).unwrap_or_default(),
        name: run.info.run_name.clone(),
        experiment: dossier.experiment.clone(),
        status: word(run.info.status),
        started: run.info.start_time,
        ended: run.info.end_time,
        commit: tag("mlflow.source.git.commit"),
        repository: tag("mlflow.source.git.repoURL"),
        program: tag("mlflow.source.name"),
    })
}

fn data(dossier: &Dossier) -> Vec<Data> {
    let inputs = dossier.run.iter().flat_map(|run| &run.inputs.dataset_inputs);
    let one = |input: &crate::client::DatasetInput| Data {
        name: input.dataset.name.clone(),
        digest: input.dataset.digest.clone(),
        context: super::dossier::tag(&input.tags, CONTEXT_TAG).map(str::to_owned),
        source: input.dataset.address(),
    };
    inputs.map(one).collect()
}

fn params(dossier: &Dossier) -> Vec<Pair> {
    let params = dossier.run.iter().flat_map(|run| &run.data.params);
    params.map(|param| Pair { key: param.key.clone(), value: param.value.clone() }).collect()
}

fn metrics(dossier: &Dossier, report: &Report) -> Vec<MetricFacts> {
    let metrics = dossier.run.iter().flat_map(|run| &run.data.metrics);
    let one = |metric: &crate::client::Metric| {
        let judged = report.verdict_on(&metric.key);
        MetricFacts {
            key: metric.key.clone(),
            value: metric.value.to_string(),
            verdict: judged.map(|judged| judged.verdict.clone()),
            allowed: judged.and_then(|judged| judged.threshold.as_ref()).and_then(allowed),
        }
    };
    metrics.map(one).collect()
}

fn allowed(threshold: &super::report::Threshold) -> Option<String> {
    match (threshold.min, threshold.max) {
        (Some(min), Some(max)) => Some(format!("{min} to {max}")),
        (Some(min), None) => Some(format!("at least {min}")),
        (None, Some(max)) => Some(format!("at most {max}")),
        (None, None) => threshold.words.clone(),
    }
}

/// Figures of slices, and expectations that were not met.
fn measured(report: &Report) -> (Vec<Metric>, Vec<Expectation>) {
    let Some(content) = &report.content else { return (Vec::new(), Vec::new()) };
    let metrics = content.performance.iter().flat_map(|performance| &performance.metrics);
    let concerns = content.expectations.iter().filter(|expectation| expectation.verdict != "passed");
    (metrics.filter(|metric| !metric.slice.is_empty()).cloned().collect(), concerns.cloned().collect())
}

fn versions(dossier: &Dossier) -> Vec<VersionFacts> {
    let tag =
        |version: &crate::client::ModelVersion, key: &str| super::dossier::tag(&version.tags, key).map(str::to_owned);
    let one = |version: &crate::client::ModelVersion| VersionFacts {
        version: version.version.to_string(),
        created: version.creation_timestamp,
        aliases: dossier.aliases_of(version.version),
        stage: tag(version, "promotion.stage"),
        validation: tag(version, "validation.status"),
        run: version.run_id.clone(),
        this: version.version == dossier.version.version,
    };
    dossier.versions.iter().map(one).collect()
}
