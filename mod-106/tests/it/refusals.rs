//! Bad input for lab 2's commands, as real runs of them: each is refused with the exit code that the help promises, the place, and what to
//! do. Nothing is half done afterwards. And Ctrl-C, which is input too.

use super::target::{block_on, start_embedded, stop};
use libtest_mimic::Failed;
use mod_106::client::{Client, Config, ModelName, NewVersion};
use mod_106::promotion::{Registry, Slot, State};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A call, its exit code, and what it has to say on standard error.
type Row<'a> = (&'a str, i32, &'a [&'a str]);

/// Nobody listens there.
const NOBODY: &str = "http://127.0.0.1:1";

const FILES: &[(&str, &[u8])] = &[
    ("empty.yml", b""),
    ("list.yml", b"- on\n- jobs\n"),
    ("tabs.yml", b"on: push\njobs:\n\ta: b\n"),
    ("latin.yml", b"name: caf\xe9\n"),
    ("wide.yml", b"\xff\xfeo\0n\0"),
    ("binary.yml", &[0, 159, 146, 150]),
    ("scalar.yml", b"on: push\njobs: none\n"),
    ("policy.toml", b"protectd = []\n"),
    ("pattern.toml", b"tests = [\"(\"]\n"),
    ("word.yaml", b"approvals: many\n"),
    ("key.yaml", b"approvals: 1\ncanari: {}\n"),
    ("gate.yaml", b"gates:\n  staging: [testz]\n"),
    ("age.yaml", b"max_age_hours: -1\n"),
    ("confidence.yaml", b"canary: {confidence: 95}\n"),
    ("policy-latin.yaml", b"# caf\xe9\napprovals: 1\n"),
    ("open.yaml", b"gates: {candidate: [], staging: [], canary: [], champion: []}\n"),
    ("one-side.json", br#"{"baseline": {"version": "1", "requests": 1, "errors": 0}}"#),
    (
        "errors.json",
        br#"{"baseline": {"version": "1", "requests": 1, "errors": 2}, "canary": {"version": "2", "requests": 1, "errors": 0}}"#,
    ),
    (
        "latency.json",
        br#"{"baseline": {"version": "1", "requests": 1, "errors": 0, "latency_ms": [1, 0]}, "canary": {"version": "2", "requests": 1, "errors": 0}}"#,
    ),
    ("cut.json", br#"{"baseline": {"version": "1", "requ"#),
    ("empty.jsonl", b""),
    ("prose.jsonl", b"not an entry\n"),
    ("latin.jsonl", b"{\"actor\": \"caf\xe9\"}\n"),
];

const REFUSED: &[Row<'_>] = &[
    // Workflows: what stands wrong, and where.
    ("workflow check none.yml", 2, &["none.yml:1:1", "cannot read", "No such file"]),
    ("workflow check empty.yml", 2, &["empty.yml:1:1", "says nothing", "`on` and `jobs`"]),
    ("workflow check list.yml", 2, &["list.yml:1:1", "a list, expected a mapping"]),
    ("workflow check tabs.yml", 2, &["tabs.yml:3:", "no YAML"]),
    ("workflow check latin.yml", 2, &["latin.yml:1:10", "no UTF-8", "save the file as UTF-8"]),
    ("workflow check wide.yml", 2, &["wide.yml:1:1", "UTF-16", "save the file as UTF-8"]),
    ("workflow check binary.yml", 2, &["binary.yml:1:2", "no UTF-8"]),
    ("workflow check scalar.yml", 2, &["scalar.yml:2:1", "`jobs` is text, expected a mapping"]),
    ("workflow check huge.yml", 2, &["huge.yml:1:1", "at most 1048576", "split the workflow"]),
    ("workflow check folder", 2, &["folder", "no .yml or .yaml file"]),
    ("workflow check folders", 2, &["folders/a.yml:1:1", "cannot read"]),
    ("workflow check", 2, &["<FILE>"]),
    ("workflow check --sarif --json empty.yml", 2, &["cannot be used with"]),
    ("workflow check --config none.toml list.yml", 2, &["none.toml", "No such file"]),
    ("workflow check --config policy.toml list.yml", 2, &["policy.toml", "line 1", "protectd", "expected one of"]),
    ("workflow check --config pattern.toml list.yml", 2, &["pattern.toml", "unclosed group"]),
    // The policy and the figures are read before anybody is asked.
    ("promote to staging fraud --policy none.yaml", 2, &["none.yaml", "No such file"]),
    ("promote to staging fraud --policy folder", 2, &["folder", "Is a directory"]),
    ("promote to staging fraud --policy word.yaml", 2, &["word.yaml", "1:12"]),
    ("promote to staging fraud --policy key.yaml", 2, &["key.yaml", "2:1", "canari"]),
    ("promote to staging fraud --policy gate.yaml", 2, &["gate.yaml", "2:13", "testz"]),
    ("promote to staging fraud --policy age.yaml", 2, &["age.yaml", "max_age_hours is -1", "above 0"]),
    ("promote to staging fraud --policy confidence.yaml", 2, &["confidence.yaml", "confidence"]),
    ("promote to staging fraud --policy policy-latin.yaml", 2, &["policy-latin.yaml", "UTF-8"]),
    ("promote to champion fraud --observations none.json", 2, &["none.json", "No such file"]),
    ("promote to champion fraud --observations cut.json", 2, &["cut.json", "1:"]),
    ("promote to champion fraud --observations one-side.json", 2, &["one-side.json", "canary"]),
    ("promote to champion fraud --observations errors.json", 2, &["errors.json", "baseline.errors is 2", "1 requests"]),
    ("promote to champion fraud --observations latency.json", 2, &["baseline.latency_ms[1] is 0", "above 0"]),
    ("rollback fraud --observations errors.json", 2, &["errors.json", "baseline.errors is 2"]),
    // Wrong usage.
    ("promote to prod fraud", 2, &["prod", "possible values", "champion"]),
    ("promote to staging fraud --version latest", 2, &["latest", "--version"]),
    ("promote to staging fraud", 2, &["no version stands at candidate", "--version"]),
    ("rollback fraud --to 1", 2, &["--version"]),
    ("approve fraud", 2, &["--version"]),
    ("promote to candidate fraud --version 1 --tracking-uri ftp://x", 2, &["ftp", "http"]),
    // What the registry does not have.
    ("promote to candidate nobody --version 1", 1, &["no registered model \"nobody\"", "there are fraud"]),
    ("promote to candidate fraud --version 9", 1, &["there is no version 9", "there are 2, 1"]),
    ("promote to staging fraud --version 1", 1, &["version 1 is not candidate", "Promote it to candidate first"]),
    ("rollback fraud", 1, &["neither a canary nor a champion"]),
    ("rollback fraud --version 9", 1, &["there is no version 9"]),
    ("rollback fraud --version 1", 1, &["stands nowhere"]),
    ("approve fraud --version 9", 1, &["there is no version 9"]),
    ("approve fraud --version 1", 1, &["no validation report yet"]),
    ("promote resume nobody", 1, &["no registered model \"nobody\""]),
    // Nobody answers.
    (
        "promote to candidate fraud --version 1 --tracking-uri http://127.0.0.1:1",
        3,
        &["127.0.0.1:1", "MLFLOW_TRACKING_URI"],
    ),
    ("promote status fraud --tracking-uri http://127.0.0.1:1", 3, &["127.0.0.1:1"]),
    ("rollback fraud --tracking-uri http://127.0.0.1:1", 3, &["127.0.0.1:1"]),
    ("approve fraud --version 1 --tracking-uri http://127.0.0.1:1", 3, &["127.0.0.1:1"]),
    // Trails.
    ("audit verify --trail none.jsonl", 2, &["none.jsonl", "no audit trail here", "--trail"]),
    ("audit show --trail none.jsonl", 2, &["none.jsonl", "--trail"]),
    ("audit verify --trail prose.jsonl", 1, &["prose.jsonl", "line 1", "not an audit entry"]),
    ("audit verify --trail latin.jsonl", 1, &["latin.jsonl", "line 1", "not UTF-8"]),
    ("audit verify --trail empty.jsonl --head sha256:00", 1, &["empty.jsonl", "sha256:00"]),
    ("audit verify --trail folder", 1, &["folder", "Is a directory"]),
    ("promote to candidate fraud --version 1 --trail prose.jsonl", 1, &["prose.jsonl", "line 1"]),
    ("promote to candidate fraud --version 1 --trail folder", 1, &["folder", "Is a directory"]),
];

struct Place<'a> {
    folder: &'a Path,
    tracking: &'a str,
}

impl Place<'_> {
    fn command(&self, words: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mod-106"));
        command.args(words.split_whitespace()).current_dir(self.folder).stdin(Stdio::null());
        for name in ["GITHUB_TOKEN", "GITHUB_REPOSITORY", "GITHUB_API_URL", "GITHUB_ACTOR", "MOD106_AUDIT_TRAIL"] {
            command.env_remove(name);
        }
        command.env("MLFLOW_TRACKING_URI", self.tracking).env("NO_PROXY", "127.0.0.1");
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn check(&self, (words, code, said): &Row<'_>, variables: &[(&str, &str)]) -> Result<Output, Failed> {
        let output = self.command(words).envs(variables.iter().copied()).output()?;
        let heard = String::from_utf8_lossy(&output.stderr).into_owned();
        let missing: Vec<_> = said.iter().filter(|part| !heard.contains(**part)).collect();
        if output.status.code() != Some(*code) || !missing.is_empty() || heard.contains("panicked") {
            let ended = output.status;
            return Err(format!("{words}: {ended}, expected {code}; not said: {missing:?}\n{heard}").into());
        }
        Ok(output)
    }

    fn registry(&self) -> Result<Registry, Failed> {
        let mut config = Config::new(self.tracking)?;
        config.proxies_from_environment = false;
        let client = Client::new(&config)?;
        Ok(block_on(Registry::open(client, ModelName::parse("fraud")?))?)
    }
}

/// A server with a model of two versions that stand nowhere, and a folder of bad files.
fn with_place(test: impl Fn(&Place<'_>) -> Result<(), Failed>) -> Result<(), Failed> {
    let (folder, server_folder) = (tempfile::tempdir()?, tempfile::tempdir()?);
    for (name, bytes) in FILES {
        std::fs::write(folder.path().join(name), bytes)?;
    }
    std::fs::write(folder.path().join("huge.yml"), vec![b'#'; 2 << 20])?;
    std::fs::create_dir_all(folder.path().join("folder"))?;
    std::fs::create_dir_all(folder.path().join("folders/a.yml"))?;
    let (tracking, mut server) = start_embedded(server_folder.path(), "none")?;
    let made = || -> Result<(), Failed> {
        let mut config = Config::new(&tracking)?;
        config.proxies_from_environment = false;
        let (client, name) = (Client::new(&config)?, ModelName::parse("fraud")?);
        block_on(async {
            client.create_model(&name, "", &[]).await?;
            let new = NewVersion { source: "mlflow-artifacts:/0/none/model".to_owned(), ..NewVersion::default() };
            client.create_version(&name, &new).await?;
            client.create_version(&name, &new).await
        })?;
        test(&Place { folder: folder.path(), tracking: &tracking })
    };
    let done = made();
    stop(&mut server);
    done
}

pub(crate) fn bad_input_is_named_with_the_way_out() -> Result<(), Failed> {
    with_place(|place| {
        for row in REFUSED {
            place.check(row, &[])?;
        }
        // Nothing was done, written down or left locked by any of it.
        let moment = block_on(place.registry()?.moment())?;
        assert!(moment.last.is_none() && moment.lease.is_none(), "{moment:?}");
        assert_eq!(moment.aliases.get(Slot::Candidate), None);
        github(place)?;
        trails(place)
    })
}

/// GitHub that is not there, or not described: the promotion is begun, and finished when GitHub is back.
fn github(place: &Place<'_>) -> Result<(), Failed> {
    let trail = "--trail github.jsonl";
    place.check(&(&format!("promote to candidate fraud --version 1 {trail}"), 0, &[]), &[])?;
    let promote = &*format!("promote to staging fraud --version 1 --policy open.yaml {trail} --github");
    place.check(&(promote, 2, &["GITHUB_"]), &[])?;
    let token = [("GITHUB_TOKEN", "a-token"), ("GITHUB_REPOSITORY", "lab/shop"), ("GITHUB_API_URL", NOBODY)];
    place.check(&(promote, 2, &["GITHUB_REPOSITORY", "shop"]), &[token[0], ("GITHUB_REPOSITORY", "shop"), token[2]])?;
    place.check(&(promote, 2, &["GITHUB_API_URL"]), &[token[0], token[1], ("GITHUB_API_URL", "github")])?;
    let output = place.check(&(promote, 3, &["GitHub", "GITHUB_API_URL"]), &token)?;
    assert!(!String::from_utf8_lossy(&output.stderr).contains("a-token"));
    let moment = block_on(place.registry()?.moment())?;
    assert!(moment.last.is_some_and(|last| last.state == State::Open) && moment.lease.is_none());
    // Without GitHub it can be finished, and the trail is whole.
    place.check(&("promote resume fraud --trail github.jsonl", 0, &[]), &[])?;
    place.check(&("audit verify --trail github.jsonl", 0, &[]), &[])?;
    let moment = block_on(place.registry()?.moment())?;
    assert_eq!(moment.aliases.get(Slot::Staging).map(|version| version.0), Some(1));
    place.check(&("approve fraud --version 1 --github-run 7", 1, &["no validation report yet"]), &token).map(drop)
}

/// A trail that somebody cut, edited or emptied.
fn trails(place: &Place<'_>) -> Result<(), Failed> {
    let whole = std::fs::read_to_string(place.folder.join("github.jsonl"))?;
    let lines: Vec<_> = whole.lines().collect();
    let last: serde_json::Value = serde_json::from_str(lines.last().ok_or("an empty trail")?)?;
    let head = last["digest"].as_str().ok_or("no digest")?;
    let write = |text: String| std::fs::write(place.folder.join("trail.jsonl"), text);
    let verify = "audit verify --trail trail.jsonl";
    let with_head = format!("{verify} --head {head}");
    write(whole.replacen("candidate", "champion", 1))?;
    place.check(&(verify, 1, &["trail.jsonl", "line 1", "it was changed"]), &[])?;
    write(lines[1..].join("\n") + "\n")?;
    place.check(&(verify, 1, &["trail.jsonl", "line 1", "it says it is entry 2"]), &[])?;
    // A cut end shows only against the head that the registry remembers; a torn line is a crash, and is said.
    write(lines[..lines.len() - 1].join("\n") + "\n")?;
    place.check(&(verify, 0, &[]), &[])?;
    place.check(&(&with_head, 1, &["trail.jsonl", head, "cut off"]), &[])?;
    write(whole[..whole.len() - 9].to_owned())?;
    place.check(&(verify, 0, &["torn"]), &[])?;
    write(String::new())?;
    place.check(&(verify, 0, &[]), &[])?;
    place.check(&(&with_head, 1, &["trail.jsonl", head]), &[])?;
    // Whoever promotes next writes nothing behind a line that is no entry, and so does nothing.
    write(format!("{whole}not an entry\n"))?;
    place.check(
        &("promote to candidate fraud --version 2 --trail trail.jsonl", 1, &["trail.jsonl", "not an audit entry"]),
        &[],
    )?;
    let moment = block_on(place.registry()?.moment())?;
    assert_eq!(moment.aliases.get(Slot::Candidate), None);
    Ok(())
}

/// Ctrl-C while the promotion waits for its lease: nothing is open, nothing is locked, and the same call does it all.
pub(crate) fn ctrl_c_leaves_nothing_behind() -> Result<(), Failed> {
    with_place(|place| {
        for words in ["promote to candidate fraud --version 1", "rollback fraud --version 1"] {
            let before = block_on(place.registry()?.moment())?;
            let child = place.command(&format!("{words} --settle-ms 600000")).spawn()?;
            let waits = || Ok::<_, Failed>(block_on(place.registry()?.moment())?.lease.is_some());
            let output = interrupted(child, waits)?;
            let heard = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(130), "{words}: {heard}");
            assert!(heard.contains("before anything was changed: ask again"), "{words}: {heard}");
            assert_eq!(block_on(place.registry()?.moment())?, before, "{words}");
            place.check(&(words, 0, &[]), &[])?;
        }
        Ok(())
    })
}

/// Presses Ctrl-C once it is ready for that, and waits for the end.
fn interrupted(mut child: Child, ready: impl Fn() -> Result<bool, Failed>) -> Result<Output, Failed> {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !ready()? && child.try_wait()?.is_none() && Instant::now() < deadline {
        std::thread::park_timeout(Duration::from_millis(20));
    }
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status()?;
    while child.try_wait()?.is_none() {
        if Instant::now() > deadline {
            child.kill()?;
        }
        std::thread::park_timeout(Duration::from_millis(20));
    }
    assert!(sent.success());
    Ok(child.wait_with_output()?)
}
