//! The legs of a job with a matrix, as far as the file tells them: `strategy.matrix` with its `include` and `exclude`.
//!
//! A key whose values an expression makes is left out, and the legs are *open*: only a run tells it. Where that key decides which legs there
//! are, nothing is known of any. Source: GitHub Docs, "Running variations of jobs in a workflow", expanding and excluding.

use serde_json::{Map, Value as Json};

/// GitHub makes no more jobs of one matrix.
const MOST_LEGS: usize = 256;

/// What a matrix comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    /// One for each job that GitHub makes of it: what is known of its keys.
    pub legs: Vec<Map<String, Json>>,
    /// Whether there are other keys, with values that only a run tells.
    pub open: bool,
}

impl Matrix {
    /// The matrix of a job; nothing where there is none, or where only a run tells its legs.
    pub fn of(job: &Json) -> Option<Self> {
        let written = job.pointer("/strategy/matrix")?.as_object()?;
        let axes = || written.iter().filter(|(key, _)| !matches!(key.as_str(), "include" | "exclude"));
        let open = axes().any(|(_, values)| !is_literal(values));
        let include = list(written.get("include"))?;
        let exclude = list(written.get("exclude"))?;
        if open && !include.is_empty() {
            return None;
        }
        let mut legs = vec![Map::new()];
        for (key, values) in axes().filter(|(_, values)| is_literal(values)) {
            let values = values.as_array()?;
            if legs.len() * values.len() > MOST_LEGS {
                return None;
            }
            let with = |leg: &Map<String, Json>, value: &Json| {
                let mut leg = leg.clone();
                leg.insert(key.clone(), value.clone());
                leg
            };
            legs = legs.iter().flat_map(|leg| values.iter().map(move |value| with(leg, value))).collect();
        }
        // An entry need not name every key. One that names a key of which nothing is known may or may not take a leg away: it stays.
        legs.retain(|leg| !exclude.iter().any(|entry| entry.iter().all(|(key, value)| leg.get(key) == Some(value))));
        if axes().next().is_none() {
            legs.clear();
        }
        expand(&mut legs, &include);
        (1..=MOST_LEGS).contains(&legs.len()).then_some(Self { legs, open })
    }
}

/// Adds each entry to the legs whose own values it does not overwrite, or as a leg of its own where there is none.
fn expand(legs: &mut Vec<Map<String, Json>>, include: &[Map<String, Json>]) {
    let original = legs.clone();
    for entry in include {
        let fits =
            |leg: &Map<String, Json>| entry.iter().all(|(key, value)| leg.get(key).is_none_or(|own| own == value));
        let mut added = false;
        for (leg, own) in legs.iter_mut().zip(&original).filter(|(_, own)| fits(own)) {
            leg.extend(
                entry
                    .iter()
                    .filter(|(key, _)| !own.contains_key(*key))
                    .map(|(key, value)| (key.clone(), value.clone())),
            );
            added = true;
        }
        if !added {
            legs.push(entry.clone());
        }
    }
}

/// `include` or `exclude`: empty where it is not there, nothing where it is not written out.
fn list(value: Option<&Json>) -> Option<Vec<Map<String, Json>>> {
    let Some(value) = value else { return Some(Vec::new()) };
    if !is_literal(value) {
        return None;
    }
    value.as_array()?.iter().map(|entry| entry.as_object().cloned()).collect()
}

fn is_literal(value: &Json) -> bool {
    match value {
        Json::String(text) => !text.contains("${{"),
        Json::Array(items) => items.iter().all(is_literal),
        Json::Object(pairs) => pairs.values().all(is_literal),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::Matrix;
    use serde_json::{Value as Json, json};
    use std::collections::BTreeSet;

    fn check(matrix: Json, expected: Option<(Json, bool)>) {
        let job = json!({ "strategy": { "matrix": matrix } });
        // In which order the legs are is of no matter.
        let sorted = |legs: Json| {
            let mut legs = legs.as_array().cloned().unwrap_or_default();
            legs.sort_by_key(|leg| {
                leg.as_object().map(|leg| leg.iter().map(|(k, v)| format!("{k}{v}")).collect::<BTreeSet<_>>())
            });
            legs
        };
        let found = Matrix::of(&job).map(|matrix| (sorted(json!(matrix.legs)), matrix.open));
        assert_eq!(found, expected.map(|(legs, open)| (sorted(legs), open)), "{job}");
    }

    #[test]
    fn a_literal_matrix_is_unfolded_as_github_does() {
        check(json!({ "a": [1, 2], "b": ["x"] }), Some((json!([{ "a": 1, "b": "x" }, { "a": 2, "b": "x" }]), false)));
        check(
            json!({ "a": [1, 2], "b": [3, 4], "exclude": [{ "a": 1, "b": 3 }, { "b": 4 }] }),
            Some((json!([{ "a": 2, "b": 3 }]), false)),
        );
        check(json!({ "include": [{ "a": 1 }, { "a": 2 }] }), Some((json!([{ "a": 1 }, { "a": 2 }]), false)));
        // GitHub's own example: which entries join a leg, which overwrite what an entry before brought, which stand alone.
        let include = json!([
            { "color": "green" },
            { "color": "pink", "animal": "cat" },
            { "fruit": "apple", "shape": "circle" },
            { "fruit": "banana" },
            { "fruit": "banana", "animal": "cat" },
        ]);
        let expected = json!([
            { "fruit": "apple", "animal": "cat", "color": "pink", "shape": "circle" },
            { "fruit": "apple", "animal": "dog", "color": "green", "shape": "circle" },
            { "fruit": "pear", "animal": "cat", "color": "pink" },
            { "fruit": "pear", "animal": "dog", "color": "green" },
            { "fruit": "banana" },
            { "fruit": "banana", "animal": "cat" },
        ]);
        check(
            json!({ "fruit": ["apple", "pear"], "animal": ["cat", "dog"], "include": include }),
            Some((expected, false)),
        );
    }

    #[test]
    fn what_only_a_run_tells_stays_unknown() {
        let expression = "${{ fromJSON(needs.a.outputs.b) }}";
        check(json!(expression), None);
        check(json!({ "a": expression }), Some((json!([{}]), true)));
        check(json!({ "a": [1, 2], "b": expression }), Some((json!([{ "a": 1 }, { "a": 2 }]), true)));
        check(
            json!({ "a": [1, 2], "b": expression, "exclude": [{ "a": 1, "b": 3 }] }),
            Some((json!([{ "a": 1 }, { "a": 2 }]), true)),
        );
        check(json!({ "a": [1], "include": expression }), None);
        check(json!({ "a": [1], "b": expression, "include": [{ "b": 1 }] }), None);
        check(json!({ "a": [1, "${{ inputs.b }}"] }), Some((json!([{}]), true)));
        check(json!({ "a": [] }), None);
        check(json!({ "a": (0..20).collect::<Vec<_>>(), "b": (0..20).collect::<Vec<_>>() }), None);
        assert_eq!(Matrix::of(&json!({})), None);
    }
}
