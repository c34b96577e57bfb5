//! From an answer to a verdict: each function passes something on, or says what was looked at, what a correct submission shows
//! and what this one showed. Checks are written with these, so that every failure reads the same.

use crate::{
    check::Fault,
    submission::CommandOutput,
    wire::{Answer, Download},
};
use serde_json::Value;
use std::fmt::Debug;

/// The status code, and nothing else about the answer.
///
/// # Errors
/// Another status.
pub fn status(answer: &Answer, expected: u16) -> Result<(), Fault> {
    if answer.status == expected {
        return Ok(());
    }
    Err(Fault::failed(answer.what(), format!("status {expected}"), answer.quoted()))
}

/// One of several status codes, where a correct submission has a choice.
///
/// # Errors
/// Another status.
pub fn status_in(answer: &Answer, expected: &[u16]) -> Result<(), Fault> {
    if expected.contains(&answer.status) {
        return Ok(());
    }
    let choices: Vec<_> = expected.iter().map(ToString::to_string).collect();
    Err(Fault::failed(answer.what(), format!("status {}", choices.join(" or ")), answer.quoted()))
}

/// A 200 with a JSON body, which is handed on.
///
/// # Errors
/// Another status, or no JSON.
pub fn json(answer: &Answer) -> Result<Value, Fault> {
    status(answer, 200)?;
    answer.json()
}

/// A command's exit code; another is quoted with what the command said.
///
/// # Errors
/// Another exit code.
pub fn exit(output: &CommandOutput, command: &str, expected: i32) -> Result<(), Fault> {
    if output.status == expected {
        return Ok(());
    }
    let said = format!("exit code {}\n{}\n{}", output.status, output.stdout.trim(), output.stderr.trim());
    Err(Fault::failed(format!("the command `{command}`"), format!("exit code {expected}"), shortened(said.trim())))
}

/// What a command printed on standard output, as JSON.
///
/// # Errors
/// It is none.
pub fn printed_json(output: &CommandOutput) -> Result<Value, Fault> {
    let said = || shortened(&format!("{}{}", output.stdout, output.stderr));
    serde_json::from_str(output.stdout.trim())
        .map_err(|error| Fault::failed("standard output", "JSON", format!("{error}: {}", said())))
}

/// An MLflow error: this status, and this `error_code` in a JSON body.
///
/// # Errors
/// Anything else.
pub fn error(answer: &Answer, expected: u16, code: &str) -> Result<(), Fault> {
    if answer.status == expected && answer.error_code().as_deref() == Some(code) {
        return Ok(());
    }
    Err(Fault::failed(answer.what(), format!("status {expected} with error_code {code}"), answer.quoted()))
}

/// A streamed answer that is this file, byte for byte.
///
/// # Errors
/// Another status, length or digest.
pub fn file(download: &Download, length: u64, sha256: &str) -> Result<(), Fault> {
    if download.status != 200 {
        return Err(Fault::failed(download.what(), "status 200", download.quoted()));
    }
    let actual = format!("{} bytes, SHA-256 {}", download.length, download.sha256);
    equal(download.what(), &format!("{length} bytes, SHA-256 {sha256}"), &actual)
}

/// Two values that must be the same.
///
/// # Errors
/// They differ.
pub fn equal<T: PartialEq + Debug + ?Sized>(what: &str, expected: &T, actual: &T) -> Result<(), Fault> {
    if expected == actual {
        return Ok(());
    }
    Err(Fault::failed(what, shortened(&format!("{expected:?}")), shortened(&format!("{actual:?}"))))
}

/// Something that must hold.
///
/// # Errors
/// It does not.
pub fn holds(what: &str, condition: bool, expected: &str, actual: impl Debug) -> Result<(), Fault> {
    if condition { Ok(()) } else { Err(Fault::failed(what, expected, shortened(&format!("{actual:?}")))) }
}

/// The value at a JSON pointer (RFC 6901).
///
/// # Errors
/// There is none.
pub fn at<'a>(value: &'a Value, pointer: &str) -> Result<&'a Value, Fault> {
    value
        .pointer(pointer)
        .ok_or_else(|| Fault::failed(format!("`{pointer}` of a JSON answer"), "a value", shortened(&value.to_string())))
}

/// The text at a JSON pointer.
///
/// # Errors
/// There is none.
pub fn text<'a>(value: &'a Value, pointer: &str) -> Result<&'a str, Fault> {
    let found = at(value, pointer)?;
    found.as_str().ok_or_else(|| Fault::failed(format!("`{pointer}` of a JSON answer"), "a text", found.to_string()))
}

/// The whole number at a JSON pointer. Proto-JSON writes 64-bit integers as text, MLflow writes them as numbers: both are read.
///
/// # Errors
/// There is none.
pub fn integer(value: &Value, pointer: &str) -> Result<i64, Fault> {
    let found = at(value, pointer)?;
    let number = found.as_i64().or_else(|| found.as_str().and_then(|text| text.parse().ok()));
    number.ok_or_else(|| Fault::failed(format!("`{pointer}` of a JSON answer"), "a whole number", found.to_string()))
}

/// The list at a JSON pointer; MLflow leaves an empty one out.
#[must_use]
pub fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The texts under `key` of every entry of a list: the names, ids or versions of what was found.
#[must_use]
pub fn texts(value: &Value, pointer: &str, key: &str) -> Vec<String> {
    let entries = list(value, pointer).iter();
    entries.filter_map(|entry| entry.pointer(key)?.as_str()).map(str::to_owned).collect()
}

fn shortened(text: &str) -> String {
    const LONGEST: usize = 600;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{CommandOutput, at, equal, exit, holds, integer, list, printed_json, texts};
    use serde_json::json;

    #[test]
    fn a_failure_names_the_thing_the_expectation_and_the_finding() {
        let fault = equal("the number of runs", &3, &2).unwrap_err();
        assert_eq!(fault.to_string(), "the number of runs: expected 3, found 2");
        assert!(holds("anything", true, "to hold", 0).is_ok());
    }

    #[test]
    fn integers_are_read_in_both_of_their_spellings() {
        let value = json!({"number": 5, "text": "5", "word": "five"});
        assert_eq!(integer(&value, "/number").unwrap(), 5);
        assert_eq!(integer(&value, "/text").unwrap(), 5);
        assert!(integer(&value, "/word").is_err() && at(&value, "/none").is_err());
    }

    #[test]
    fn a_command_that_ends_otherwise_is_quoted() {
        let output =
            CommandOutput { status: 1, stdout: "{\"verdict\": 1}".to_owned(), stderr: "no approval".to_owned() };
        assert!(exit(&output, "promote", 1).is_ok());
        let fault = exit(&output, "promote", 0).unwrap_err().to_string();
        assert!(fault.contains("`promote`: expected exit code 0") && fault.contains("no approval"), "{fault}");
        assert_eq!(printed_json(&output).unwrap()["verdict"], 1);
        assert!(printed_json(&CommandOutput { stdout: String::new(), ..output }).is_err());
    }

    #[test]
    fn a_list_that_was_left_out_is_empty() {
        let value = json!({"runs": [{"info": {"id": "a"}}, {"info": {}}]});
        assert_eq!(texts(&value, "/runs", "/info/id"), ["a"]);
        assert!(list(&value, "/none").is_empty());
    }
}
