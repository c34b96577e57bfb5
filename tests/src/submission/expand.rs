//! `${LAB_…}` in a manifest. Only the harness's own variables are known: a submission that could read the grader's environment
//! could read its secrets.

use std::collections::BTreeMap;

/// A name that no variable has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`${{{name}}}` is not a variable of the harness; known are {known}")]
pub struct UnknownVariable {
    name: String,
    known: String,
}

/// The variables that a manifest may name.
#[derive(Clone, Debug, Default)]
pub struct Expansion(BTreeMap<String, String>);

impl Expansion {
    /// Variables from pairs.
    #[must_use]
    pub fn new(variables: BTreeMap<String, String>) -> Self {
        Self(variables)
    }

    /// The variables themselves.
    #[must_use]
    pub fn variables(&self) -> &BTreeMap<String, String> {
        &self.0
    }

    /// The same variables, but for these, which have other values.
    #[must_use]
    pub fn with(&self, others: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut variables = self.0.clone();
        variables.extend(others);
        Self(variables)
    }

    /// The text with every `${NAME}` replaced; a `$` that opens no brace stays as it is.
    ///
    /// # Errors
    /// A name that no variable has.
    pub fn expand(&self, text: &str) -> Result<String, UnknownVariable> {
        let mut parts = text.split("${");
        let mut expanded = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let Some((name, rest)) = part.split_once('}') else {
                expanded.push_str("${");
                expanded.push_str(part);
                continue;
            };
            let value = self.0.get(name).ok_or_else(|| UnknownVariable {
                name: name.to_owned(),
                known: self.0.keys().map(String::as_str).collect::<Vec<_>>().join(", "),
            })?;
            expanded.push_str(value);
            expanded.push_str(rest);
        }
        Ok(expanded)
    }

    /// Every text expanded.
    ///
    /// # Errors
    /// A name that no variable has.
    pub fn expand_all(&self, texts: &[String]) -> Result<Vec<String>, UnknownVariable> {
        texts.iter().map(|text| self.expand(text)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Expansion;

    fn check(text: &str, expected: Result<&str, &str>) {
        let variables = [("LAB_PORT", "4711"), ("LAB_WORK", "/w")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        let expansion = Expansion::new(variables.into());
        assert_eq!(
            expansion.expand(text).map_err(|error| error.to_string()),
            expected.map(str::to_owned).map_err(str::to_owned)
        );
    }

    #[test]
    fn only_the_harness_variables_are_known() {
        check("http://127.0.0.1:${LAB_PORT}/${LAB_WORK}", Ok("http://127.0.0.1:4711//w"));
        check("costs $5 ${", Ok("costs $5 ${"));
        check("${HOME}", Err("`${HOME}` is not a variable of the harness; known are LAB_PORT, LAB_WORK"));
    }
}
