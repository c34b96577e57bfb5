//! The repository: files of one branch, read at one commit, and changed by one commit that lands by compare-and-swap. There is no working
//! tree. When somebody else was faster, the step is taken again from what they left: nobody's commit is ever lost.
//!
//! A commit's time, author and content come from the caller, so that the same steps make the same commits, on whatever machine.

use super::error::Error;
use super::lock::Turn;
use git2::build::TreeUpdateBuilder;
use git2::{Commit, ErrorCode, FileMode, ObjectType, Oid, Repository, Signature, Time, Tree};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Others must be faster so often before we give up.
const ATTEMPTS: u32 = 100;

/// A bare repository and its branch.
pub struct Store {
    repository: Repository,
    path: PathBuf,
    branch: String,
}

/// The branch at one commit.
pub struct Snapshot<'repo> {
    store: &'repo Store,
    commit: Commit<'repo>,
    tree: Tree<'repo>,
}

/// One commit to be made.
#[derive(Debug, Clone)]
pub struct Change {
    /// Paths and their new content.
    pub files: Vec<(String, Vec<u8>)>,
    /// The first line.
    pub title: String,
    /// Paragraphs.
    pub body: Vec<String>,
    /// `Key: value` lines at the end.
    pub trailers: Vec<(&'static str, String)>,
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

impl Store {
    /// Opens a bare repository that has the branch.
    ///
    /// # Errors
    /// [`Error::Repository`]: it is not there, not bare, damaged, or has no such branch.
    pub fn open(path: &Path, branch: &str) -> Result<Self, Error> {
        let failed = |problem: String| Error::Repository { path: path.to_owned(), problem };
        let repository = Repository::open_bare(path).map_err(|error| {
            failed(format!(
                "no bare git repository can be opened there ({}); make one with `git init --bare`",
                error.message()
            ))
        })?;
        // `open_bare` takes the `.git` of a working tree for one, whose files would no longer be those of its branch.
        let says_bare = repository.config().and_then(|config| config.get_bool("core.bare")).unwrap_or(false);
        if !says_bare {
            return Err(failed(
                "this repository has a working tree; expected a bare one (`git clone --bare`)".to_owned(),
            ));
        }
        let store = Self { repository, path: path.to_owned(), branch: branch.to_owned() };
        store.snapshot()?;
        Ok(store)
    }

    fn reference(&self) -> String {
        format!("refs/heads/{}", self.branch)
    }

    fn failed(&self, error: &git2::Error) -> Error {
        Error::Repository { path: self.path.clone(), problem: error.message().to_owned() }
    }

    /// The branch as it is now.
    ///
    /// # Errors
    /// [`Error::Repository`] when the branch is gone or leads nowhere.
    pub fn snapshot(&self) -> Result<Snapshot<'_>, Error> {
        let name = self.reference();
        let problem = |error: &git2::Error| match error.code() {
            ErrorCode::NotFound => {
                format!("{name} cannot be found ({}); push the manifests to it first", error.message())
            }
            _ => format!("{name} cannot be read ({}); look with `git fsck`", error.message()),
        };
        let repository = |error: git2::Error| Error::Repository { path: self.path.clone(), problem: problem(&error) };
        let reference = self.repository.find_reference(&name).map_err(repository)?;
        let commit = reference.peel_to_commit().map_err(repository)?;
        let tree = commit.tree().map_err(repository)?;
        Ok(Snapshot { store: self, commit, tree })
    }

    /// Takes a step: `decide` says what to change, from the branch as it is, or that nothing is to be changed. It is called again when
    /// somebody else was faster. Returns what it said besides, and the commit that landed.
    ///
    /// # Errors
    /// What `decide` refuses, [`Error::Repository`], and [`Error::Busy`].
    pub fn land<T>(
        &self,
        mut decide: impl FnMut(&Snapshot<'_>) -> Result<(T, Option<Change>), Error>,
    ) -> Result<(T, Option<Oid>), Error> {
        // Whoever changes nothing needs no turn, unless somebody was killed in theirs.
        if let (said, None) = decide(&self.snapshot()?)?
            && !Turn::is_left(&self.path)
        {
            return Ok((said, None));
        }
        let turn = Turn::take(&self.path, &self.branch)?;
        let disk = |error: std::io::Error| Error::Repository { path: self.path.clone(), problem: error.to_string() };
        for attempt in 0..ATTEMPTS {
            let now = self.snapshot()?;
            let (said, change) = decide(&now)?;
            let Some(change) = change else { return Ok((said, None)) };
            let commit = self.write(&now, &change).map_err(|error| self.failed(&error))?;
            turn.announce(commit).map_err(disk)?;
            let moved =
                self.repository.reference_matching(&self.reference(), commit, true, now.commit.id(), &change.title);
            turn.done().map_err(disk)?;
            match moved {
                Ok(_) => return Ok((said, Some(commit))),
                // Exists, Modified: somebody else moved it. Locked: somebody is moving it.
                Err(error) if matches!(error.code(), ErrorCode::Modified | ErrorCode::Exists | ErrorCode::Locked) => {
                    std::thread::park_timeout(Duration::from_millis(u64::from(attempt.min(20)) + fastrand::u64(1..10)));
                }
                Err(error) => return Err(self.failed(&error)),
            }
        }
        Err(Error::Busy { branch: self.branch.clone(), attempts: ATTEMPTS })
    }

    /// Blobs, trees and the commit; nothing leads to them yet.
    fn write(&self, now: &Snapshot<'_>, change: &Change) -> Result<Oid, git2::Error> {
        let mut trees = TreeUpdateBuilder::new();
        for (path, content) in &change.files {
            trees.upsert(path.as_str(), self.repository.blob(content)?, FileMode::Blob);
        }
        let tree = self.repository.find_tree(trees.create_updated(&self.repository, &now.tree)?)?;
        let (name, email) = match change.by.split_once('@') {
            Some((name, _)) if !name.is_empty() => (name.to_owned(), change.by.clone()),
            _ => (change.by.clone(), format!("{}@retraining.invalid", change.by)),
        };
        let who = Signature::new(&name, &email, &Time::new(change.at.as_second(), 0))?;
        self.repository.commit(None, &who, &who, &change.message(), &tree, &[&now.commit])
    }
}

impl Change {
    fn message(&self) -> String {
        let trailers: Vec<String> = self.trailers.iter().map(|(key, value)| format!("{key}: {value}")).collect();
        let paragraphs = [std::slice::from_ref(&self.title), self.body.as_slice(), &[trailers.join("\n")]].concat();
        format!("{}\n", paragraphs.join("\n\n"))
    }
}

impl<'repo> Snapshot<'repo> {
    /// The commit's id.
    pub fn id(&self) -> Oid {
        self.commit.id()
    }

    /// What mistakes call a file of this commit.
    pub fn place(&self, path: &str) -> String {
        format!("{}:{path}", self.store.branch)
    }

    /// The bytes of a file; nothing when there is none.
    ///
    /// # Errors
    /// [`Error::Repository`] when its object is damaged, [`Error::Malformed`] when a folder is in its place.
    pub fn bytes(&self, path: &str) -> Result<Option<Vec<u8>>, Error> {
        self.bytes_in(&self.tree, path)
    }

    fn bytes_in(&self, tree: &Tree<'_>, path: &str) -> Result<Option<Vec<u8>>, Error> {
        let entry = match tree.get_path(Path::new(path)) {
            Ok(entry) => entry,
            Err(error) if error.code() == ErrorCode::NotFound => return Ok(None),
            Err(error) => return Err(self.store.failed(&error)),
        };
        if entry.kind() != Some(ObjectType::Blob) {
            return Err(Error::malformed(self.place(path), "expected a file"));
        }
        let blob = self.store.repository.find_blob(entry.id()).map_err(|error| self.store.failed(&error))?;
        Ok(Some(blob.content().to_vec()))
    }

    /// A file as JSON of this type, with its bytes; nothing when there is none.
    ///
    /// # Errors
    /// As for [`Self::bytes`], and [`Error::Malformed`] when somebody has written something else into it.
    pub fn read<T: DeserializeOwned>(&self, path: &str) -> Result<Option<(T, Vec<u8>)>, Error> {
        let Some(bytes) = self.bytes(path)? else { return Ok(None) };
        let read = serde_json::from_slice(&bytes).map_err(|error| Error::malformed(self.place(path), error))?;
        Ok(Some((read, bytes)))
    }

    /// The files of a folder, by their whole paths, in order.
    ///
    /// # Errors
    /// As for [`Self::bytes`].
    pub fn list(&self, folder: &str) -> Result<Vec<String>, Error> {
        let entry = match self.tree.get_path(Path::new(folder)) {
            Ok(entry) => entry,
            Err(error) if error.code() == ErrorCode::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(self.store.failed(&error)),
        };
        let tree = self.store.repository.find_tree(entry.id()).map_err(|error| self.store.failed(&error))?;
        let mut paths = Vec::new();
        for entry in &tree {
            let name = entry.name().unwrap_or_default();
            if entry.kind() == Some(ObjectType::Blob) && name.ends_with(".json") {
                paths.push(format!("{folder}/{name}"));
            }
        }
        Ok(paths)
    }

    /// The latest commit whose message has all these lines.
    ///
    /// # Errors
    /// [`Error::Repository`] when the history is damaged.
    pub fn commit_saying(&self, lines: &[String]) -> Result<Option<Oid>, Error> {
        let failed = |error: git2::Error| self.store.failed(&error);
        let mut walk = self.store.repository.revwalk().map_err(failed)?;
        walk.push(self.commit.id()).map_err(failed)?;
        for id in walk {
            let commit = self.store.repository.find_commit(id.map_err(failed)?).map_err(failed)?;
            let message = String::from_utf8_lossy(commit.message_bytes()).into_owned();
            if lines.iter().all(|wanted| message.lines().any(|line| line == wanted)) {
                return Ok(Some(commit.id()));
            }
        }
        Ok(None)
    }

    /// The bytes of a file after a commit of the past, and before it.
    ///
    /// # Errors
    /// As for [`Self::bytes`].
    pub fn around(&self, commit: Oid, path: &str) -> Result<[Option<Vec<u8>>; 2], Error> {
        let failed = |error: git2::Error| self.store.failed(&error);
        let commit = self.store.repository.find_commit(commit).map_err(failed)?;
        let before = commit.parent(0).and_then(|parent| parent.tree()).map_err(failed)?;
        Ok([self.bytes_in(&before, path)?, self.bytes_in(&commit.tree().map_err(failed)?, path)?])
    }
}
