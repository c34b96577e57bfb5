//! The fixture's checklist and levels against runs that were made up, and files with a mistake in them.

use super::{About, Checklist, Known, MaturityModel, Module};
use crate::{
    backend::Backend,
    fixture,
    labs::Lab,
    results::{CheckResult, Gate, ModuleResult, Results, Standing},
    verdict::Verdict,
};
use rust_decimal::Decimal;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn labs() -> Vec<Lab> {
    fixture::labs(&repository()).unwrap()
}

/// A run in which these checks ended so, as `words/adds-two-numbers`.
fn run(verdicts: &[(&str, Verdict)], gates: Vec<Gate>) -> Results {
    let check = |(id, verdict): &(&str, Verdict)| {
        let (lab, id) = id.split_once('/').unwrap();
        CheckResult {
            id: id.to_owned(),
            lab: format!("fixture/{lab}"),
            backend: Backend::Embedded,
            submission: "reference".to_owned(),
            title: String::new(),
            verdict: *verdict,
            points: Decimal::ZERO,
            max_points: Decimal::ZERO,
            duration_ms: 0,
            finding: None,
            hint: None,
            observations: BTreeMap::new(),
            transcript: Vec::new(),
        }
    };
    Results {
        schema_version: 1,
        harness_version: String::new(),
        started_at: jiff::Timestamp::UNIX_EPOCH,
        duration_ms: 0,
        seed: 0,
        replay: String::new(),
        submissions: Vec::new(),
        checks: verdicts.iter().map(check).collect(),
        mutants: Vec::new(),
        parity: Vec::new(),
        gates,
        modules: Vec::new(),
        summary: crate::results::Summary::default(),
    }
}

fn judged(results: &Results, reference: bool) -> ModuleResult {
    let all_labs = labs();
    let modules = Module::of_labs(&all_labs[..1], &all_labs, &repository()).unwrap();
    let [module] = About { modules, all_labs, repository: repository() }.judged(results, reference).try_into().unwrap();
    module
}

const ALL: [(&str, Verdict); 5] = [
    ("words/adds-two-numbers", Verdict::Passed),
    ("words/repeats-the-seed", Verdict::Passed),
    ("web/says-hello", Verdict::Passed),
    ("web/says-goodbye", Verdict::Passed),
    ("web/greets-after-hello", Verdict::NotClaimed),
];

fn with(id: &str, verdict: Verdict) -> Vec<(&'static str, Verdict)> {
    ALL.iter().map(|(known, passed)| (*known, if *known == id { verdict } else { *passed })).collect()
}

#[test]
fn every_item_stands_as_its_evidence_does() {
    fn check(results: &Results, expected: [Standing; 4]) {
        let module = judged(results, true);
        let states: Vec<Standing> = module.quality.iter().map(|item| item.state).collect();
        assert_eq!(states, expected);
    }
    use Standing::{AwaitingSignOff, Failed, NotRun, Passed};
    let gate =
        |holds| Gate { title: "Every check of fixture/words kills a mutant".to_owned(), holds, problems: Vec::new() };
    check(&run(&ALL, vec![gate(true)]), [Passed, Passed, NotRun, AwaitingSignOff]);
    check(&run(&ALL, Vec::new()), [Passed, NotRun, NotRun, AwaitingSignOff]);
    check(&run(&ALL, vec![gate(false)]), [Passed, Failed, NotRun, AwaitingSignOff]);
    check(
        &run(&with("web/says-hello", Verdict::TimedOut), vec![gate(true)]),
        [Failed, Passed, NotRun, AwaitingSignOff],
    );
    check(&run(&[], Vec::new()), [NotRun, NotRun, NotRun, AwaitingSignOff]);
    assert!(judged(&run(&ALL, Vec::new()), false).quality.is_empty(), "the checklist is the reference's alone");
}

#[test]
fn a_level_is_reached_with_all_below_it_and_what_was_not_run_decides_nothing() {
    fn check(verdicts: &[(&str, Verdict)], level: u8, decided: bool, part: &str) {
        let maturity = judged(&run(verdicts, Vec::new()), false).maturity.unwrap();
        assert_eq!((maturity.level, maturity.decided), (level, decided), "{}", maturity.sentence);
        assert!(maturity.sentence.contains(part), "{}", maturity.sentence);
    }
    check(&ALL, 2, true, "Level 2, Spoken: every criterion is met");
    check(&with("web/says-hello", Verdict::Failed), 1, true, "Level 2, Spoken, is missed by: It speaks");
    check(
        &with("web/says-hello", Verdict::NotRun),
        1,
        false,
        "At least level 1, Written. Level 2, Spoken, was not decided",
    );
    // A higher level does not make up for a lower one.
    check(&with("words/adds-two-numbers", Verdict::Failed), 0, true, "Level 0, Silent. Level 1");
    check(&[], 0, false, "At least level 0");
    // One backend on which it failed is one too many.
    let twice = [ALL.as_slice(), &[("words/adds-two-numbers", Verdict::Failed)]].concat();
    check(&twice, 0, true, "is missed by: It adds");
}

#[test]
fn a_line_that_resolves_to_nothing_is_an_error_and_points_at_itself() {
    fn check(evidence: &str, line: usize, part: &str) {
        let (folder, labs, repository) = (tempfile::tempdir().unwrap(), labs(), repository());
        let path = folder.path().join("quality.toml");
        let text =
            format!("module = \"fixture\"\n[[item]]\nid = \"an-item\"\ntitle = \"t\"\nevidence = [\n{evidence}\n]\n");
        fs::write(&path, text).unwrap();
        let error = Checklist::read(&path, &Known::new(&labs, &repository)).unwrap_err();
        assert_eq!(error.line, line, "{error}");
        assert!(error.message.contains(part), "{error}");
    }
    check("", 3, "`an-item` has no evidence");
    check("{ check = \"fixture/words/sings\" }", 6, "fixture/words has no check `sings`");
    check("{ lab = \"fixture/songs\" }", 6, "there is no lab `fixture/songs`");
    check("{ mutants = \"fixture/songs\" }", 6, "there is no lab `fixture/songs`");
    check("{ file = \"no/such/file\" }", 6, "does not exist");
    check("{ file = \"README.md\", holds = \"never written there\" }", 6, "does not hold `never written there`");
    check("{ test = \"tests/src/module/tests.rs::no_such_test\" }", 6, "has no test `no_such_test`");
    check("{ sign_off = \" \" }", 3, "names the role");
    check("{ sign_off = \"owner\", by = \"A. Person\" }", 5, "both `by` and `date`");
    check("{ sign_off = \"owner\", by = \"A. Person\", date = \"soon\" }", 5, "expected a day");
    check("{ file = \"README.md\", lab = \"fixture/words\" }", 5, "exactly one of");
}

#[test]
fn a_sign_off_with_name_and_date_holds() {
    let (folder, labs, repository) = (tempfile::tempdir().unwrap(), labs(), repository());
    let path = folder.path().join("quality.toml");
    let signed = "{ sign_off = \"owner\", by = \"A. Person\", date = \"2026-11-21\" }";
    fs::write(&path, format!("module = \"fixture\"\n[[item]]\nid = \"i\"\ntitle = \"t\"\nevidence = [{signed}]\n"))
        .unwrap();
    let known = Known::new(&labs, &repository);
    let claims = Checklist::read(&path, &known).unwrap().judged(&run(&[], Vec::new()), &known);
    assert_eq!(
        (claims[0].state, claims[0].evidence[0].note.as_deref()),
        (Standing::Passed, Some("A. Person, 2026-11-21"))
    );
}

#[test]
fn levels_without_a_gap_and_only_what_checks_see() {
    fn check(levels: &str, part: &str) {
        let (folder, labs, repository) = (tempfile::tempdir().unwrap(), labs(), repository());
        let path = folder.path().join("maturity.toml");
        fs::write(&path, format!("module = \"fixture\"\n{levels}")).unwrap();
        let error = MaturityModel::read(&path, &Known::new(&labs, &repository)).unwrap_err();
        assert!(error.message.contains(part), "{error}");
    }
    let zero = "[[level]]\nlevel = 0\ntitle = \"Silent\"\nmeaning = \"m\"\n";
    let criterion = "[[level.criterion]]\nid = \"c\"\ntitle = \"t\"\nevidence = [{ file = \"README.md\" }]\n";
    check("[[level]]\nlevel = 1\ntitle = \"Written\"\nmeaning = \"m\"\n", "level 1 comes where 0 was expected");
    check(&format!("{zero}[[level]]\nlevel = 1\ntitle = \"Written\"\nmeaning = \"m\"\n"), "every other level has");
    check(
        &format!("{zero}[[level]]\nlevel = 1\ntitle = \"Written\"\nmeaning = \"m\"\n{criterion}"),
        "what checks see of it",
    );
}
