//! A submission's named command gone wrong: left out, surrounded by something, or ending with the wrong status.

use serde::Deserialize;

/// How a mutant changes one named command of the submission.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandFault {
    /// The command's name under `[commands]`.
    pub name: String,
    /// Runs first.
    #[serde(default)]
    before: Vec<String>,
    /// Runs in the command's place.
    instead: Option<Vec<String>>,
    /// Runs afterwards.
    #[serde(default)]
    after: Vec<String>,
    /// The status to report, whatever happened.
    pub exit: Option<i32>,
}

impl CommandFault {
    /// The command lines to run in order, each only after the one before it succeeded.
    #[must_use]
    pub fn steps(&self, original: &[String]) -> Vec<Vec<String>> {
        let middle = self.instead.as_deref().unwrap_or(original);
        [self.before.as_slice(), middle, self.after.as_slice()]
            .into_iter()
            .filter(|step| !step.is_empty())
            .map(<[String]>::to_vec)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::CommandFault;

    fn check(fault: &str, expected: &[&[&str]]) {
        let fault: CommandFault = toml::from_str(&format!("name = 'rotate'\n{fault}")).unwrap();
        assert_eq!(fault.steps(&["./rotate.sh".to_owned()]), expected);
    }

    #[test]
    fn the_original_runs_unless_something_stands_in_its_place() {
        check("before = ['a', 'b']", &[&["a", "b"], &["./rotate.sh"]]);
        check("instead = ['true']", &[&["true"]]);
        check("after = ['c']", &[&["./rotate.sh"], &["c"]]);
        check("instead = []", &[]);
    }
}
