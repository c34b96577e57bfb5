//! What is malformed, absent, unreachable or half-written, given to the real command: each case must end with its exit code, name the
//! place and the next step, and leave every file as it was. What people then read is in `snapshots/`. The feature store's are in
//! `features.rs`.

mod features;

use self::features::{ENTITIES, FEATURES, ROWS};
use super::target::{block_on, start_embedded, stop};
use libtest_mimic::{Failed, Trial};
use mod_106::client::{Client, Config, ModelName, NewVersion};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Nobody listens there.
const NOBODY: &str = "http://127.0.0.1:1";

pub(crate) fn trials() -> [Trial; 6] {
    [
        Trial::test("malformed::alerts", alerts),
        Trial::test("malformed::feature-files", features::files),
        Trial::test("malformed::feature-servers", features::servers),
        Trial::test("malformed::governance-and-catalogue", governance_and_catalogue),
        Trial::test("malformed::quiz", quiz),
        Trial::test("malformed::what-a-killed-run-left-is-no-obstacle", what_a_killed_run_left_is_no_obstacle),
    ]
}

/// A command, the exit code it must end with, and what it must say.
type Case<'a> = (&'a str, i32, &'a [&'a str]);

/// A folder of files that no case may change.
struct Desk {
    folder: tempfile::TempDir,
    /// Addresses differ from run to run: what stands for them in commands and in what people read.
    addresses: Vec<(&'static str, String)>,
    transcript: String,
}

impl Desk {
    fn with(files: &[(&str, &str)]) -> Result<Self, Failed> {
        let folder = tempfile::tempdir()?;
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text)?;
        }
        Ok(Self { folder, addresses: vec![("NOBODY", NOBODY.to_owned())], transcript: String::new() })
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// All files and what is in them, but for locks, which hold nothing.
    fn files(&self) -> Result<BTreeMap<PathBuf, Vec<u8>>, Failed> {
        let (mut files, mut folders) = (BTreeMap::new(), vec![self.path().to_owned()]);
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder)? {
                let path = entry?.path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_none_or(|extension| extension != "lock") {
                    files.insert(path.clone(), std::fs::read(path)?);
                }
            }
        }
        Ok(files)
    }

    fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mod-106"));
        for word in line.split(' ') {
            let word = self.addresses.iter().fold(word.to_owned(), |word, (name, address)| word.replace(name, address));
            command.arg(word);
        }
        command.current_dir(self.path()).stdin(Stdio::null()).env("NO_PROXY", "127.0.0.1").env("NO_COLOR", "1");
        for variable in
            ["MLFLOW_TRACKING_URI", "FEATURE_SERVER_URL", "FEATURE_REGISTRY_URL", "MOD106_QUIZ_KEY", "HOOK_SECRET"]
        {
            command.env_remove(variable);
        }
        command
    }

    /// Runs a command that must fail so, and must not have touched a file.
    fn fails(&mut self, (line, exit, says): Case) -> Result<(), Failed> {
        let before = self.files()?;
        let output = self.command(line).output()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.code() != Some(exit) {
            return Err(format!("{line}: expected exit code {exit}, found {}: {said}", output.status).into());
        }
        if let Some(absent) = says.iter().find(|part| !said.contains(**part)) {
            return Err(format!("{line}: does not say {absent:?}, but {said}").into());
        }
        if said.contains("panicked") {
            return Err(format!("{line}: {said}").into());
        }
        let after = self.files()?;
        if before != after {
            let changed: Vec<_> = before
                .iter()
                .chain(&after)
                .filter(|(path, text)| before.get(*path) != Some(text) || after.get(*path) != Some(text))
                .map(|(path, _)| path)
                .collect();
            return Err(format!("{line}: changed {changed:?}").into());
        }
        let mut said = said.replace(&self.path().display().to_string(), "FOLDER");
        for (name, address) in &self.addresses {
            said = said.replace(address, name);
        }
        let _ = writeln!(self.transcript, "$ mod-106 {line}\n{}\nexit {exit}\n", said.trim_end());
        Ok(())
    }

    fn succeeds(&self, line: &str) -> Result<String, Failed> {
        let output = self.command(line).output()?;
        if output.status.success() {
            return Ok(String::from_utf8(output.stdout)?);
        }
        Err(format!("{line}: {}: {}", output.status, String::from_utf8_lossy(&output.stderr)).into())
    }
}

const ALERTS: &str = "receivers:\n  hook: { kind: webhook, url: 'http://127.0.0.1:1', secret_env: HOOK_SECRET, retries: 0 }\ndefault: [hook]\n";
const ALERT: &str = r#"[{ "name": "Drift", "severity": "warning", "owner": "fraud", "summary": "s" }]"#;

fn alerts() -> Result<(), Failed> {
    let mut desk = Desk::with(&[
        ("alerts.yaml", ALERTS),
        ("misspelt.yaml", &ALERTS.replace("secret_env", "secret_evn")),
        ("nowhere.yaml", &ALERTS.replace("default: [hook]", "default: [hok]")),
        ("half.yaml", &ALERTS[..60]),
        ("alert.json", ALERT),
        ("half.json", &ALERT[..40]),
        ("fatal.json", &ALERT.replace("warning", "fatal")),
        ("nobodys.json", &ALERT.replace("fraud", "")),
        ("half.state", "{\n  \"version\": 1,\n  \"receivers\": {\n    \"hook\""),
        ("file", ""),
    ])?;
    let cases: [Case; 13] = [
        ("alerts send alert.json --config none.yaml", 2, &["none.yaml", "--config FILE"]),
        ("alerts routes --config misspelt.yaml", 2, &["misspelt.yaml:2:", "secret_evn"]),
        ("alerts routes --config nowhere.yaml", 2, &["nowhere.yaml:3:11", "expected one of hook"]),
        ("alerts test --config half.yaml", 2, &["half.yaml:"]),
        ("alerts send none.json", 2, &["none.json"]),
        ("alerts send half.json", 2, &["half.json:1:"]),
        ("alerts send fatal.json", 2, &["fatal.json:1:", "fatal"]),
        ("alerts send nobodys.json", 2, &["field owner", "not empty"]),
        ("alerts send alert.json --state half.state", 2, &["half.state:4:", "begin anew"]),
        ("alerts send alert.json --state file/state.json", 1, &["file"]),
        ("alerts send --name Drift --severity warning", 2, &["--owner"]),
        ("alerts send --name Drift --severity warning --owner a --label 0=b", 2, &["labels.0", "begins with no digit"]),
        ("alerts test --receiver hok", 2, &["expected one of hook"]),
    ];
    cases.into_iter().try_for_each(|case| desk.fails(case))?;
    // What cannot be sent is kept, also by the second run.
    let missing = "alerts send alert.json --state kept.json";
    assert_eq!(desk.command(missing).output()?.status.code(), Some(1));
    let again = desk.command(missing).output()?;
    let said = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(again.status.code() == Some(1) && said.contains("HOOK_SECRET is not set; export it"), "{said}");
    assert!(said.contains("kept in kept.json, and sent again next time"), "{said}");
    let mut dead = desk.command("alerts send --state kept.json");
    let dead = dead.env("HOOK_SECRET", "correct-horse-battery-staple").output()?;
    assert_eq!(dead.status.code(), Some(3), "{}", String::from_utf8_lossy(&dead.stderr));
    assert!(std::fs::read_to_string(desk.path().join("kept.json"))?.contains("\"due\": \"firing\""));
    insta::assert_snapshot!("alerts", desk.transcript);
    Ok(())
}

const CONTROLS: &str = "title = \"t\"\n\n[[control]]\nid = \"A\"\ntitle = \"a\"\nneeds = [{ kind = \"run\" }]\n";
const RUNBOOK: &str = "# x\n\n```toml variables\nOUT = \"\"\n```\n\n```sh step=a\ntouch \"$OUT\"\n```\n";

fn governance_and_catalogue() -> Result<(), Failed> {
    let mut desk = Desk::with(&[
        ("controls.toml", CONTROLS),
        ("misspelt.toml", &CONTROLS.replace("needs", "nedes")),
        ("unknown.toml", &CONTROLS.replace("\"run\"", "\"wish\"")),
        ("half.toml", &CONTROLS[..CONTROLS.len() - 12]),
        ("runbook.md", RUNBOOK),
        ("misspelt.md", &RUNBOOK.replace("step=a", "setp=a")),
        ("half.md", &RUNBOOK[..20]),
        ("trail.jsonl", "{\"sequence\":1}\n"),
        ("file", ""),
    ])?;
    let home = tempfile::tempdir()?;
    let (uri, mut server) = start_embedded(home.path(), "none")?;
    desk.addresses.push(("TRACKING", uri.clone()));
    let done = against_a_server(&mut desk, &uri);
    stop(&mut server);
    done?;
    insta::assert_snapshot!("governance-and-catalogue", desk.transcript);
    Ok(())
}

fn against_a_server(desk: &mut Desk, uri: &str) -> Result<(), Failed> {
    let mut config = Config::new(uri)?;
    config.proxies_from_environment = false;
    let (client, name) = (Client::new(&config)?, ModelName::parse("bare")?);
    block_on(async {
        client.create_model(&name, "", &[]).await?;
        let new = NewVersion { source: "mlflow-artifacts:/0/none/model".to_owned(), ..NewVersion::default() };
        client.create_version(&name, &new).await
    })?;
    let cases: [Case; 20] = [
        ("governance card bare 1 --tracking-uri NOBODY", 3, &["MLFLOW_TRACKING_URI"]),
        ("governance report bare 1 --controls none.toml --tracking-uri TRACKING", 2, &["none.toml"]),
        ("governance report bare 1 --controls misspelt.toml --tracking-uri TRACKING", 2, &["misspelt.toml", "nedes"]),
        ("governance report bare 1 --controls unknown.toml --tracking-uri TRACKING", 2, &["unknown.toml", "wish"]),
        ("governance report bare 1 --controls half.toml --tracking-uri TRACKING", 2, &["half.toml"]),
        (
            "governance report bare 1 --controls controls.toml --tracking-uri TRACKING",
            1,
            &["1 of 1 controls are not resolved: A"],
        ),
        ("governance card none 1 --tracking-uri TRACKING", 1, &["none"]),
        ("governance card bare 7 --tracking-uri TRACKING", 1, &["7", "1"]),
        ("governance card bare champion --tracking-uri TRACKING", 1, &["champion"]),
        ("governance card bare 1 --tracking-uri TRACKING --out file/sub", 1, &["file/sub", "writable"]),
        ("governance card bare 1 --tracking-uri TRACKING --trail none.jsonl", 2, &["none.jsonl"]),
        ("governance message release bare 1 --tracking-uri TRACKING", 1, &["promote it first"]),
        ("governance trail --tracking-uri TRACKING", 2, &["--trail"]),
        ("governance trail --trail trail.jsonl --tracking-uri TRACKING --out out", 1, &["line 1"]),
        ("governance runbook run none.md", 2, &["none.md"]),
        ("governance runbook run misspelt.md --set OUT=x", 2, &["misspelt.md:7", "setp"]),
        ("governance runbook run half.md", 2, &["half.md"]),
        ("governance runbook run runbook.md", 2, &["no value for OUT", "--set NAME=VALUE"]),
        ("catalogue --out catalogue --tracking-uri NOBODY", 3, &["MLFLOW_TRACKING_URI"]),
        ("catalogue --out catalogue --tracking-uri TRACKING --registry NOBODY", 3, &["is it running"]),
    ];
    // A broken trail is shown as far as it is sound, so that one writes its page.
    for case in cases {
        if case.0.contains("--trail trail.jsonl") {
            let output = desk.command(case.0).output()?;
            assert_eq!(output.status.code(), Some(1));
            assert!(desk.path().join("out/audit-trail.md").exists());
            std::fs::remove_dir_all(desk.path().join("out"))?;
            continue;
        }
        desk.fails(case)?;
    }
    desk.fails(("catalogue --out file/sub --tracking-uri TRACKING", 1, &["file/sub", "writable"]))?;
    desk.fails(("catalogue --out catalogue --model none --tracking-uri TRACKING", 1, &["none"]))?;
    // Of what nobody recorded, documents say that it is a gap.
    let card = desk.succeeds("governance card bare 1 --tracking-uri TRACKING")?;
    assert!(card.contains("**gap**"), "{card}");
    Ok(())
}

fn quiz() -> Result<(), Failed> {
    let mut desk = Desk::with(&[("file", "")])?;
    let key = Path::new(env!("CARGO_MANIFEST_DIR")).join("quiz/key").display().to_string();
    desk.addresses.push(("KEY", key.clone()));
    let sheet = desk.succeeds("quiz paper --seed 5 --sheet")?;
    let paper = desk.succeeds("quiz paper --seed 5 --json")?;
    let entry = sheet.rfind("[[answer]]").unwrap_or_default();
    let files = [
        ("sheet.toml", sheet.clone()),
        ("half.toml", sheet[..sheet.len() - 9].to_owned()),
        ("short.toml", sheet[..entry].to_owned()),
        ("twice.toml", format!("{sheet}\n{}", &sheet[entry..])),
        ("forged.toml", sheet.replace("seed = 5", "seed = 6")),
        ("other-bank.json", paper.replacen("?", "??", 1)),
        ("other-seed.json", desk.succeeds("quiz paper --seed 6 --json")?),
        ("half.json", paper[..paper.len() / 2].to_owned()),
    ];
    for (name, text) in &files {
        std::fs::write(desk.path().join(name), text)?;
    }
    std::fs::create_dir(desk.path().join("half-key"))?;
    let mut files =
        std::fs::read_dir(&key)?.map(|file| file.map(|file| file.file_name())).collect::<Result<Vec<_>, _>>()?;
    files.sort();
    for file in &files[1..] {
        std::fs::copy(Path::new(&key).join(file), desk.path().join("half-key").join(file))?;
    }
    let cases: [Case; 13] = [
        ("quiz grade none.toml --key KEY", 2, &["none.toml"]),
        ("quiz grade half.toml --key KEY", 2, &["half.toml", "line"]),
        ("quiz grade short.toml --key KEY", 2, &["short.toml", "1 of 20 questions have no entry", "answer = \"\""]),
        ("quiz grade twice.toml --key KEY", 2, &["twice.toml:", "answered twice", "keep one"]),
        ("quiz grade forged.toml --key KEY", 2, &["forged.toml:6:", "another paper"]),
        ("quiz grade sheet.toml --key KEY --paper other-seed.json", 2, &["sheet.toml", "another paper"]),
        ("quiz grade sheet.toml --key KEY --paper other-bank.json", 2, &["other-bank.json"]),
        ("quiz grade sheet.toml --key KEY --paper half.json", 2, &["half.json"]),
        ("quiz grade sheet.toml --key none", 2, &["none"]),
        ("quiz grade sheet.toml --key half-key", 2, &["the key does not fit the questions"]),
        ("quiz take --seed 6 --answers sheet.toml", 2, &["sheet.toml", "name another file"]),
        ("quiz paper --seed 5 --questions 1000", 2, &["--questions"]),
        ("quiz grade sheet.toml", 2, &["--key"]),
    ];
    cases.into_iter().try_for_each(|case| desk.fails(case))?;
    // Graded twice, a sheet gets the same grade, and is the same sheet.
    desk.fails(("quiz grade sheet.toml --key KEY", 1, &["not passed: 0.0 %"]))?;
    let grade = |desk: &Desk| desk.command("quiz grade sheet.toml --key KEY --json").output();
    assert_eq!(grade(&desk)?.stdout, grade(&desk)?.stdout);
    insta::assert_snapshot!("quiz", desk.transcript);
    // A sheet that cannot be written ends the session, and says so.
    let mut command = desk.command("quiz take --seed 5 --answers file/answers.toml");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    // It may have ended before it reads this.
    let _ = std::io::Write::write_all(&mut child.stdin.take().unwrap(), "b\na c\ncba\n42\n".as_bytes());
    let output = child.wait_with_output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(1) && said.contains("file/answers.toml"), "{}: {said}", output.status);
    Ok(())
}

/// A run that was killed leaves a hidden file beside its output, never half an output.
fn what_a_killed_run_left_is_no_obstacle() -> Result<(), Failed> {
    let half = "customer_id,event_ti";
    let desk = Desk::with(&[
        ("features.yaml", FEATURES),
        ("rows.csv", ROWS),
        ("entities.csv", ENTITIES),
        (".x1y2z3.part", half),
        ("training.csv", "the training set of yesterday\n"),
        ("answers.toml.unfinished", "[pap"),
    ])?;
    desk.succeeds("features join --feature spend --out training.csv --entities entities.csv")?;
    let made = std::fs::read_to_string(desk.path().join("training.csv"))?;
    assert!(made.starts_with("customer_id,event_timestamp,") && made.lines().count() == 3, "{made}");
    desk.succeeds("features ingest spend rows.csv")?;
    assert_eq!(std::fs::read_to_string(desk.path().join("rows.csv"))?.lines().count(), 5);
    assert_eq!(std::fs::read_to_string(desk.path().join(".x1y2z3.part"))?, half, "somebody else may be writing it");
    let parts = std::fs::read_dir(desk.path())?.filter_map(Result::ok);
    let parts = parts.filter(|file| file.file_name().to_string_lossy().ends_with(".part")).count();
    assert_eq!(parts, 1, "a run left a temporary file behind");
    Ok(())
}
