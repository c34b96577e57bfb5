//! The workflow check and the lab's own workflows, with everything else that judges such files: zizmor, GitHub's schema, and OASIS's
//! schema of SARIF.

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
        Trial::ignorable_test("workflow::sarif-is-what-oasis-describes", sarif_is_what_oasis_describes),
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

/// What a schema has against a report.
fn against(schema: &Path, report: &Value) -> Result<Vec<String>, Failed> {
    // OASIS's pattern for a language has a bracket too many, at which no strict reader of patterns goes on.
    let text = std::fs::read_to_string(schema)?.replace("[a-zA-Z]{2}]?$", "[a-zA-Z]{2}$");
    let schema: Value = serde_json::from_str(&text)?;
    let validator = jsonschema::options().should_validate_formats(true).build(&schema);
    let validator = validator.map_err(|error| error.to_string())?;
    Ok(validator.iter_errors(report).map(|error| format!("{}: {error}", error.instance_path())).collect())
}

/// The mixed workflow's report, in JSON of this shape.
fn mixed(option: &str) -> Result<Value, Failed> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("mixed é.yml");
    std::fs::write(&file, MIXED)?;
    let output = check(&[option, &file.display().to_string()])?;
    assert_eq!(output.status.code(), Some(1), "{option}");
    let text = String::from_utf8(output.stdout)?;
    assert!(text.contains("workflow-elsewhere") && text.contains("b goes to production"), "{text}");
    Ok(serde_json::from_str(&text)?)
}

fn reports_follow_their_schemas() -> Result<(), Failed> {
    let found = against(&root().join("../schemas/workflow-check.schema.json"), &mixed("--json")?)?;
    assert!(found.is_empty(), "{found:?}");
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("mixed.yml");
    std::fs::write(&file, MIXED)?;
    let text = String::from_utf8(check(&[&file.display().to_string()])?.stdout)?;
    assert!(text.contains(":5:3: error[approval-missing]") && !text.contains('\u{1b}'), "{text}");
    Ok(())
}

/// The schema of OASIS, as Microsoft's package for npm brings it.
fn sarif_is_what_oasis_describes() -> Result<Completion, Failed> {
    let schema =
        root().join("../target/labs/npm/node_modules/@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json");
    if !schema.exists() {
        let reason = "no @microsoft/jest-sarif in target/labs/npm; `cargo xtask images --process` installs it";
        return Ok(Completion::ignored_with(reason));
    }
    let report = mixed("--sarif")?;
    let clean = check(&["--sarif", "--protected", "production-approval", &format!("{SOLUTION}/workflows")])?;
    for report in [&report, &serde_json::from_slice(&clean.stdout)?] {
        let found = against(&schema, report)?;
        assert!(found.is_empty(), "{found:?}\n{report:#}");
    }
    // What a schema cannot say: a result's index is that of its rule, and addresses need no more escaping.
    let run = &report["runs"][0];
    for result in run["results"].as_array().unwrap() {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap())?;
        assert_eq!(result["ruleId"], run["tool"]["driver"]["rules"][index]["id"]);
        let address = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
        assert!(address.as_str().unwrap().ends_with("/mixed%20%C3%A9.yml"), "{address}");
    }
    // The schema judges: each of these is refused.
    let flow = run["results"].as_array().unwrap().iter().position(|result| result.get("codeFlows").is_some());
    let flow = format!("/runs/0/results/{}/codeFlows/0/threadFlows/0", flow.ok_or("no result shows a path")?);
    for (place, wrong) in [
        ("/version", Value::from("2.2.0")),
        ("/runs/0/tool/driver/name", Value::Null),
        ("/runs/0/columnKind", Value::from("bytes")),
        ("/runs/0/results/0/level", Value::from("fatal")),
        ("/runs/0/results/0/locations/0/physicalLocation/region/startLine", Value::from(0)),
        ("/runs/0/results/0/locations/0/physicalLocation/artifactLocation/uri", Value::from(7)),
        (&flow, serde_json::json!({})),
    ] {
        let mut report = report.clone();
        *report.pointer_mut(place).ok_or(place)? = wrong;
        assert!(!against(&schema, &report)?.is_empty(), "{place}");
    }
    Ok(Completion::Completed)
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
