//! A result with unknowns never contradicts what comes out once they are filled in, whatever they are filled in with.

use super::{Kind, Object, Scope, Value, evaluate, from_json};
use proptest::prelude::*;
use std::collections::HashMap;
use std::rc::Rc;

const NAMES: [&str; 4] = ["a", "b", "c", "d"];
const LITERALS: [&str; 12] = [
    "null",
    "true",
    "false",
    "0",
    "1",
    "'x'",
    "''",
    "'true'",
    "'X y'",
    "fromJSON('[1,\"x\"]')",
    "fromJSON('{\"p\":1}')",
    "NaN",
];
/// What an unknown may turn out to be.
const VALUES: [&str; 10] =
    ["null", "true", "false", "0", "7", "\"\"", "\"x\"", "\"[1]\"", "[1,\"x\",null]", "{\"p\":\"x\",\"q\":[true]}"];

fn expression() -> impl Strategy<Value = String> {
    let name = proptest::sample::select(NAMES.to_vec());
    let leaf = prop_oneof![
        name.clone().prop_map(|name| format!("inputs.{name}")),
        name.prop_map(|name| format!("inputs.{name}.p")),
        proptest::sample::select(LITERALS.to_vec()).prop_map(str::to_owned),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        let operator = proptest::sample::select(vec!["==", "!=", "<", ">=", "&&", "||"]);
        let function = proptest::sample::select(vec!["contains", "startsWith", "endsWith", "join"]);
        prop_oneof![
            4 => (inner.clone(), operator, inner.clone()).prop_map(|(left, operator, right)| format!("({left}) {operator} ({right})")),
            1 => inner.clone().prop_map(|inner| format!("!({inner})")),
            1 => (function, inner.clone(), inner.clone()).prop_map(|(name, left, right)| format!("{name}({left}, {right})")),
            1 => inner.clone().prop_map(|inner| format!("format('<{{0}}>', {inner})")),
            1 => inner.clone().prop_map(|inner| format!("toJSON({inner})")),
            1 => (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("case({a} == 1, {b}, {c})")),
            1 => inner.clone().prop_map(|inner| format!("({inner}).*")),
            1 => (inner.clone(), inner).prop_map(|(of, index)| format!("({of})[{index}]")),
        ]
    })
}

fn value(text: &str, inputs: [Value; 4], assumed: &HashMap<String, Value>) -> Option<Value> {
    let inputs = Object::new(NAMES.map(Rc::from).into_iter().zip(inputs));
    let contexts = Object::new([("inputs".into(), Value::Object(Rc::new(inputs)))]);
    let cancelled = Value::Bool(false);
    let scope = Scope {
        contexts: &contexts,
        success: Value::Bool(true),
        failure: Value::Bool(false),
        cancelled,
        assumed,
        place: "",
    };
    evaluate(text, &scope).ok()
}

fn filled(choice: [usize; 4]) -> [Value; 4] {
    choice.map(|choice| from_json(VALUES[choice]).unwrap())
}

/// Whether what was said before may still be so.
fn agrees(before: &Value, after: &Value) -> bool {
    let Value::Unknown(unknown) = before else { return known_alike(before, after) };
    let kind = unknown.kind.is_none_or(|kind| after.kind() == Some(kind));
    kind && unknown.truth.is_none_or(|truth| after.truth() == Some(truth))
}

fn known_alike(before: &Value, after: &Value) -> bool {
    if before.kind() != after.kind() {
        return false;
    }
    match (before, after) {
        (Value::Array(before), Value::Array(after)) => {
            before.items.len() == after.items.len() && before.items.iter().zip(&after.items).all(|(b, a)| agrees(b, a))
        }
        (Value::Object(before), Value::Object(after)) => before.values().zip(after.values()).all(|(b, a)| agrees(b, a)),
        (Value::Number(before), Value::Number(after)) => before == after || (before.is_nan() && after.is_nan()),
        _ => before.coerced() == after.coerced(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

    #[test]
    fn unknowns_filled_in_contradict_nothing(text in expression(), known in any::<[bool; 4]>(), choice in any::<[usize; 4]>()) {
        let choice = choice.map(|choice| choice % VALUES.len());
        let full = filled(choice);
        let mut partial = full.clone();
        for (position, value) in partial.iter_mut().enumerate().filter(|(position, _)| !known[*position]) {
            let kind = (position % 2 == 0).then(|| value.kind()).flatten();
            *value = Value::unknown(format!("inputs.{}", NAMES[position]), kind);
        }
        let before = value(&text, partial, &HashMap::new());
        let after = value(&text, full, &HashMap::new());
        // What fails once it is known does not say what it would have been.
        if let (Some(before), Some(after)) = (&before, &after) {
            prop_assert!(agrees(before, after), "{text}: {before:?} then {after:?}");
        }
    }

    #[test]
    fn deciding_every_question_comes_to_an_end(text in expression()) {
        let unknown = || NAMES.map(|name| Value::unknown(format!("inputs.{name}"), (name < "c").then_some(Kind::Bool)));
        let mut open = vec![HashMap::new()];
        let mut decided = 0;
        while let Some(assumed) = open.pop() {
            prop_assert!(assumed.len() <= 64, "{text}: still undecided after {assumed:?}");
            let Some(Value::Unknown(result)) = value(&text, unknown(), &assumed) else { decided += 1; continue };
            if result.truth.is_some() || decided > 500 {
                decided += 1;
                continue;
            }
            prop_assert!(!result.atom.choices.is_empty(), "{text}: {result:?} asks nothing");
            for choice in &result.atom.choices {
                let mut next: HashMap<String, Value> = assumed.clone();
                next.extend(choice.known.iter().cloned());
                prop_assert!(next.len() > assumed.len(), "{text}: {:?} was decided before", result.atom);
                open.push(next);
            }
        }
        prop_assert!(decided > 0);
    }
}

/// The proof must be able to fail: a twin that takes what is unknown for false is caught.
#[test]
fn a_two_valued_twin_is_caught() {
    let twin =
        value("!inputs.a", [Value::Bool(false), Value::Null, Value::Null, Value::Null], &HashMap::new()).unwrap();
    let truth =
        value("!inputs.a", [Value::Bool(true), Value::Null, Value::Null, Value::Null], &HashMap::new()).unwrap();
    assert!(!agrees(&twin, &truth));
}
