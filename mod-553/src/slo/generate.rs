//! All files that are made from the specification: written, or compared with what is there. A file that was made for an objective that
//! is promised no more is taken away: Prometheus would load its rules for ever.

use super::owners::Owners;
use super::spec::{Error, Severity, Spec};
use super::{routing, rule_tests, rules, yaml};
use std::path::{Path, PathBuf};

const HEADING: &str = "Generated from slos.yaml and owners.yaml by `mod-553 slo generate`; change those, not this.";

/// Each file's name and content: an objective's rules beside the tests of each pair, so that a test loads no rules but its own.
pub fn files(spec: &Spec, owners: &Owners) -> Vec<(String, String)> {
    let mut documents = Vec::new();
    for slo in &spec.slos {
        documents.push((format!("{}.rules.yml", slo.name), rules::objective(spec, slo)));
        for burn in [Severity::Page, Severity::Ticket].into_iter().flat_map(|severity| spec.pairs(slo, severity)) {
            let name = format!("{}.{}-{}.test.yml", slo.name, burn.short, burn.long);
            documents.push((name, rule_tests::burns(spec, slo, burn)));
        }
    }
    documents.push(("signals.rules.yml".to_owned(), rules::signals(spec)));
    for (interval, tests) in rule_tests::signals(spec) {
        documents.push((format!("signals.{interval}.test.yml"), tests));
    }
    documents.push(("alertmanager.yml".to_owned(), routing::alertmanager(owners)));
    documents.into_iter().map(|(name, document)| (name, yaml::document(HEADING, &document))).collect()
}

/// Writes them, all or none; then takes away what was made before and is not made any more.
///
/// # Errors
/// When one cannot be written or taken away.
pub fn write(folder: &Path, files: &[(String, String)]) -> Result<(), Error> {
    let made: Vec<_> = files.iter().map(|(name, text)| (folder.join(name), text.clone().into_bytes())).collect();
    mod_106::documents::write_all(&made)?;
    for path in outdated(folder, files) {
        std::fs::remove_file(&path).map_err(|source| Error::Remove { path, source })?;
    }
    Ok(())
}

/// Which of them are absent or different in a folder, and what there is besides that was once made.
pub fn differences(folder: &Path, files: &[(String, String)]) -> Vec<String> {
    let differs =
        |(name, text): &&(String, String)| std::fs::read_to_string(folder.join(name)).ok().as_ref() != Some(text);
    let stale = files.iter().filter(differs).map(|(name, _)| folder.join(name));
    stale.chain(outdated(folder, files)).map(|path| path.display().to_string()).collect()
}

/// Files that begin with our heading and are not among these; a file that somebody wrote by hand is nobody's business here.
fn outdated(folder: &Path, files: &[(String, String)]) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let current = |path: &PathBuf| files.iter().any(|(name, _)| folder.join(name) == *path);
    let made = |path: &PathBuf| {
        path.extension().is_some_and(|extension| extension == "yml")
            && std::fs::read_to_string(path).is_ok_and(|text| text.starts_with(&format!("# {HEADING}\n")))
    };
    let mut outdated: Vec<PathBuf> = entries.filter(|path| !current(path) && made(path)).collect();
    outdated.sort();
    outdated
}

#[cfg(test)]
mod tests {
    use super::{HEADING, differences, write};

    #[test]
    fn what_is_made_no_more_is_taken_away_and_what_people_wrote_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| (name.to_owned(), format!("# {HEADING}\ngroups: []\n"));
        write(folder.path(), &[file("a.rules.yml"), file("b.rules.yml")]).unwrap();
        std::fs::write(folder.path().join("own.rules.yml"), "groups: []\n").unwrap();
        let less = [file("b.rules.yml")];
        assert!(differences(folder.path(), &less)[0].ends_with("a.rules.yml"));
        write(folder.path(), &less).unwrap();
        assert!(differences(folder.path(), &less).is_empty());
        assert!(folder.path().join("own.rules.yml").exists() && !folder.path().join("a.rules.yml").exists());
    }
}
