//! A submission's commands in containers that can do no harm: nobody's user, no capabilities, a read-only root, limits of memory,
//! processors and processes, and no network but one that leads nowhere. A command-line submission has none at all, and each of its
//! commands is a container; a deployment's service is one container, in which its named commands run too. Where a lab gives services of a
//! world, even a command has a network: it leads to those, and nowhere else.
//!
//! The service shares the network of a container that does nothing else. So its address is known before it starts and stays the same
//! when it is restarted. Docker's own command runs under the supervisor like any other, and in an environment that the submission
//! cannot write to: its variables go into the container by a file, never through the client.

use super::{Place, launch::Tools};
use crate::{private::PrivateFolder, world::docker};
use nix::unistd::{getgid, getuid};
use std::{
    collections::BTreeMap,
    fs, io,
    net::IpAddr,
    os::unix::fs::{OpenOptionsExt, lchown},
    path::{Path, PathBuf},
    thread::available_parallelism,
};

/// The user `nobody`, where the harness runs as root.
const NOBODY: u32 = 65_534;

/// Memory, swap included.
const MEMORY: &str = "2g";

/// Processors, where the machine has as many: Docker refuses more than there are.
const PROCESSORS: usize = 2;

/// Processes and threads.
const PROCESSES: &str = "512";

/// Where images look for programs that do not say so themselves.
const USUAL_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The variables of a submission, as the containers read them.
const VARIABLES_FILE: &str = "variables";

/// Containers of one image for one submission. All of them carry the folder's project as a label, by which they are removed.
#[derive(Debug)]
pub struct Sandbox {
    image: String,
    folder: PrivateFolder,
    search_path: String,
    network: Option<Network>,
    /// Whether there is a service, in whose container the commands run.
    service: bool,
    /// Our binaries and tools, read-only inside.
    shared: Vec<PathBuf>,
}

/// A network that leads nowhere but to this machine's end of it.
#[derive(Clone, Copy, Debug)]
struct Network {
    gateway: IpAddr,
    address: IpAddr,
}

impl Sandbox {
    /// Makes the network of a deployment, or of commands that a world is given to; others need nothing before the first of them.
    pub(super) async fn open(image: &str, service: bool, given: bool, tools: &Tools) -> Result<Self, String> {
        let folder = PrivateFolder::new(&tools.keeper, true).map_err(|error| error.to_string())?;
        let described = ["image", "inspect", "--format", "{{range .Config.Env}}{{println .}}{{end}}", image];
        let variables = docker::run(&described).await?;
        let path = variables.lines().find_map(|line| line.strip_prefix("PATH=")).unwrap_or(USUAL_PATH);
        let shared = [&tools.binaries, &tools.labs].into_iter().filter(|folder| folder.is_dir()).cloned().collect();
        let search_path = format!("{}:{path}", tools.binaries.display());
        let mut sandbox = Self { image: image.to_owned(), folder, search_path, network: None, service, shared };
        if service || given {
            let network = sandbox.make_network().await;
            if network.is_err() {
                sandbox.close().await;
            }
            sandbox.network = Some(network?);
        }
        Ok(sandbox)
    }

    async fn make_network(&self) -> Result<Network, String> {
        let (label, network, holder) = (self.label(), self.folder.project(), self.named("address"));
        docker::run(&["network", "create", "--internal", "--label", &label, &network]).await?;
        let gateway = docker::network_gateway(&network).await?;
        let mut arguments = self.container(&holder, &network);
        arguments.extend(["--detach", "--entrypoint", "tail", &self.image, "-f", "/dev/null"].map(str::to_owned));
        docker::run(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).await?;
        let format = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
        let address = docker::run(&["container", "inspect", "--format", format, &holder]).await?;
        let address = address.parse().map_err(|_| format!("the container {holder} has no address, but {address:?}"))?;
        Ok(Network { gateway, address })
    }

    pub(super) fn gateway(&self) -> Option<IpAddr> {
        self.network.map(|network| network.gateway)
    }

    pub(super) fn sentence(&self) -> String {
        let network = if self.network.is_some() { "on an internal network of its own" } else { "without a network" };
        let (user, _) = user();
        format!(
            "a container of the image {} {network}, as user {user}, with a read-only root, no capabilities, a scrubbed \
             environment and limits of memory, processors and processes",
            self.image
        )
    }

    /// An address as the harness reaches it: the service listens in its container, and not on this machine.
    pub(super) fn reached(&self, endpoint: &str) -> String {
        let Some(network) = self.network else { return endpoint.to_owned() };
        let address = network.address.to_string();
        ["${LAB_HOST}", "127.0.0.1", "localhost"]
            .iter()
            .fold(endpoint.to_owned(), |text, here| text.replace(here, &address))
    }

    /// PATH inside: our own binaries first, then where the image has its programs.
    pub(super) fn search_path(&self) -> &str {
        &self.search_path
    }

    /// Hands the place over: its folders to the user inside, and its variables to a file, which the containers' variables come from.
    pub(super) fn furnish(&self, place: &Place, environment: &BTreeMap<String, String>) -> io::Result<()> {
        if let Some((name, _)) = environment.iter().find(|(_, value)| value.contains('\n')) {
            return Err(io::Error::other(format!("the variable {name} has several lines, which no container takes")));
        }
        if getuid().is_root() {
            place.folders().iter().try_for_each(|folder| give_away(folder))?;
        }
        let lines: String = environment.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
        let file = fs::OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(self.variables());
        io::Write::write_all(&mut file?, lines.as_bytes())
    }

    /// Docker's command line that starts the service.
    pub(super) fn service(&self, place: &Place, command: &[String]) -> Vec<String> {
        let network = format!("container:{}", self.named("address"));
        self.run(&self.container(&self.named("service"), &network), place, command)
    }

    /// Docker's command line for a named command, with these variables besides: in the service's container, or in one of its own.
    pub(super) fn command(&self, place: &Place, command: &[String], variables: &[(String, String)]) -> Vec<String> {
        let besides = variables.iter().flat_map(|(name, value)| ["--env".to_owned(), format!("{name}={value}")]);
        if !self.service {
            let name = self.named(&format!("command-{:08x}", fastrand::u32(..)));
            let network = self.network.map_or("none".to_owned(), |_| format!("container:{}", self.named("address")));
            let mut container = self.container(&name, &network);
            container.extend(besides);
            return self.run(&container, place, command);
        }
        let mut words = vec!["docker".to_owned(), "exec".to_owned()];
        words.extend(self.surroundings(place));
        words.extend(besides);
        words.push(self.named("service"));
        words.extend_from_slice(command);
        words
    }

    /// The environment of Docker's own command. HOME is the sandbox's folder, which no container sees and which the keeper waits for.
    pub(super) fn client_environment(&self) -> BTreeMap<String, String> {
        let inherited = ["PATH", "DOCKER_HOST"].map(|name| Some((name.to_owned(), std::env::var(name).ok()?)));
        let home = ("HOME".to_owned(), self.folder.path().display().to_string());
        inherited.into_iter().flatten().chain([home]).collect()
    }

    /// A folder for Docker's own command to run in.
    pub(super) fn client_folder(&self) -> &Path {
        self.folder.path()
    }

    /// Removes the service's container, should its client have been ended without it.
    pub(super) async fn remove_service(&self) {
        // Docker removes it by itself when it ends: then there is none, and that is what we want.
        let _ = docker::run(&["rm", "--force", "--volumes", &self.named("service")]).await;
    }

    /// The label's value, by which its processes are found.
    pub(super) fn project(&self) -> String {
        self.folder.project()
    }

    pub(super) async fn close(&self) {
        self.folder.remove_containers().await;
    }

    fn run(&self, container: &[String], place: &Place, command: &[String]) -> Vec<String> {
        let (program, arguments) = command.split_first().map_or(("", [].as_slice()), |(first, rest)| (first, rest));
        let mut words = vec!["docker".to_owned()];
        words.extend_from_slice(container);
        words.extend(self.surroundings(place));
        let mount = |folder: &Path, mode: &str| {
            let folder = folder.display();
            ["--mount".to_owned(), format!("type=bind,source={folder},target={folder}{mode}")]
        };
        words.extend(place.folders().iter().flat_map(|folder| mount(folder, "")));
        words.extend(self.shared.iter().flat_map(|folder| mount(folder, ",readonly")));
        words.extend(["--entrypoint", program, &self.image].map(str::to_owned));
        words.extend_from_slice(arguments);
        words
    }

    /// `docker run` up to what the container is for: its name, its network, its limits.
    fn container(&self, name: &str, network: &str) -> Vec<String> {
        let (user, group) = user();
        let processors = available_parallelism().map_or(1, |count| count.get().min(PROCESSORS));
        let mut words = ["run", "--rm", "--init", "--read-only", "--no-healthcheck"].map(str::to_owned).to_vec();
        let settings = [
            ("--name", name.to_owned()),
            ("--label", self.label()),
            ("--network", network.to_owned()),
            ("--pull", "never".to_owned()),
            // The client reads the output; a second copy on Docker's own disk has no bounds.
            ("--log-driver", "none".to_owned()),
            ("--user", format!("{user}:{group}")),
            ("--cap-drop", "ALL".to_owned()),
            ("--security-opt", "no-new-privileges".to_owned()),
            ("--memory", MEMORY.to_owned()),
            ("--memory-swap", MEMORY.to_owned()),
            ("--cpus", processors.to_string()),
            ("--pids-limit", PROCESSES.to_owned()),
            ("--tmpfs", "/tmp".to_owned()),
            ("--tmpfs", "/run".to_owned()),
        ];
        words.extend(settings.into_iter().flat_map(|(name, value)| [name.to_owned(), value]));
        words
    }

    fn surroundings(&self, place: &Place) -> [String; 4] {
        let (folder, file) = (place.submission.display(), self.variables());
        ["--workdir".to_owned(), folder.to_string(), "--env-file".to_owned(), file.display().to_string()]
    }

    fn variables(&self) -> PathBuf {
        self.folder.path().join(VARIABLES_FILE)
    }

    fn label(&self) -> String {
        format!("{}={}", docker::PROJECT_LABEL, self.folder.project())
    }

    fn named(&self, part: &str) -> String {
        format!("{}-{part}", self.folder.project())
    }
}

/// The harness's own user and group, unless that is root.
fn user() -> (u32, u32) {
    if getuid().is_root() { (NOBODY, NOBODY) } else { (getuid().as_raw(), getgid().as_raw()) }
}

/// Gives a folder and all in it to the user inside; links themselves, never what they point to.
fn give_away(path: &Path) -> io::Result<()> {
    lchown(path, Some(NOBODY), Some(NOBODY))?;
    if path.symlink_metadata()?.is_dir() {
        for entry in fs::read_dir(path)? {
            give_away(&entry?.path())?;
        }
    }
    Ok(())
}
