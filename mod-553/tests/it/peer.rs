//! Questions to a Python program that knows the answers of a peer: one JSON question a line in, one JSON answer a line out.

use libtest_mimic::Failed;
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where `cargo xtask images --process` puts the environments of peers.
pub(crate) fn labs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/labs")
}

/// The Python of an environment, or what to do to have it.
pub(crate) fn python(environment: &str) -> Result<PathBuf, String> {
    let python = labs().join(environment).join("bin/python");
    if python.exists() {
        Ok(python)
    } else {
        Err(format!("no target/labs/{environment}; `cargo xtask images --process` makes it"))
    }
}

/// Asks all questions in one process; the answers are in their order.
pub(crate) fn ask(python: &Path, script: &str, questions: &[Value]) -> Result<Vec<Value>, Failed> {
    let mut command = Command::new(python);
    command.args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn()?;
    let mut input = child.stdin.take().ok_or("no pipe")?;
    let text: String = questions.iter().map(|question| format!("{question}\n")).collect();
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let output = child.wait_with_output()?;
    let _ = writer.join();
    let answers =
        String::from_utf8(output.stdout)?.lines().map(serde_json::from_str).collect::<Result<Vec<Value>, _>>()?;
    if answers.len() == questions.len() {
        Ok(answers)
    } else {
        Err(format!("{} answers to {} questions", answers.len(), questions.len()).into())
    }
}

/// Numbers as JSON can hold them: those that are not finite are texts.
pub(crate) fn written(values: &[f64]) -> Value {
    values.iter().map(|value| if value.is_finite() { json!(value) } else { json!(value.to_string()) }).collect()
}

/// A number that Python wrote as a text.
pub(crate) fn read(value: &Value) -> f64 {
    value.as_str().and_then(|text| text.parse().ok()).or_else(|| value.as_f64()).unwrap_or(f64::NAN)
}
