//! A submission's named command gone wrong: left out, surrounded by something, called with other arguments, or telling something else
//! than it saw.

use super::rule::Pattern;
use crate::submission::CommandOutput;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Stands for the words that the submission declares, as an element of a command line of its own.
const DECLARED: &str = "$COMMAND";

/// Stands for the arguments that the check appends.
const APPENDED: &str = "$@";

/// How a mutant changes one named command of the submission.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandFault {
    /// The command's name under `[commands]`.
    pub name: String,
    /// Found in the appended arguments, joined by spaces; without it, every call is meant.
    when: Option<Pattern>,
    /// Runs first. Here and in the next two, `"$COMMAND"` stands for the declared words and `"$@"` for the appended arguments.
    #[serde(default)]
    before: Vec<String>,
    /// Runs in the command's place.
    instead: Option<Vec<String>>,
    /// Runs afterwards.
    #[serde(default)]
    after: Vec<String>,
    /// Regular expressions and replacements (`$1` …) on each appended argument.
    #[serde(default)]
    arguments: Vec<(Pattern, String)>,
    /// Appended arguments that are left out.
    #[serde(default)]
    without_arguments: Vec<Pattern>,
    /// Arguments after all others.
    #[serde(default)]
    extra_arguments: Vec<String>,
    /// Variables with other values.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Regular expressions and replacements on standard output.
    #[serde(default)]
    stdout: Vec<(Pattern, String)>,
    /// Regular expressions and replacements on standard error.
    #[serde(default)]
    stderr: Vec<(Pattern, String)>,
    /// The status to report, whatever happened.
    exit: Option<i32>,
    /// Statuses, and what is reported in their place.
    #[serde(default)]
    exits: Vec<(i32, i32)>,
}

impl CommandFault {
    /// Whether it is about a call with these arguments.
    pub(super) fn applies(&self, arguments: &[String]) -> bool {
        self.when.as_ref().is_none_or(|pattern| pattern.0.is_match(&arguments.join(" ")))
    }

    /// The command lines to run in order, each only after the one before it succeeded.
    #[must_use]
    pub fn steps(&self, declared: &[String], arguments: &[String]) -> Vec<Vec<String>> {
        let arguments = self.changed(arguments);
        let original = [declared, &arguments].concat();
        let spliced = |words: &[String]| -> Vec<String> {
            let parts = words.iter().map(|word| match word.as_str() {
                DECLARED => declared.to_vec(),
                APPENDED => arguments.clone(),
                _ => vec![word.clone()],
            });
            parts.flatten().collect()
        };
        let middle = self.instead.as_deref().map_or(original, spliced);
        [spliced(&self.before), middle, spliced(&self.after)].into_iter().filter(|step| !step.is_empty()).collect()
    }

    /// What the check is told of the command's end.
    #[must_use]
    pub fn told(&self, output: CommandOutput) -> CommandOutput {
        let rewritten = |text: String, rules: &[(Pattern, String)]| {
            rules.iter().fold(text, |text, (pattern, with)| pattern.0.replace_all(&text, with.as_str()).into_owned())
        };
        let mapped = self.exits.iter().find(|(from, _)| *from == output.status).map(|(_, to)| *to);
        CommandOutput {
            status: self.exit.or(mapped).unwrap_or(output.status),
            stdout: rewritten(output.stdout, &self.stdout),
            stderr: rewritten(output.stderr, &self.stderr),
        }
    }

    fn changed(&self, arguments: &[String]) -> Vec<String> {
        let kept = arguments.iter().filter(|argument| !self.without_arguments.iter().any(|p| p.0.is_match(argument)));
        let change = |argument: &String| {
            let rules = self.arguments.iter();
            rules.fold(argument.clone(), |text, (pattern, with)| {
                pattern.0.replace_all(&text, with.as_str()).into_owned()
            })
        };
        kept.map(change).chain(self.extra_arguments.iter().cloned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::CommandFault;
    use crate::submission::CommandOutput;

    fn fault(text: &str) -> CommandFault {
        toml::from_str(&format!("name = 'rotate'\n{text}")).unwrap()
    }

    fn check(text: &str, arguments: &[&str], expected: &[&[&str]]) {
        let arguments: Vec<String> = arguments.iter().map(|&word| word.to_owned()).collect();
        assert_eq!(fault(text).steps(&["./rotate.sh".to_owned()], &arguments), expected, "{text}");
    }

    #[test]
    fn the_original_runs_unless_something_stands_in_its_place() {
        check("before = ['a', 'b']", &[], &[&["a", "b"], &["./rotate.sh"]]);
        check("instead = ['true']", &[], &[&["true"]]);
        check("after = ['c']", &[], &[&["./rotate.sh"], &["c"]]);
        check("instead = []", &[], &[]);
    }

    #[test]
    fn appended_arguments_go_where_they_are_wanted_and_may_change() {
        let given = ["--min=30", "--strict", "x"];
        check(
            "after = ['c', '$@']",
            &given,
            &[&["./rotate.sh", "--min=30", "--strict", "x"], &["c", "--min=30", "--strict", "x"]],
        );
        check("instead = ['sh', '$COMMAND', '-v', '$@']", &["x"], &[&["sh", "./rotate.sh", "-v", "x"]]);
        check("instead = ['true']", &given, &[&["true"]]);
        check(
            "arguments = [['^--min=\\d+$', '--min=0']]\nwithout_arguments = ['^--strict$']\nextra_arguments = ['-f']",
            &given,
            &[&["./rotate.sh", "--min=0", "x", "-f"]],
        );
    }

    #[test]
    fn only_the_calls_that_are_meant_are_changed() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert!(fault("exit = 0").applies(&[]));
        assert!(fault("when = '--to canary'\nexit = 0").applies(&words("--model a --to canary")));
        assert!(!fault("when = '--to canary'\nexit = 0").applies(&words("--to staging")));
    }

    #[test]
    fn what_is_told_may_differ_from_what_happened() {
        let seen = |text: &str| {
            let output =
                CommandOutput { status: 1, stdout: "verdict: failed".to_owned(), stderr: "3 gates".to_owned() };
            let told = fault(text).told(output);
            (told.status, told.stdout, told.stderr)
        };
        let expected = |status, stdout: &str, stderr: &str| (status, stdout.to_owned(), stderr.to_owned());
        assert_eq!(seen("exits = [[4, 2], [1, 0]]"), expected(0, "verdict: failed", "3 gates"));
        assert_eq!(seen("exit = 3"), expected(3, "verdict: failed", "3 gates"));
        let rewrites = "stdout = [['(verdict): \\w+', '$1: passed']]\nstderr = [['3', '0']]";
        assert_eq!(seen(rewrites), expected(1, "verdict: passed", "0 gates"));
    }
}
