//! The workflow check and the lab's own workflows, with everything else that judges such files: zizmor, GitHub's schema, and the schema
//! of SARIF in its smallest committed form.

use libtest_mimic::{Completion, Failed, Trial};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const SOLUTION: &str = "labs/lab-2-promotion-pipeline/solution/.github";

/// The trials of this file.
pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("workflow::the-reference-is-clean", the_reference_is_clean),
        Trial::test("workflow::reports-follow-their-schemas", reports_follow_their_schemas),
        Trial::test("workflow::bad-files-are-refused", bad_files_are_refused),
        Trial::ignorable_test("workflow::zizmor-finds-nothing-in-the-reference", zizmor),
        Trial::ignorable_test("workflow::the-reference-follows-githubs-schemas", schemas),
    ]
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn check(arguments: &[&str]) -> Result<Output, Failed> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mod-106"));
    Ok(command.args(["workflow", "check"]).args(arguments).current_dir(root()).output()?)
}

fn the_reference_is_clean() -> Result<(), Failed> {
    let output = check(&["--json", "--protected", "production-approval", &format!("{SOLUTION}/workflows")])?;
    let report: Value = serde_json::from_slice(&output.stdout)?;
    assert_eq!(report["findings"], Value::Array(Vec::new()), "{report:#}");
    assert!(report["answers"].as_object().unwrap().values().all(|answer| answer == "yes"), "{report:#}");
    assert_eq!(output.status.code(), Some(0));
    // Without the reviewers that only the repository's settings know, nobody approves anything.
    let output = check(&["--json", &format!("{SOLUTION}/workflows")])?;
    let report: Value = serde_json::from_slice(&output.stdout)?;
    assert_eq!((&report["answers"]["approval"], output.status.code()), (&Value::from("no"), Some(1)));
    Ok(())
}

/// A workflow with something of everything: an error with a path, a warning, a note.
const MIXED: &str = "on: push\njobs:\n  a:\n    uses: other/repo/.github/workflows/x.yml@v1\n  b:\n    runs-on: x\n    environment: production\n    steps:\n      - run: ./deploy.sh\n";

fn reports_follow_their_schemas() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("mixed é.yml");
    std::fs::write(&file, MIXED)?;
    let file = file.display().to_string();
    for (option, schema) in
        [("--json", "../schemas/workflow-check.schema.json"), ("--sarif", "tests/it/sarif.schema.json")]
    {
        let schema: Value = serde_json::from_slice(&std::fs::read(root().join(schema))?)?;
        let output = check(&[option, &file])?;
        let report: Value = serde_json::from_slice(&output.stdout)?;
        let validator = jsonschema::validator_for(&schema).map_err(|error| error.to_string())?;
        let errors: Vec<_> = validator.iter_errors(&report).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{option}: {errors:?}\n{report:#}");
        assert_eq!(output.status.code(), Some(1), "{option}");
        assert!(
            report.to_string().contains("workflow-elsewhere") && report.to_string().contains("b goes to production")
        );
    }
    let text = String::from_utf8(check(&[&file])?.stdout)?;
    assert!(text.contains(":5:3: error[approval-missing]") && !text.contains('\u{1b}'), "{text}");
    Ok(())
}

fn bad_files_are_refused() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name).display().to_string();
    let refused = |name: &str, bytes: &[u8], words: &str| {
        std::fs::write(path(name), bytes)?;
        let output = check(&[&path(name)])?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(words) && said.contains(name), "{words}: {said}");
        Ok::<_, Failed>(())
    };
    refused("empty.yml", b"", "says nothing")?;
    refused("latin.yml", b"name: caf\xe9\n", "1:10: these bytes are no UTF-8")?;
    refused("utf16.yml", b"\xff\xfeo\0n\0", "UTF-16")?;
    refused("huge.yml", &vec![b'#'; 2 << 20], "at most 1048576")?;
    refused("tab.yml", b"on: push\njobs:\n\ta: b\n", "no YAML")?;
    let bomb: String = (1..40)
        .map(|level| format!("a{level}: &a{level} [{0},{0},{0},{0},{0},{0}]\n", format!("*a{}", level - 1)))
        .collect();
    refused("bomb.yml", format!("a0: &a0 x\n{bomb}").as_bytes(), "no YAML")?;
    refused("deep.yml", ["[".repeat(5000), "]".repeat(5000)].concat().as_bytes(), "no YAML")?;
    let missing = check(&[&path("none.yml")])?;
    assert!(missing.status.code() == Some(2) && String::from_utf8_lossy(&missing.stderr).contains("cannot read"));
    let configuration = path("policy.toml");
    std::fs::write(&configuration, "protectd = []\n")?;
    let output = check(&["--config", &configuration, &format!("{SOLUTION}/workflows")])?;
    assert!(output.status.code() == Some(2) && String::from_utf8_lossy(&output.stderr).contains("protectd"));
    Ok(())
}

/// A program of the environment `workflows`.
fn tool(name: &str) -> Result<Command, String> {
    let program = root().join("../target/labs/workflows/bin").join(name);
    if program.exists() {
        Ok(Command::new(program))
    } else {
        Err(format!("no {name} in target/labs/workflows; `cargo xtask images --process` installs it"))
    }
}

fn clean(mut command: Command) -> Result<(), Failed> {
    let output = command.current_dir(root()).output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)).into())
}

fn zizmor() -> Result<Completion, Failed> {
    let mut command = match tool("zizmor") {
        Ok(command) => command,
        Err(reason) => return Ok(Completion::ignored_with(reason)),
    };
    command.args(["--offline", "--pedantic", "--no-progress", "--color", "never", SOLUTION]);
    clean(command).map(|()| Completion::Completed)
}

fn schemas() -> Result<Completion, Failed> {
    for (schema, folder, name) in
        [("vendor.github-workflows", "workflows", ""), ("vendor.github-actions", "actions", "action.yml")]
    {
        let mut command = match tool("check-jsonschema") {
            Ok(command) => command,
            Err(reason) => return Ok(Completion::ignored_with(reason)),
        };
        command.args(["--builtin-schema", schema]);
        for entry in std::fs::read_dir(root().join(SOLUTION).join(folder))? {
            command.arg(if name.is_empty() { entry?.path() } else { entry?.path().join(name) });
        }
        clean(command)?;
    }
    Ok(Completion::Completed)
}
