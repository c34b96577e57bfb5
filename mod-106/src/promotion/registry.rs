//! The tracking server's end of promotion: reading a model as plain data, and doing one step. It decides nothing.

use super::approval::{Approval, among, key_of};
use super::decide::View;
use super::error::Error;
use super::facts::{Evidence, Facts};
use super::lease::Lease;
use super::operation::{Operation, Step};
use super::slots::{Aliases, Slot};
use crate::audit::digest_text;
use crate::client::{
    ArtifactPath, ArtifactRoot, Client, ModelName, ModelVersion, RegisteredModel, RegistrySearch, Run, RunId, Tag,
    VersionNumber,
};
use futures::{StreamExt, TryStreamExt};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

const LOCK: &str = "promotion.lock";
const JOURNAL: &str = "promotion.journal";
const AUDIT_HEAD: &str = "promotion.audit_head";
const POISONED: &str = "promotion.poisoned";
/// MLflow 2.22 takes 5,000 characters in a tag of the registry.
const LONGEST_TAG: usize = 4_900;

/// One registered model on a tracking server.
#[derive(Debug, Clone)]
pub struct Registry {
    client: Client,
    name: ModelName,
}

/// What changes under our feet, read in one request: aliases, journal and lease.
#[derive(Debug, Clone, PartialEq)]
pub struct Moment {
    /// Who stands where.
    pub aliases: Aliases,
    /// The last operation.
    pub last: Option<Operation>,
    /// Who may change the model.
    pub lease: Option<Lease>,
}

impl Registry {
    /// A model that exists.
    ///
    /// # Errors
    /// [`Error::NoSuchModel`] lists those that do.
    pub async fn open(client: Client, name: ModelName) -> Result<Self, Error> {
        match client.model(&name).await {
            Ok(_) => Ok(Self { client, name }),
            Err(error) if error.is_not_found() => {
                let models = client.search_models(RegistrySearch { page_size: 20, ..RegistrySearch::default() });
                let known: Vec<_> = models.take(20).map_ok(|model| model.name.to_string()).try_collect().await?;
                Err(Error::NoSuchModel { name: name.to_string(), known })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The model's name.
    pub fn name(&self) -> &ModelName {
        &self.name
    }

    /// Aliases, journal and lease, now.
    ///
    /// # Errors
    /// [`Error::Tag`] when one of our tags holds what we never wrote.
    pub async fn moment(&self) -> Result<Moment, Error> {
        let model = self.client.model(&self.name).await?;
        Ok(Moment {
            aliases: aliases_of(&model),
            last: self.parse(&model.tags, JOURNAL)?,
            lease: self.parse(&model.tags, LOCK)?,
        })
    }

    /// All that decisions are made from.
    ///
    /// # Errors
    /// As [`Registry::moment`].
    pub async fn view(&self) -> Result<View, Error> {
        let moment = self.moment().await?;
        let versions = self.client.versions_of(&self.name).await?;
        let poisoned = versions.iter().filter(|version| tag(&version.tags, POISONED).is_some());
        Ok(View {
            poisoned: poisoned.map(|version| version.version).collect(),
            versions: versions.iter().map(|version| version.version).collect(),
            aliases: moment.aliases,
            last: moment.last,
        })
    }

    /// What is known about a version.
    ///
    /// # Errors
    /// When the server does not answer. What it does not *have* is a fact, not an error.
    pub async fn facts(&self, number: VersionNumber) -> Result<Facts, Error> {
        let version = self.client.version(&self.name, number).await?;
        let run = match RunId::parse(version.run_id.clone()) {
            Ok(id) => match self.client.run(&id).await {
                Ok(run) => Some(run),
                Err(error) if error.is_not_found() => None,
                Err(error) => return Err(error.into()),
            },
            Err(_) => None,
        };
        let of_run = |key: &str| run.as_ref().and_then(|run| run.tag(key)).map(str::to_owned);
        let of_version = |key: &str| tag(&version.tags, key).map(str::to_owned);
        let started_by = run.as_ref().map(|run| run.info.user_id.clone()).filter(|user| !user.is_empty());
        let (approvals, unreadable_approvals) = among(&version.tags);
        Ok(Facts {
            version: number,
            author: of_version("promotion.author").or(started_by).or_else(|| of_run("mlflow.user")),
            poisoned: of_version(POISONED),
            tests: of_version("tests.status").or_else(|| of_run("tests.status")),
            validation: of_version("validation.status"),
            report_digest: of_version("validation.report_digest"),
            validated: of_version("validation.time"),
            report: self.report(run.as_ref()).await,
            signature: self.signature(&version).await,
            approvals,
            unreadable_approvals,
            review: None,
        })
    }

    async fn report(&self, run: Option<&Run>) -> Evidence<String> {
        let Some(run) = run else { return Evidence::Absent };
        let root = match ArtifactRoot::resolve(&run.info.artifact_uri, self.client.tracking_uri()) {
            Ok(root) => root,
            Err(error) => return Evidence::Unknown(error.to_string()),
        };
        match self.file(&root, "validation/report.json").await {
            Evidence::Found(bytes) => Evidence::Found(digest_text(&Sha256::digest(&bytes))),
            Evidence::Absent => Evidence::Absent,
            Evidence::Unknown(reason) => Evidence::Unknown(reason),
        }
    }

    async fn signature(&self, version: &ModelVersion) -> Evidence<bool> {
        let root = async {
            let below_run = version.source.strip_prefix("runs:/").and_then(|rest| rest.split_once('/'));
            match below_run {
                Some((run, path)) => {
                    let run = self.client.run(&RunId::parse(run)?).await?;
                    let uri = format!("{}/{}", run.info.artifact_uri, path.trim_matches('/'));
                    ArtifactRoot::resolve(&uri, self.client.tracking_uri())
                }
                None => {
                    let uri = self.client.version_download_uri(&self.name, version.version).await?;
                    ArtifactRoot::resolve(&uri, self.client.tracking_uri())
                }
            }
        };
        let root = match root.await {
            Ok(root) => root,
            Err(error) => return Evidence::Unknown(error.to_string()),
        };
        match self.file(&root, "MLmodel").await {
            Evidence::Found(bytes) => match serde_saphyr::from_slice::<MlModel>(&bytes) {
                Ok(model) => Evidence::Found(model.is_signed()),
                Err(error) => Evidence::Unknown(format!("it is not the YAML that MLflow writes: {error}")),
            },
            Evidence::Absent => Evidence::Absent,
            Evidence::Unknown(reason) => Evidence::Unknown(reason),
        }
    }

    /// A small file, when it is there. It is listed first: servers differ in what they answer to a download of nothing.
    async fn file(&self, root: &ArtifactRoot, path: &str) -> Evidence<Vec<u8>> {
        let fetch = async {
            let path = ArtifactPath::parse(path)?;
            let listed = match self.client.list_artifacts(root, path.parent().as_ref()).await {
                Ok(listed) => listed,
                Err(error) if error.is_not_found() => return Ok(None),
                Err(error) => return Err(error),
            };
            if !listed.iter().any(|file| !file.is_dir && file.path.rsplit('/').next() == Some(path.name())) {
                return Ok(None);
            }
            self.client.download_bytes(root, &path).await.map(Some)
        };
        match fetch.await {
            Ok(Some(bytes)) => Evidence::Found(bytes),
            Ok(None) => Evidence::Absent,
            Err(error) => Evidence::Unknown(error.to_string()),
        }
    }

    /// Does one step of an operation.
    ///
    /// # Errors
    /// What the server says.
    pub async fn apply(&self, operation: &Operation, step: Step) -> Result<(), Error> {
        match step {
            Step::Poison(version) => {
                let mark = serde_json::json!({ "time": operation.time, "actor": operation.actor, "reason": operation.reason,
                    "operation": operation.operation });
                self.note(version, POISONED, &mark.to_string()).await
            }
            Step::Point(slot, version) => Ok(self.client.set_alias(&self.name, slot.alias(), version).await?),
            Step::Remove(slot) => Ok(self.client.delete_alias(&self.name, slot.alias()).await?),
            Step::Mark(version, mark) => self.note(version, "promotion.stage", mark).await,
            Step::Record => {
                let record = serde_json::json!({ "operation": operation.operation, "token": operation.token,
                    "kind": operation.kind, "target": operation.target, "actor": operation.actor, "time": operation.time,
                    "reason": operation.reason });
                let key = format!("promotion.step.{:06}", operation.operation);
                self.note(operation.version, &key, &record.to_string()).await
            }
        }
    }

    /// Sets a tag of a version. A version that was deleted meanwhile needs no note.
    ///
    /// # Errors
    /// What the server says.
    pub async fn note(&self, version: VersionNumber, key: &str, value: &str) -> Result<(), Error> {
        let value: String = value.chars().take(LONGEST_TAG).collect();
        match self.client.set_version_tag(&self.name, version, &Tag::new(key, value)).await {
            Err(error) if error.is_not_found() => Ok(()),
            done => Ok(done?),
        }
    }

    /// Writes an approval on its version.
    ///
    /// # Errors
    /// What the server says.
    pub async fn approve(&self, approval: &Approval) -> Result<(), Error> {
        let value = serde_json::to_string(approval).unwrap_or_default();
        Ok(self
            .client
            .set_version_tag(&self.name, approval.version, &Tag::new(key_of(&approval.approver), value))
            .await?)
    }

    pub(super) async fn write_journal(&self, operation: &Operation) -> Result<(), Error> {
        self.write(JOURNAL, &serde_json::to_string(operation).unwrap_or_default()).await
    }

    pub(super) async fn write_lease(&self, lease: &Lease) -> Result<(), Error> {
        self.write(LOCK, &serde_json::to_string(lease).unwrap_or_default()).await
    }

    pub(super) async fn remove_lease(&self) -> Result<(), Error> {
        Ok(self.client.delete_model_tag(&self.name, LOCK).await?)
    }

    pub(super) async fn write_audit_head(&self, head: &str) -> Result<(), Error> {
        self.write(AUDIT_HEAD, head).await
    }

    async fn write(&self, key: &str, value: &str) -> Result<(), Error> {
        Ok(self.client.set_model_tag(&self.name, &Tag::new(key, value)).await?)
    }

    fn parse<T: DeserializeOwned>(&self, tags: &[Tag], key: &str) -> Result<Option<T>, Error> {
        let Some(text) = tag(tags, key).filter(|text| !text.is_empty()) else { return Ok(None) };
        serde_json::from_str(text).map(Some).map_err(|error| Error::Tag {
            tag: key.to_owned(),
            subject: format!("model {}", self.name),
            problem: error.to_string(),
            value: text.chars().take(120).collect(),
        })
    }
}

/// What promotion reads of an `MLmodel` file: <https://mlflow.org/docs/2.22.0/models#model-signature>.
#[derive(Deserialize)]
struct MlModel {
    signature: Option<Signature>,
}

#[derive(Deserialize)]
struct Signature {
    inputs: Option<String>,
    outputs: Option<String>,
}

impl MlModel {
    /// Both sides are there, and are lists with something in them.
    fn is_signed(&self) -> bool {
        let filled = |side: &Option<String>| {
            let list = side.as_deref().and_then(|text| serde_json::from_str::<serde_json::Value>(text).ok());
            list.is_some_and(|list| list.as_array().is_some_and(|list| !list.is_empty()))
        };
        self.signature.as_ref().is_some_and(|signature| filled(&signature.inputs) && filled(&signature.outputs))
    }
}

fn aliases_of(model: &RegisteredModel) -> Aliases {
    model.aliases.iter().filter_map(|alias| Some((Slot::of(&alias.alias)?, alias.version))).collect()
}

fn tag<'a>(tags: &'a [Tag], key: &str) -> Option<&'a str> {
    tags.iter().find(|tag| tag.key == key).map(|tag| tag.value.as_str())
}
