//! The private surroundings of one run of one submission: its folders, its port, its environment. Two runs never share any of it.

use super::{expand::Expansion, folder, launch::Tools};
use crate::private::PrivateFolder;
use std::{
    collections::BTreeMap,
    fs::{self, Permissions},
    io,
    net::{IpAddr, Ipv4Addr, TcpListener},
    ops::Range,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::{
        LazyLock,
        atomic::{AtomicU16, AtomicU64, Ordering},
    },
};

/// Where the folders lie that checks hand to commands.
const SCRATCH: &str = "scratch";

/// A fenced submission is another user; nobody else passes through the folder above.
const EVERYBODYS: u32 = 0o777;

/// Where one submission lives while it runs. Dropping it removes everything.
#[derive(Debug)]
pub struct Place {
    root: PrivateFolder,
    /// The private copy of the submission's folder.
    pub submission: PathBuf,
    /// `LAB_WORK`: survives restarts, not the run.
    pub work: PathBuf,
    /// `LAB_PORT`.
    pub port: u16,
    /// `LAB_PROJECT`: the name of its compose project.
    pub project: String,
    scratches: AtomicU64,
}

impl Place {
    /// The names of the variables that `variables` sets besides the world's.
    pub const VARIABLES: [&str; 6] = ["LAB_PORT", "LAB_HOST", "LAB_WORK", "LAB_SEED", "LAB_TOOLS", "LAB_PROJECT"];

    /// Makes the folders, copies the submission and takes a free port.
    ///
    /// # Errors
    /// The disk is full, or a file cannot be read: the environment's fault.
    pub fn new(source: &Path, tools: &Tools, containers: bool) -> io::Result<Self> {
        let root = PrivateFolder::new(&tools.keeper, containers)?;
        let folder = |name: &str| root.path().join(name);
        let [submission, work, home, tmp, scratch] = ["submission", "work", "home", "tmp", SCRATCH].map(folder);
        for folder in [&work, &home, &tmp, &scratch] {
            fs::create_dir(folder)?;
        }
        folder::copy(source, &submission)?;
        let scratches = AtomicU64::default();
        Ok(Self {
            submission,
            work,
            port: free_port(Ipv4Addr::LOCALHOST.into())?,
            project: root.project(),
            root,
            scratches,
        })
    }

    /// The folder that holds all the others.
    #[must_use]
    pub fn root(&self) -> &Path {
        self.root.path()
    }

    /// The folders that the submission may write to.
    #[must_use]
    pub fn folders(&self) -> [PathBuf; 5] {
        let [home, tmp, scratch] = ["home", "tmp", SCRATCH].map(|name| self.root.path().join(name));
        [self.submission.clone(), self.work.clone(), home, tmp, scratch]
    }

    /// A new empty folder in which the submission and the checks may both write.
    ///
    /// # Errors
    /// The disk is full.
    pub fn scratch(&self) -> io::Result<PathBuf> {
        let number = self.scratches.fetch_add(1, Ordering::Relaxed);
        let folder = self.root.path().join(SCRATCH).join(number.to_string());
        fs::create_dir(&folder)?;
        fs::set_permissions(&folder, Permissions::from_mode(EVERYBODYS))?;
        Ok(folder)
    }

    /// Removes what Docker may hold of its compose project.
    pub async fn remove_containers(&self) {
        self.root.remove_containers().await;
    }

    /// The variables that the submission sees and that its manifest may name.
    #[must_use]
    pub fn variables(&self, seed: u64, tools: &Tools, given: &[(String, String)]) -> Expansion {
        let own = [
            ("LAB_PORT", self.port.to_string()),
            ("LAB_HOST", Ipv4Addr::LOCALHOST.to_string()),
            ("LAB_WORK", self.work.display().to_string()),
            ("LAB_SEED", seed.to_string()),
            ("LAB_TOOLS", tools.labs.display().to_string()),
            ("LAB_PROJECT", self.project.clone()),
        ];
        let mut variables: BTreeMap<String, String> = own.map(|(name, value)| (name.to_owned(), value)).into();
        variables.extend(given.iter().cloned());
        Expansion::new(variables)
    }

    /// The surroundings that every process needs, besides the harness's variables.
    #[must_use]
    pub fn surroundings(&self, tools: &Tools) -> BTreeMap<String, String> {
        let folder = |name: &str| self.root.path().join(name).display().to_string();
        [
            ("PATH", search_path(tools)),
            ("HOME", folder("home")),
            ("TMPDIR", folder("tmp")),
            ("LANG", "C.UTF-8".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }
}

/// PATH as a submission sees it: our own binaries first.
#[must_use]
pub(super) fn search_path(tools: &Tools) -> String {
    let inherited = std::env::var("PATH").unwrap_or_else(|_| "/usr/local/bin:/usr/bin:/bin".to_owned());
    format!("{}:{inherited}", tools.binaries.display())
}

/// Below the ports that Linux gives to outgoing connections and to whoever asks for any (32768 and above, ip(7)): between our look
/// and the submission's start dozens of other servers and connections begin, and one of them would take what was free a moment ago.
const PORTS: Range<u16> = 12_000..32_000;

/// The next port to look at, so that no two runs of this process are handed the same one.
static NEXT_PORT: LazyLock<AtomicU16> = LazyLock::new(|| AtomicU16::new(fastrand::u16(PORTS)));

/// A port that was free a moment ago, and that nobody is handed by chance.
///
/// # Errors
/// No port is left.
pub(crate) fn free_port(host: IpAddr) -> io::Result<u16> {
    let next = |port: u16| Some(if port + 1 < PORTS.end { port + 1 } else { PORTS.start });
    let taken = || io::Error::other(format!("no port from {} to {} is free", PORTS.start, PORTS.end));
    PORTS
        .filter_map(|_| NEXT_PORT.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).ok())
        .find(|port| TcpListener::bind((host, *port)).is_ok())
        .ok_or_else(taken)
}
