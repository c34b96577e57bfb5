//! What `lab.toml` may say, and what it must say so that a grade can be trusted: every check of the code is worth points on exactly
//! one rubric line and has a hint, and nothing is named that does not exist. Pure; reading the file is `mod.rs`'s.

use crate::{check::Check, world::Service};
use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, de::Error as _};
use std::collections::{BTreeMap, BTreeSet};

/// `lab.toml`, as read.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabManifest {
    /// `mod-106/lab-1`
    pub id: String,
    /// As people read it.
    pub title: String,
    /// What is learnt.
    #[serde(default)]
    pub objectives: Vec<String>,
    /// The module's competencies that it shows.
    #[serde(default)]
    pub competencies: Vec<String>,
    /// When it counts as done.
    #[serde(default)]
    pub criteria: Vec<String>,
    /// The services it stands on.
    #[serde(default)]
    pub world: Vec<Service>,
    /// How long all checks together may take, in seconds.
    #[serde(default = "fifteen_minutes")]
    pub time_budget_s: u64,
    /// What is worth points.
    pub rubric: Vec<RubricLine>,
    /// A hint for each check id.
    #[serde(default)]
    pub hints: BTreeMap<String, String>,
}

/// One line of a rubric: all or nothing.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RubricLine {
    /// Kebab-case.
    pub id: String,
    /// As people read it.
    pub title: String,
    /// What it is worth: an exact decimal, written as text.
    #[serde(deserialize_with = "exact")]
    pub points: Decimal,
    /// The checks that must all pass.
    pub checks: Vec<String>,
}

/// A rule that TOML's types cannot express, broken by something that stands in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// The text to point at.
    pub at: String,
    /// What is wrong, and what was expected.
    pub message: String,
}

impl LabManifest {
    /// Compares the rubric and the hints with the checks that exist.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn agrees_with(&self, checks: &[Check]) -> Result<(), Complaint> {
        let complain = |at: &str, message: String| Err(Complaint { at: at.to_owned(), message });
        let known: BTreeSet<&str> = checks.iter().map(|check| check.id).collect();
        let (mut lines, mut scored) = (BTreeSet::new(), BTreeSet::new());
        for line in &self.rubric {
            if !lines.insert(line.id.as_str()) {
                return complain(&line.id, format!("two rubric lines are called `{}`: expected one", line.id));
            }
            if line.points <= Decimal::ZERO {
                return complain(&line.id, format!("`{}` is worth {}: expected more than 0", line.id, line.points));
            }
            if line.checks.is_empty() {
                return complain(&line.id, format!("`{}` has no check: expected what proves it", line.id));
            }
            for check in &line.checks {
                if !known.contains(check.as_str()) {
                    return complain(check, format!("no check is called `{check}`: expected one of this lab's"));
                }
                if !scored.insert(check.as_str()) {
                    return complain(check, format!("`{check}` stands on two rubric lines: expected one"));
                }
            }
        }
        if let Some(check) = known.iter().find(|check| !scored.contains(*check)) {
            return complain("rubric", format!("the check `{check}` stands on no rubric line: expected one"));
        }
        if let Some(check) = known.iter().find(|check| !self.hints.contains_key(**check)) {
            return complain("hints", format!("the check `{check}` has no hint: expected one"));
        }
        match self.hints.keys().find(|hint| !known.contains(hint.as_str())) {
            Some(hint) => complain(hint, format!("the hint `{hint}` belongs to no check: expected one of this lab's")),
            None => Ok(()),
        }
    }
}

/// A number would go through a float, and the sum of a grade would end in ….9999.
fn exact<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    let text = String::deserialize(deserializer)?;
    let wrong = |_| D::Error::custom(format!("`{text}` is no decimal: expected points like \"2.5\""));
    text.parse().map_err(wrong)
}

fn fifteen_minutes() -> u64 {
    900
}

#[cfg(test)]
mod tests {
    use super::{Check, LabManifest};
    use std::time::Duration;

    const LAB: &str = "id = 'm/lab-1'\ntitle = 't'\n[[rubric]]\nid = 'line'\ntitle = 't'\npoints = '2.5'\nchecks = ['a']\n\
                       [hints]\na = 'look'\n";

    fn checks(ids: &[&'static str]) -> Vec<Check> {
        let check = |id: &&'static str| Check {
            id,
            title: "",
            follows: &[],
            needs: &[],
            limit: Duration::ZERO,
            exclusive: false,
            run: |_| Box::pin(async { Ok(()) }),
        };
        ids.iter().map(check).collect()
    }

    fn check(text: &str, ids: &[&'static str], expected: Option<(&str, &str)>) {
        let manifest: LabManifest = toml::from_str(text).unwrap();
        let complaint = manifest.agrees_with(&checks(ids)).err();
        let found = complaint.as_ref().map(|complaint| (complaint.at.as_str(), complaint.message.as_str()));
        match (found, expected) {
            (Some((at, message)), Some((expected_at, part))) => {
                assert_eq!(at, expected_at, "{message}");
                assert!(message.contains(part), "{message}");
            }
            (found, expected) => assert_eq!(found, expected),
        }
    }

    #[test]
    fn rubric_hints_and_code_must_agree() {
        check(LAB, &["a"], None);
        check(LAB, &["a", "b"], Some(("rubric", "`b` stands on no rubric line")));
        check(&LAB.replace("['a']", "['a', 'c']"), &["a"], Some(("c", "no check is called")));
        check(&LAB.replace("['a']", "['a', 'a']"), &["a"], Some(("a", "two rubric lines")));
        check(&LAB.replace("['a']", "[]"), &["a"], Some(("line", "has no check")));
        check(&LAB.replace("2.5", "0"), &["a"], Some(("line", "more than 0")));
        check(&LAB.replace("a = 'look'", ""), &["a"], Some(("hints", "has no hint")));
        check(&format!("{LAB}b = 'x'\n"), &["a"], Some(("b", "belongs to no check")));
    }

    #[test]
    fn unknown_keys_and_inexact_points_are_errors() {
        let unknown = toml::from_str::<LabManifest>(&format!("colour = 'red'\n{LAB}")).unwrap_err();
        assert!(unknown.message().contains("unknown field `colour`"), "{unknown}");
        for (points, expected) in [("2.5", "expected a string"), ("'two'", "`two` is no decimal")] {
            let error = toml::from_str::<LabManifest>(&LAB.replace("'2.5'", points)).unwrap_err().to_string();
            assert!(error.contains("line 6, column 10") && error.contains(expected), "{error}");
        }
    }
}
