//! Exercises speak of what production has: alerts by its names, with its owners, and runbooks that its own lead to; and back.

use super::kept;
use libtest_mimic::{Failed, Trial};
use mod_553::playbook::{entries, sections};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

pub(super) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("incident::exercises-speak-of-what-production-has", exercises),
        Trial::test("incident::sections-and-procedures-lead-to-each-other", both_ways),
    ]
}

fn observability(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("observability").join(name)
}

fn yaml(path: &Path) -> Result<Value, Failed> {
    Ok(serde_saphyr::from_str(&fs::read_to_string(path)?)?)
}

/// What a section calls the procedure that a program runs.
fn link(runbook: &str) -> String {
    format!("[{runbook}](../../incident/runbooks/{runbook}.md)")
}

fn exercises() -> Result<(), Failed> {
    let (alerts, sections) = (entries(&observability("rules"))?, sections(&observability("runbooks"))?);
    let signals = yaml(&kept("signals.yaml"))?;
    let signals = signals["signals"].as_array().ok_or("no signals")?;
    assert!(signals.len() >= 5, "{signals:?}");
    for signal in signals {
        let name = signal["alert"].as_str().unwrap_or_default();
        let entry =
            alerts.iter().find(|entry| entry.name == name).ok_or(format!("{name}: production has no such alert"))?;
        assert_eq!(signal["owner"], entry.owner.as_str(), "{name}");
        let section = entry.runbook_url.rsplit('/').next().unwrap_or_default();
        let section = sections.get(section).ok_or(format!("{name}: no section {section}"))?;
        let runbook = signal["runbook"].as_str().unwrap_or_default();
        assert!(section.text.contains(&link(runbook)), "{name}: its section does not lead to {runbook}");
    }
    for scenario in fs::read_dir(kept("scenarios"))? {
        let path = scenario?.path();
        let expects = yaml(&path)?["expects"].clone();
        let signal = signals.iter().find(|signal| signal["alert"] == expects["alert"]);
        let signal = signal.ok_or(format!("{}: no signal {}", path.display(), expects["alert"]))?;
        assert_eq!(signal["runbook"], expects["runbook"], "{}", path.display());
    }
    Ok(())
}

fn both_ways() -> Result<(), Failed> {
    let sections = sections(&observability("runbooks"))?;
    let mut linked = BTreeSet::new();
    for entry in fs::read_dir(kept("runbooks"))? {
        let path = entry?.path();
        let runbook = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path)?;
        let line = text.lines().find(|line| line.starts_with("For `")).ok_or(format!("{runbook}: for which alert?"))?;
        let (alerts, _) = line.split_once("Run it").unwrap_or((line, ""));
        for alert in alerts.split('`').skip(1).step_by(2) {
            let section = sections.values().find(|section| section.title == alert);
            let section = section.ok_or(format!("{runbook}: there is no section on {alert}"))?;
            assert!(section.text.contains(&link(&runbook)), "{alert}: its section does not lead to {runbook}");
            linked.insert((alert.to_owned(), runbook.clone()));
        }
    }
    for section in sections.values() {
        for after in section.text.split("](../../incident/runbooks/").skip(1) {
            let runbook = after.split(".md").next().unwrap_or_default().to_owned();
            let known = linked.contains(&(section.title.clone(), runbook.clone()));
            assert!(known, "{} leads to {runbook}, which does not name it", section.title);
        }
    }
    Ok(())
}
