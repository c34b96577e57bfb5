//! Learners' folders in containers: what a submission can still do there, what it cannot, and that nothing of it is left, however
//! the run ends. Where Docker or the image is missing the tests are ignored, and their kind says why.

use crate::runner::{Ended, LAB, Runner, processes_that_know, wait_until};
use libtest_mimic::Trial;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{
    fs,
    path::Path,
    process::{Child, Command},
    sync::Mutex,
};
use tests::{cli::repository, world::docker};

/// Built by `cargo xtask images`; it has Python.
const IMAGE: &str = "mlops-labs/debian:bookworm";

/// What a submission can see of its fence; the sum is printed only where nothing is wrong.
const LOOK_AROUND: &str = r#"
[ "$(id -u)" != 0 ] || { echo "runs as root"; exit 1; }
[ "$(ls /sys/class/net)" = lo ] || { echo "has a network: $(ls /sys/class/net)"; exit 1; }
grep -q '^CapEff:[[:space:]]*0*$' /proc/self/status || { echo "has capabilities"; exit 1; }
grep -q '^NoNewPrivs:[[:space:]]*1$' /proc/self/status || { echo "may gain privileges"; exit 1; }
! touch /etc/passwd 2>/dev/null || { echo "the root can be written to"; exit 1; }
touch here "$LAB_WORK/there" "$HOME/home" "$TMPDIR/tmp" || exit 1
[ -z "$GRADERS_OWN" ] || { echo "sees the grader's environment"; exit 1; }
echo $((1 + 2))
"#;

/// Files on a server, for everybody who reaches it.
const SERVE: &str = r#"
[ "$(id -u)" != 0 ] || { echo "runs as root"; exit 1; }
exec python3 -m http.server --bind "$LAB_HOST" "$LAB_PORT"
"#;

/// Every case as a test by its own name.
pub(crate) fn trials(runtime: &tokio::runtime::Runtime) -> Vec<Trial> {
    let missing = runtime.block_on(async {
        docker::at_hand().await.err().or(if docker::has_image(IMAGE).await {
            None
        } else {
            Some(format!("no {IMAGE}"))
        })
    });
    let cases: [(&str, fn()); 6] = [
        ("a-command-has-no-network-and-no-rights", commands),
        ("a-service-answers-on-a-network-of-its-own", || served(None)),
        ("a-service-is-gone-after-ctrl-c", || served(Some(Signal::SIGINT))),
        ("a-service-is-gone-after-kill-9", || served(Some(Signal::SIGKILL))),
        ("the-reference-works", reference),
        ("without-the-image-it-is-a-process-group", image_missing),
    ];
    let trial = |(name, case): (&str, fn())| {
        let trial = Trial::test(format!("sandbox::{name}"), move || {
            case();
            Ok(())
        });
        match &missing {
            Some(reason) => trial.with_ignored_flag(true).with_kind(format!("not run: {reason}")),
            None => trial,
        }
    };
    cases.into_iter().map(trial).collect()
}

fn commands() {
    let ended = words(IMAGE).env("GRADERS_OWN", "secret").run();
    ended.expect(0, &[]);
    assert_eq!(ended.count("passed"), 2 + 1, "{}", ended.text);
    fence(&ended, &[IMAGE, "without a network", "no capabilities"]);
}

fn image_missing() {
    let ended = words("mlops-labs/nobody-has-built-this:1").run();
    ended.expect(1, &[]);
    fence(&ended, &["process group", "mlops-labs/nobody-has-built-this:1 was not used", "not on this machine"]);
}

fn words(image: &str) -> Runner {
    let manifest = format!(
        r#"lab = "fixture/words"
backend = "embedded"
[commands]
add = ["sh", "./add.sh"]
seed = ["sh", "-c", "echo $LAB_SEED"]
[sandbox]
image = "{image}"
"#
    );
    let files = [("submission.toml", manifest.as_bytes()), ("add.sh", LOOK_AROUND.as_bytes())];
    Runner::grade_for(&["fixture/words", "--fixtures"], &files)
}

/// The service is reached from outside; then the run ends by itself, or by a signal.
fn served(signal: Option<Signal>) {
    let manifest = format!(
        r#"lab = "fixture/web"
backend = "embedded"
[start]
command = ["sh", "./start.sh"]
[ready]
path = "/health"
timeout_s = 30
[stop]
command = ["sh", "-c", "echo goodbye"]
[endpoints]
tracking = "http://127.0.0.1:${{LAB_PORT}}"
[sandbox]
image = "{IMAGE}"
"#
    );
    let files: [(&str, &[u8]); 6] = [
        ("submission.toml", manifest.as_bytes()),
        ("start.sh", SERVE.as_bytes()),
        ("health", b"well"),
        ("hello", b"hello"),
        ("goodbye", b"goodbye"),
        ("greeting", b"good day"),
    ];
    let projects = Mutex::default();
    let ended = Runner::grade_for(&["fixture/web", "--fixtures"], &files).run_while(|child, folder| {
        *projects.lock().unwrap() = disturb(child, folder, signal);
    });
    let projects: Vec<String> = projects.into_inner().unwrap();
    if signal.is_none() {
        ended.expect(0, &[]);
        assert_eq!(ended.count("passed"), 3 + 1, "{}", ended.text);
        fence(&ended, &[IMAGE, "an internal network of its own"]);
    } else {
        assert_ne!(ended.exit_code, Some(0), "{}", ended.text);
    }
    wait_until("the end of its containers and networks", || projects.iter().all(|project| left(project).is_empty()));
}

/// Waits until the service serves, disturbs it, and says which projects there were.
fn disturb(child: &Child, folder: &Path, signal: Option<Signal>) -> Vec<String> {
    wait_until("the service", || processes_that_know(folder).iter().any(|process| process.contains("http.server")));
    let entries = fs::read_dir(folder).unwrap().flatten();
    let projects: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().to_lowercase()).collect();
    let networks =
        projects.iter().flat_map(|project| labelled(project, &["network", "ls", "--format", "{{.Internal}}"]));
    assert_eq!(networks.collect::<Vec<_>>(), ["true"], "one network, from which Docker forwards nothing");
    if let Some(signal) = signal {
        kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal).unwrap();
    }
    projects
}

/// Containers and networks of a project.
fn left(project: &str) -> Vec<String> {
    [labelled(project, &["ps", "--all", "--quiet"]), labelled(project, &["network", "ls", "--quiet"])].concat()
}

/// What a docker command lists of a project.
fn labelled(project: &str, words: &[&str]) -> Vec<String> {
    let label = format!("label={}={project}", docker::PROJECT_LABEL);
    let output = Command::new("docker").args(words).args(["--filter", &label]).output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// The reference in a container: it reaches the bucket on this machine, restarts and restores there.
fn reference() {
    let solution = repository().join("mod-106/labs/lab-1-tracking-and-registry/solution");
    let folder = tempfile::tempdir().unwrap();
    assert!(Command::new("cp").arg("-a").arg(solution.join(".")).arg(folder.path()).status().unwrap().success());
    let manifest = fs::read_to_string(folder.path().join("submission.embedded.toml")).unwrap();
    let manifest = format!("{manifest}\n[sandbox]\nimage = \"{IMAGE}\"\n");
    fs::write(folder.path().join("submission.embedded.toml"), manifest).unwrap();
    let words = [LAB, "--backend", "embedded", "--submission", folder.path().to_str().unwrap()];
    let ended = Runner::validate(&words).run();
    // Rotation needs curl, which this image lacks.
    for check in ["artifacts-land-in-the-bucket", "restart-loses-nothing", "restore-brings-back-the-backup"] {
        assert!(ended.text.contains(&format!("passed {check}")), "{check}:\n{}", ended.text);
    }
    fence(&ended, &[IMAGE, "an internal network of its own"]);
}

/// What the report says about the fence.
#[track_caller]
fn fence(ended: &Ended, parts: &[&str]) {
    let sentence = ended.results.as_ref().unwrap()["submissions"][0]["sandbox"].as_str().unwrap();
    for part in parts {
        assert!(sentence.contains(part), "`{part}` is not in: {sentence}");
    }
}
