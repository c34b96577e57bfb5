//! What is typed and what is written into manifests.

use super::tests;
use crate::runner::{LAB, Runner};
use libtest_mimic::Trial;

const HEAD: &str = "lab = \"mod-106/lab-1\"\nbackend = \"embedded\"\n";

pub(super) fn cases() -> Vec<Trial> {
    tests(
        "words",
        &[
            ("unknown-lab", unknown_lab),
            ("unknown-option", unknown_option),
            ("submission-without-manifest", no_manifest),
            ("submission-folder-missing", no_folder),
            ("manifest-empty", empty),
            ("manifest-unknown-key", unknown_key),
            ("manifest-wrong-type", wrong_type),
            ("manifest-not-utf-8", not_utf_8),
            ("manifest-of-another-lab", another_lab),
            ("manifest-unknown-variable", unknown_variable),
        ],
    )
}

fn unknown_lab() {
    Runner::validate(&["mod-999/lab-7"]).run().expect(2, &["mod-999/lab-7", LAB]);
}

fn unknown_option() {
    Runner::validate(&["--frobnicate"]).run().expect(2, &["--frobnicate", "--help"]);
}

fn no_manifest() {
    Runner::grade(&[]).run().expect(2, &["submission.toml"]);
}

fn no_folder() {
    Runner::validate(&[LAB, "--submission", "/nonexistent/folder"]).run().expect(2, &["/nonexistent/folder"]);
}

fn refused(manifest: &[u8], parts: &[&str]) {
    Runner::grade(&[("submission.toml", manifest)]).run().expect(2, parts);
}

fn empty() {
    refused(b"", &["submission.toml", "missing field `lab`"]);
}

fn unknown_key() {
    let manifest = format!("{HEAD}[ready]\npath = \"/health\"\ntimout_s = 3\n");
    refused(manifest.as_bytes(), &["submission.toml:5:1", "timout_s", "timeout_s"]);
}

fn wrong_type() {
    refused(b"lab = 3\n", &["submission.toml:1:7", "expected a string"]);
}

fn not_utf_8() {
    refused(b"lab = \"\xff\xfe\"\n", &["submission.toml", "UTF-8"]);
}

fn another_lab() {
    let manifest = HEAD.replace("lab-1", "lab-99");
    refused(manifest.as_bytes(), &["submission.toml:1:", "mod-106/lab-99"]);
}

fn unknown_variable() {
    let manifest = format!("{HEAD}[start]\ncommand = [\"./start.sh\", \"${{LAB_PROT}}\"]\n");
    refused(manifest.as_bytes(), &["submission.toml:4:", "LAB_PROT", "LAB_PORT"]);
}
