//! Our evaluator beside GitHub's own package: generated expressions over nasty values, all through one process of Node.
//!
//! The seed is fixed, so that a difference can be looked at again. What the package itself gets wrong, and we do not follow, is listed
//! in `workflow::expression` and kept out of the generator.

use libtest_mimic::{Completion, Failed, Trial};
use mod_106::workflow::expression::{self, Kind, Object, Scope, Value};
use serde_json::json;
use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const SEED: u64 = 106;
const EXPRESSIONS: usize = 10_000;
const CONTEXTS: [(&str, &str); 4] = [
    (
        "github",
        r#"{"ref":"refs/heads/main","event_name":"push","run_number":17,"Actor":"Ada","empty":"","nothing":null,"yes":true,"no":false,
            "event":{"labels":[{"name":"Bug","id":1},{"name":"deploy","id":2},{"id":3,"name":null}],"commits":[[1,2],[3],[]],"10":"ten","9":"nine"}}"#,
    ),
    (
        "needs",
        r#"{"build":{"result":"success","outputs":{"digest":"sha256:00","count":"0x10"}},"test":{"result":"Failure","outputs":{}}}"#,
    ),
    (
        "matrix",
        r#"{"os":["ubuntu","Windows",3,null,true,[],{}],"n":1e21,"tiny":1.5e-7,"third":0.3333333333333333333,"half":0.0000152587890625}"#,
    ),
    ("env", r#"{"UNICODE":"ßtraße ıİΣς 🦀","SPACE":" 42 ","WORD":"NaN","NEWLINE":"a\nb\"c"}"#),
];
const FUNCTIONS: [(&str, bool); 4] = [("success", true), ("failure", false), ("cancelled", false), ("always", true)];
const LITERALS: &[&str] = &[
    "null",
    "true",
    "false",
    "NaN",
    "Infinity",
    "-0",
    "0",
    "1",
    "-1",
    "1.5",
    "0x1F",
    "0o17",
    "1e3",
    ".5",
    "-Infinity",
    "0xFFFFFFFF",
    "1e21",
    "0.1",
    "123456789012345680000",
    "''",
    "'abc'",
    "'ABC'",
    "'0'",
    "'1'",
    "' '",
    "'true'",
    "'false'",
    "'null'",
    "'NaN'",
    "'Infinity'",
    "'infinity'",
    "'-Infinity'",
    "'0x1f'",
    "'0X1F'",
    "'0b101'",
    "'0o8'",
    "'1e3'",
    "'1e999'",
    "'+1'",
    "'1_0'",
    "'it''s'",
    "'ı'",
    "'I'",
    "'i'",
    "'ß'",
    "'SS'",
    "'🦀'",
    "'\u{ffee}'",
    "'Array'",
    "'Object'",
    "'refs/heads/MAIN'",
    "'a'",
    "'[1,2,2]'",
    "'{\"a\":{\"B\":1},\"2\":0,\"1\":[]}'",
    "'[]'",
    "'{}'",
    "'\"x\"'",
    "'nul'",
    "'[1,'",
    "'{0}'",
    "'{0} {1} {{x}}'",
    "'}'",
    "'{a}'",
    "'{0:x}'",
    "'{1}{0}'",
    "'{{0}}'",
    "','",
    "'name'",
    "'\t5\t'",
];
const NAMES: &[&str] = &[
    "ref",
    "event",
    "labels",
    "name",
    "NAME",
    "id",
    "commits",
    "build",
    "result",
    "outputs",
    "digest",
    "count",
    "os",
    "n",
    "tiny",
    "half",
    "missing",
    "actor",
    "empty",
    "nothing",
    "yes",
    "no",
    "UNICODE",
    "space",
    "word",
    "run_number",
    "third",
    "test",
    "true",
    "a",
    "b",
];

/// The trials of this file.
pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::ignorable_test("workflow::expressions-mean-what-github-means", differential),
        Trial::ignorable_test("workflow::accepted-differences-are-as-described", accepted_differences),
    ]
}

/// Where npm packages are, and a word for what is not there.
fn packages() -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/labs/npm");
    if !folder.join("node_modules/@actions/expressions").exists() {
        return Err("no @actions/expressions in target/labs/npm; `cargo xtask images --process` installs it".to_owned());
    }
    match Command::new("node").arg("--version").output() {
        Ok(version) if version.status.success() => Ok(folder),
        _ => Err("no node on the path; install Node 20 or newer".to_owned()),
    }
}

fn differential() -> Result<Completion, Failed> {
    let folder = match packages() {
        Ok(folder) => folder,
        Err(reason) => return Ok(Completion::ignored_with(reason)),
    };
    // Another seed is another ten thousand.
    let seed = std::env::var("EXPRESSIONS_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(SEED);
    let mut random = fastrand::Rng::with_seed(seed);
    let expressions: Vec<String> = (0..EXPRESSIONS).map(|_| expression(&mut random, 4)).collect();
    let theirs = ask(&folder, &expressions)?;
    let mut differences = Vec::new();
    let mut refused = 0;
    for (expression, theirs) in expressions.iter().zip(&theirs) {
        let ours = answer(expression);
        refused += usize::from(ours.is_none());
        if ours != *theirs {
            differences.push(format!("{expression}\n  ours   {ours:?}\n  theirs {theirs:?}"));
        }
    }
    println!("{EXPRESSIONS} expressions, {refused} of them refused by both, {} differences", differences.len());
    if differences.is_empty() && refused * 2 < EXPRESSIONS {
        return Ok(Completion::Completed);
    }
    let shown = differences.iter().take(20).map(String::as_str).collect::<Vec<_>>().join("\n");
    Err(format!("{} differences of {EXPRESSIONS}, {refused} refused:\n{shown}", differences.len()).into())
}

/// If GitHub's package changes its mind about these, so can we.
fn accepted_differences() -> Result<Completion, Failed> {
    let folder = match packages() {
        Ok(folder) => folder,
        Err(reason) => return Ok(Completion::ignored_with(reason)),
    };
    let expressions = ["'a''b''c'", "1e999", "fromJSON('1e999')"].map(str::to_owned);
    let theirs = ask(&folder, &expressions)?;
    let infinity = some("Number", "Infinity");
    assert_eq!(theirs, [some("String", "a'b''c"), infinity.clone(), infinity]);
    let ours: Vec<_> = expressions.iter().map(|expression| answer(expression)).collect();
    assert_eq!(ours, [some("String", "a'b'c"), None, None]);
    Ok(Completion::Completed)
}

/// Kind and text; nothing for an error.
type Answer = Option<(String, String)>;

fn some(kind: &str, text: &str) -> Answer {
    Some((kind.to_owned(), text.to_owned()))
}

fn ask(folder: &Path, expressions: &[String]) -> Result<Vec<Answer>, Failed> {
    let contexts: HashMap<_, _> = CONTEXTS.into();
    let functions: HashMap<_, _> = FUNCTIONS.into();
    let question = json!({ "contexts": contexts, "functions": functions, "expressions": expressions });
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/npm/expressions.mjs");
    let mut node = Command::new("node").arg(script).arg(folder).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut input = node.stdin.take().ok_or("node has no standard input")?;
    let writer = std::thread::spawn(move || input.write_all(question.to_string().as_bytes()));
    let output = node.wait_with_output()?;
    writer.join().map_err(|_| "the writer panicked")??;
    let answers: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout)?;
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    Ok(answers.iter().map(|each| each.get("kind").map(|kind| (text(kind), text(&each["text"])))).collect())
}

fn answer(expression: &str) -> Answer {
    let contexts = CONTEXTS.map(|(name, json)| (name.into(), expression::from_json(json).unwrap()));
    let contexts = Object::new(contexts);
    let assumed = HashMap::new();
    let [success, failure, cancelled, _] = FUNCTIONS.map(|(_, value)| Value::Bool(value));
    let scope = Scope { contexts: &contexts, success, failure, cancelled, assumed: &assumed, place: "" };
    let value = expression::evaluate(expression, &scope).ok()?;
    let (kind, text) = match value.kind()? {
        Kind::Null => ("Null", value.coerced().to_string()),
        Kind::Bool => ("Boolean", value.coerced().to_string()),
        Kind::Number => ("Number", expression::exact_number(&value)),
        Kind::String => ("String", value.coerced().to_string()),
        Kind::Array => ("Array", expression::to_json(&value)),
        Kind::Object => ("Dictionary", expression::to_json(&value)),
    };
    some(kind, &text)
}

fn pick<'a>(random: &mut fastrand::Rng, from: &[&'a str]) -> &'a str {
    from[random.usize(..from.len())]
}

fn expression(random: &mut fastrand::Rng, depth: u32) -> String {
    if depth == 0 {
        return if random.bool() { pick(random, LITERALS).to_owned() } else { access(random, 0) };
    }
    let next = |random: &mut fastrand::Rng| expression(random, depth - 1);
    match random.u8(..20) {
        0..=6 => {
            let operator = pick(random, &["==", "!=", "<", "<=", ">", ">=", "==", "!=", "&&", "||"]);
            let (left, right) = (next(random), next(random));
            // Without brackets precedence decides.
            if random.u8(..4) > 0 {
                format!("({left}) {operator} ({right})")
            } else {
                format!("{left} {operator} {right}")
            }
        }
        7 | 8 => format!("{} && {} || {}", next(random), next(random), next(random)),
        9 => format!("!{}({})", if random.bool() { "!" } else { "" }, next(random)),
        10..=12 => access(random, depth),
        13..=18 => call(random, depth),
        _ => pick(random, LITERALS).to_owned(),
    }
}

fn call(random: &mut fastrand::Rng, depth: u32) -> String {
    let next = |random: &mut fastrand::Rng| expression(random, depth - 1);
    match random.u8(..12) {
        0 | 1 => format!("contains({}, {})", next(random), next(random)),
        2 => format!("startsWith({}, {})", next(random), next(random)),
        3 => format!("ENDSWITH({}, {})", next(random), next(random)),
        4 => format!("format({}, {}, {})", pick(random, LITERALS), next(random), next(random)),
        5 => format!("join({}, {})", next(random), next(random)),
        6 => format!("join({})", next(random)),
        7 => format!("toJSON({})", next(random)),
        8 => format!("fromJSON(toJSON({}))", next(random)),
        9 => format!("fromJson({})", pick(random, LITERALS).replace("e999", "e99")),
        10 => format!("case({} == {}, {}, {})", next(random), next(random), next(random), next(random)),
        _ => format!("{}()", pick(random, &["success", "failure", "always", "Cancelled"])),
    }
}

fn access(random: &mut fastrand::Rng, depth: u32) -> String {
    let mut text = match random.u8(..6) {
        0 if depth > 0 => format!("({})", expression(random, depth - 1)),
        1 => format!(
            "fromJSON({})",
            pick(random, &["'[1,2,2]'", "'{\"a\":{\"B\":1},\"2\":0,\"1\":[]}'", "'[[1,{\"a\":2}],{\"a\":3}]'"])
        ),
        _ => CONTEXTS[random.usize(..CONTEXTS.len())].0.to_owned(),
    };
    for _ in 0..random.u8(..5) {
        match random.u8(..8) {
            0 => text.push_str(".*"),
            1 => text.push_str("[*]"),
            2 => text.push_str(&format!("[{}]", random.u8(..3))),
            3 => text.push_str(&format!("['{}']", pick(random, NAMES))),
            4 if depth > 0 => text.push_str(&format!("[{}]", expression(random, depth - 1))),
            _ => text.push_str(&format!(".{}", pick(random, NAMES))),
        }
    }
    text
}
