//! Private folders, and the keeper who removes them when the harness cannot. The keeper is a process of ours at the end of a pipe:
//! it knows which folders and containers exist, and when the pipe ends, however the harness ended (Ctrl-C, a panic, SIGKILL), it
//! waits until the last process that lives in such a folder is gone and clears away what is left. In a run that ends well it has
//! nothing to do.

use crate::world::docker;
use std::{
    collections::BTreeMap,
    fs::{self, Permissions},
    io::{self, BufRead, Write},
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// Other users of the machine (a database's own, say) may pass through a private folder, but not list it.
const PASS_THROUGH: u32 = 0o711;

/// Between two looks at who is still there.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// A process that has not ended by then never will.
const GIVE_UP: Duration = Duration::from_secs(90);

/// The keeper, as the harness holds it. Cheap to clone; the pipe closes with the last clone.
#[derive(Clone, Debug)]
pub struct Keeper(Arc<Mutex<Option<Child>>>);

/// A folder that vanishes, whatever happens.
#[derive(Debug)]
pub struct PrivateFolder {
    folder: Option<TempDir>,
    path: PathBuf,
    keeper: Keeper,
    /// Whether containers may be left that belong to it; then it is the keeper's, whoever forgets it.
    containers: AtomicBool,
}

impl Keeper {
    /// Starts the keeper, in a process group of its own so that Ctrl-C does not reach it.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(lab_runner: &Path) -> io::Result<Self> {
        let mut command = Command::new(lab_runner);
        command.arg("keep").stdin(Stdio::piped()).stdout(Stdio::null()).process_group(0);
        Ok(Self(Arc::new(Mutex::new(Some(command.spawn()?)))))
    }

    /// Closes the pipe and waits until nothing is left.
    pub fn finish(&self) {
        let keeper = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut keeper) = keeper {
            drop(keeper.stdin.take());
            // It ends by itself; how, makes no difference any more.
            let _ = keeper.wait();
        }
    }

    fn tell(&self, line: &str) {
        let mut keeper = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pipe) = keeper.as_mut().and_then(|keeper| keeper.stdin.as_mut()) {
            // A keeper that is gone cannot be helped; the folder is still removed in the usual way.
            let _ = pipe.write_all(line.as_bytes());
        }
    }
}

impl PrivateFolder {
    /// A new folder; `containers` says whether a compose project of its name may come to be.
    ///
    /// # Errors
    /// The disk is full.
    pub fn new(keeper: &Keeper, containers: bool) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("lab-").tempdir()?;
        fs::set_permissions(folder.path(), Permissions::from_mode(PASS_THROUGH))?;
        let path = folder.path().to_path_buf();
        keeper.tell(&format!("{} {}\n", if containers { "containers" } else { "folder" }, path.display()));
        Ok(Self { folder: Some(folder), path, keeper: keeper.clone(), containers: containers.into() })
    }

    /// Removes the containers and networks that belong to it. Without this, the keeper does so in the end.
    pub async fn remove_containers(&self) {
        docker::remove_project(&self.project()).await;
        self.containers.store(false, Ordering::Relaxed);
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The compose project that belongs to it.
    #[must_use]
    pub fn project(&self) -> String {
        project(&self.path)
    }
}

impl Drop for PrivateFolder {
    fn drop(&mut self) {
        let removed = self.folder.take().map(TempDir::close);
        // What could not be removed now, or may still have containers, is left to the keeper.
        if matches!(removed, Some(Ok(()))) && !self.containers.load(Ordering::Relaxed) {
            self.keeper.tell(&format!("gone {}\n", self.path.display()));
        }
    }
}

/// `lab-runner keep`: reads which folders come and go, and clears away those that have not gone when standard input ends.
pub async fn keep() {
    let mut kept: BTreeMap<PathBuf, bool> = BTreeMap::new();
    for line in io::stdin().lock().lines().map_while(Result::ok) {
        match line.split_once(' ') {
            Some(("gone", path)) => drop(kept.remove(Path::new(path))),
            Some((kind, path)) => drop(kept.insert(PathBuf::from(path), kind == "containers")),
            None => {}
        }
    }
    for (path, containers) in kept {
        wait_until_nobody_lives_in(&path).await;
        if containers {
            docker::remove_project(&project(&path)).await;
        }
        // It may have been removed already, between the folder's end and the word of it.
        let _ = fs::remove_dir_all(&path);
    }
}

/// Compose allows lower-case letters, digits and dashes; the folder's random part may hold capitals.
fn project(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default()
}

async fn wait_until_nobody_lives_in(folder: &Path) {
    let needle = folder.display().to_string();
    let deadline = Instant::now() + GIVE_UP;
    while Instant::now() < deadline && somebody_knows(&needle) {
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Whether some process has the folder in its environment: the supervisor of everything in it does.
fn somebody_knows(needle: &str) -> bool {
    let environments = fs::read_dir("/proc").into_iter().flatten().flatten().map(|entry| entry.path().join("environ"));
    environments.filter_map(|file| fs::read(file).ok()).any(|text| String::from_utf8_lossy(&text).contains(needle))
}
