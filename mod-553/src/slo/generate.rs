//! All files that are made from the specification: written, or compared with what is there.

use super::owners::Owners;
use super::spec::{Error, Severity, Spec};
use super::{routing, rule_tests, rules, yaml};
use std::path::Path;

const HEADING: &str = "Generated from slos.yaml and owners.yaml by `mod-553 slo generate`; change those, not this.";

/// Each file's name and content: an objective's rules beside the tests of each severity, so that a test loads no rules but its own.
pub fn files(spec: &Spec, owners: &Owners) -> Vec<(String, String)> {
    let mut documents = Vec::new();
    for slo in &spec.slos {
        documents.push((format!("{}.rules.yml", slo.name), rules::objective(spec, slo)));
        for severity in [Severity::Page, Severity::Ticket] {
            if !spec.pairs(slo, severity).is_empty() {
                let name = format!("{}.{}.test.yml", slo.name, severity.word());
                documents.push((name, rule_tests::burns(spec, slo, severity)));
            }
        }
    }
    documents.push(("signals.rules.yml".to_owned(), rules::signals(spec)));
    for (interval, tests) in rule_tests::signals(spec) {
        documents.push((format!("signals.{interval}.test.yml"), tests));
    }
    documents.push(("alertmanager.yml".to_owned(), routing::alertmanager(owners)));
    documents.into_iter().map(|(name, document)| (name, yaml::document(HEADING, &document))).collect()
}

/// Writes them, all or none.
///
/// # Errors
/// When one cannot be written.
pub fn write(folder: &Path, files: &[(String, String)]) -> Result<(), Error> {
    let files: Vec<_> = files.iter().map(|(name, text)| (folder.join(name), text.clone().into_bytes())).collect();
    Ok(mod_106::documents::write_all(&files)?)
}

/// Which of them are absent or different in a folder.
pub fn differences(folder: &Path, files: &[(String, String)]) -> Vec<String> {
    let differs =
        |(name, text): &&(String, String)| std::fs::read_to_string(folder.join(name)).ok().as_ref() != Some(text);
    files.iter().filter(differs).map(|(name, _)| folder.join(name).display().to_string()).collect()
}
