//! Reads everything about one model version from the tracking server. Artifacts are hashed as they are now, in constant memory:
//! a digest that somebody wrote into a tag is a claim, not evidence.

use super::error::Error;
use crate::audit::digest_text;
use crate::client::{
    self, ArtifactPath, ArtifactRoot, Client, ModelName, ModelVersion, RegisteredModel, RegistrySearch, Run, RunId,
    Tag, VersionNumber,
};
use futures::StreamExt;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// Where a validation leaves its report, among the run's artifacts.
pub(super) const REPORT: &str = "validation/report.json";

/// All that the server knows of one model version.
#[derive(Debug, Clone)]
pub struct Dossier {
    /// The server, without credentials.
    pub server: String,
    /// The registered model.
    pub model: RegisteredModel,
    /// The version in question.
    pub version: ModelVersion,
    /// All versions of the model, by number.
    pub versions: Vec<ModelVersion>,
    /// The run that made it, when it names one that exists.
    pub run: Option<Run>,
    /// The name of the run's experiment.
    pub experiment: Option<String>,
    /// The run's artifacts, by path.
    pub files: Vec<File>,
    /// The validation report's bytes.
    pub report: Option<Vec<u8>>,
}

/// An artifact of the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct File {
    /// Its path below the run's artifacts.
    pub path: String,
    /// Its size.
    pub bytes: Option<u64>,
    /// `sha256:` and 64 hexadecimal digits of what it holds now; absent when the server does not hand it out.
    pub digest: Option<String>,
}

impl Dossier {
    /// A tag of the version, or else of its run. Empty ones say nothing.
    pub fn tag(&self, key: &str) -> Option<&str> {
        let run = self.run.as_ref().map_or(&[][..], |run| &run.data.tags);
        tag(&self.version.tags, key).or_else(|| tag(run, key))
    }

    /// Who made the version: its own tag, or whoever the run says.
    pub fn author(&self) -> Option<&str> {
        let run = self.run.as_ref();
        let user = run.map(|run| run.info.user_id.as_str()).filter(|user| !user.trim().is_empty());
        let tagged = run.and_then(|run| tag(&run.data.tags, "mlflow.user"));
        tag(&self.version.tags, "promotion.author").or(user).or(tagged)
    }

    /// An artifact by its path.
    pub fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// The version that an alias points at.
    pub fn alias(&self, alias: &str) -> Option<VersionNumber> {
        self.model.aliases.iter().find(|known| known.alias == alias).map(|known| known.version)
    }

    /// The aliases of a version, in order.
    pub fn aliases_of(&self, version: VersionNumber) -> Vec<String> {
        let own = self.model.aliases.iter().filter(|alias| alias.version == version);
        let mut names: Vec<_> = own.map(|alias| alias.alias.clone()).collect();
        names.sort();
        names
    }
}

/// A tag's value that is not blank.
pub(super) fn tag<'a>(tags: &'a [Tag], key: &str) -> Option<&'a str> {
    tags.iter().find(|tag| tag.key == key).map(|tag| tag.value.as_str()).filter(|value| !value.trim().is_empty())
}

/// Reads a version, by number or alias.
///
/// # Errors
/// [`Error::Unknown`] names what there is instead; otherwise what the client says.
pub async fn read(client: &Client, name: &ModelName, version: &str) -> Result<Dossier, Error> {
    let server = client.tracking_uri().to_owned();
    let model = match client.model(name).await {
        Ok(model) => model,
        Err(error) if error.is_not_found() => return Err(unknown_model(client, name, server).await?),
        Err(error) => return Err(error.into()),
    };
    let versions = versions_of(client, name).await?;
    let aliased = model.aliases.iter().find(|alias| alias.alias == version).map(|alias| alias.version);
    let wanted = aliased.or_else(|| version.parse().ok());
    let Some(found) = versions.iter().find(|known| Some(known.version) == wanted).cloned() else {
        return Err(unknown_version(&model, &versions, version, server));
    };
    let run = run_of(client, &found).await?;
    let experiment = match &run {
        Some(run) => Some(client.experiment(&run.info.experiment_id).await?.name),
        None => None,
    };
    let (files, report) = match &run {
        Some(run) => artifacts(client, run).await?,
        None => (Vec::new(), None),
    };
    Ok(Dossier { server, model, version: found, versions, run, experiment, files, report })
}

/// A run by its id; `None` when it is gone.
pub(super) async fn run_of(client: &Client, version: &ModelVersion) -> Result<Option<Run>, Error> {
    let Ok(id) = RunId::parse(version.run_id.clone()) else { return Ok(None) };
    match client.run(&id).await {
        Ok(mut run) => {
            // Servers differ in their order; documents must not.
            run.data.params.sort();
            run.data.tags.sort();
            run.data.metrics.sort_by(|one, other| one.key.cmp(&other.key));
            run.inputs.dataset_inputs.sort_by(|one, other| {
                (&one.dataset.name, &one.dataset.digest).cmp(&(&other.dataset.name, &other.dataset.digest))
            });
            Ok(Some(run))
        }
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

async fn versions_of(client: &Client, name: &ModelName) -> Result<Vec<ModelVersion>, Error> {
    let mut versions = client.versions_of(name).await?;
    for version in &mut versions {
        version.tags.sort();
        version.aliases.sort();
    }
    Ok(versions)
}

async fn artifacts(client: &Client, run: &Run) -> Result<(Vec<File>, Option<Vec<u8>>), Error> {
    let root = match ArtifactRoot::resolve(&run.info.artifact_uri, client.tracking_uri()) {
        Ok(root) => Some(root),
        Err(client::Error::NotProxied { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    let (mut files, mut report) = (Vec::new(), None);
    let mut folders: Vec<Option<ArtifactPath>> = vec![None];
    while let Some(folder) = folders.pop() {
        for entry in client.list_run_artifacts(&run.info.run_id, folder.as_ref()).await? {
            let path = ArtifactPath::parse(entry.path)?;
            if entry.is_dir {
                folders.push(Some(path));
                continue;
            }
            let digest = match &root {
                Some(root) => Some(digest(client, root, &path).await?),
                None => None,
            };
            if let Some(root) = root.as_ref().filter(|_| path.as_str() == REPORT) {
                report = Some(client.download_bytes(root, &path).await?);
            }
            let bytes = entry.file_size.and_then(|size| u64::try_from(size).ok());
            files.push(File { path: path.as_str().to_owned(), bytes, digest });
        }
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    Ok((files, report))
}

async fn digest(client: &Client, root: &ArtifactRoot, path: &ArtifactPath) -> Result<String, Error> {
    let mut hasher = Sha256::new();
    let mut content = std::pin::pin!(client.download(root, path).await?);
    while let Some(chunk) = content.next().await {
        hasher.update(&chunk?);
    }
    Ok(digest_text(&hasher.finalize()))
}

/// A digest as documents and tags write it.
pub(super) fn digest_of(bytes: &[u8]) -> String {
    digest_text(&Sha256::digest(bytes))
}

async fn unknown_model(client: &Client, name: &ModelName, server: String) -> Result<Error, Error> {
    let search = RegistrySearch { page_size: 20, ..RegistrySearch::default() };
    let page = client.search_models_page(&search, None).await?;
    let names: Vec<_> = page.items.iter().map(|model| format!("{:?}", model.name.as_str())).collect();
    let known = if names.is_empty() {
        "the registry is empty: register a model first, as with `mod-106 models create`".to_owned()
    } else {
        format!("there are {}; `mod-106 models list` shows all", names.join(", "))
    };
    Ok(Error::Unknown { what: format!("model {:?}", name.as_str()), server, known })
}

fn unknown_version(model: &RegisteredModel, versions: &[ModelVersion], wanted: &str, server: String) -> Error {
    let numbers: Vec<_> = versions.iter().map(|version| version.version.to_string()).collect();
    let aliases: Vec<_> = model.aliases.iter().map(|alias| format!("{}={}", alias.alias, alias.version)).collect();
    let known = match (numbers.is_empty(), aliases.is_empty()) {
        (true, _) => "it has no versions yet".to_owned(),
        (false, true) => format!("it has the versions {} and no aliases", numbers.join(", ")),
        (false, false) => format!("it has the versions {} and the aliases {}", numbers.join(", "), aliases.join(", ")),
    };
    Error::Unknown { what: format!("version {wanted:?} of model {:?}", model.name.as_str()), server, known }
}
