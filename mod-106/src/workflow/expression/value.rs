//! Values of expressions, and what of them may be unknown: the result of a job that has not run, an input that nobody has typed.
//!
//! An unknown value still says what can be said: its kind, whether it counts as true, and the *atom* that has to be decided before more
//! is known. Deciding atoms one by one is what splits the paths in `paths`. Coercions are those of GitHub's own package
//! `@actions/expressions` (`data/*.ts`, `result.ts`). Next: `compare` and `functions`.

use super::number;
use std::rc::Rc;

/// A value, in GitHub's types.
#[derive(Debug, Clone)]
pub enum Value {
    /// `null`, and what a missing property is.
    Null,
    /// `true`, `false`
    Bool(bool),
    /// All numbers are doubles.
    Number(f64),
    /// Text; compared without regard to case.
    String(Rc<str>),
    /// Equal only to itself, never to one with equal items.
    Array(Rc<Array>),
    /// Equal only to itself.
    Object(Rc<Object>),
    /// Something that only the run itself will tell.
    Unknown(Unknown),
}

/// What a value is, where that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `null`
    Null,
    /// `true`, `false`
    Bool,
    /// A number.
    Number,
    /// Text.
    String,
    /// A list.
    Array,
    /// A mapping.
    Object,
}

/// A list, or what an object filter (`*`) made.
#[derive(Debug, Default)]
pub struct Array {
    /// The items.
    pub items: Vec<Value>,
    /// Whether `*` made it: a property of it is then that property of each item.
    pub filtered: bool,
}

/// A mapping whose keys ignore case; of two equal ones the first counts.
#[derive(Debug, Default)]
pub struct Object {
    pairs: Vec<(Rc<str>, Value)>,
    /// Where a missing property is unknown rather than null: what such properties are called.
    rest: Option<Rc<str>>,
}

/// What can be said of a value that is not known.
#[derive(Debug, Clone)]
pub struct Unknown {
    /// Its kind, if that is known.
    pub kind: Option<Kind>,
    /// Whether it counts as true, if that is known.
    pub truth: Option<bool>,
    /// What to decide to know more.
    pub atom: Rc<Atom>,
    /// Whether the value is the atom itself, and not something computed from it.
    pub whole: bool,
}

/// A question that only the run answers, with every answer that there is.
#[derive(Debug)]
pub struct Atom {
    /// Its name, such as `inputs.skip` or `github.ref == 'refs/heads/main'`.
    pub key: String,
    /// The answers.
    pub choices: Vec<Choice>,
}

/// One answer.
#[derive(Debug)]
pub struct Choice {
    /// In words, for a witness.
    pub label: String,
    /// What is known after it, by the atoms' names.
    pub known: Vec<(String, Value)>,
}

impl Value {
    /// Text.
    pub fn text(text: impl Into<Rc<str>>) -> Self {
        Self::String(text.into())
    }

    /// A list.
    pub fn array(items: Vec<Self>) -> Self {
        Self::Array(Rc::new(Array { items, filtered: false }))
    }

    /// What `*` makes.
    pub(super) fn filtered(items: Vec<Self>) -> Self {
        Self::Array(Rc::new(Array { items, filtered: true }))
    }

    /// A value that a context holds under this name, of this kind.
    pub fn unknown(key: impl Into<String>, kind: Option<Kind>) -> Self {
        let key = key.into();
        let choices = [true, false].map(|truth| choice(&key, kind, truth)).into();
        Self::Unknown(Unknown { kind, truth: None, atom: Rc::new(Atom { key, choices }), whole: true })
    }

    /// The kind, if known.
    pub fn kind(&self) -> Option<Kind> {
        Some(match self {
            Self::Null => Kind::Null,
            Self::Bool(_) => Kind::Bool,
            Self::Number(_) => Kind::Number,
            Self::String(_) => Kind::String,
            Self::Array(_) => Kind::Array,
            Self::Object(_) => Kind::Object,
            Self::Unknown(unknown) => return unknown.kind,
        })
    }

    /// Whether `if` goes on with it; nothing if that is unknown.
    pub fn truth(&self) -> Option<bool> {
        Some(match self {
            Self::Null => false,
            Self::Bool(value) => *value,
            Self::Number(value) => *value != 0.0 && !value.is_nan(),
            Self::String(value) => !value.is_empty(),
            Self::Array(_) | Self::Object(_) => true,
            Self::Unknown(unknown) => return unknown.truth,
        })
    }

    /// The value as a number: NaN for lists and mappings. Only of what is known.
    pub fn number(&self) -> f64 {
        match self {
            Self::Null => 0.0,
            Self::Bool(value) => f64::from(u8::from(*value)),
            Self::Number(value) => *value,
            Self::String(value) => number::parse(value),
            Self::Array(_) | Self::Object(_) | Self::Unknown(_) => f64::NAN,
        }
    }

    /// The value as text: `Array` and `Object` for those. Only of what is known.
    pub fn coerced(&self) -> Rc<str> {
        match self {
            Self::Null => "".into(),
            Self::Bool(value) => if *value { "true" } else { "false" }.into(),
            Self::Number(value) => number::text(*value).into(),
            Self::String(value) => value.clone(),
            Self::Array(_) => "Array".into(),
            Self::Object(_) => "Object".into(),
            Self::Unknown(_) => "?".into(),
        }
    }

    /// Whether it is neither a list nor a mapping; nothing if that is unknown.
    pub fn is_primitive(&self) -> Option<bool> {
        self.kind().map(|kind| !matches!(kind, Kind::Array | Kind::Object))
    }

    /// The first unknown in it, however deep.
    pub fn first_unknown(&self) -> Option<&Unknown> {
        match self {
            Self::Unknown(unknown) => Some(unknown),
            Self::Array(array) => array.items.iter().find_map(Self::first_unknown),
            Self::Object(object) => object.values().find_map(Self::first_unknown),
            _ => None,
        }
    }

    /// Whether something in it is unknown, an open mapping's other properties included.
    pub fn is_partial(&self) -> bool {
        match self {
            Self::Unknown(_) => true,
            Self::Array(array) => array.items.iter().any(Self::is_partial),
            Self::Object(object) => object.rest.is_some() || object.values().any(Self::is_partial),
            _ => false,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl Unknown {
    /// Something computed from this.
    pub(super) fn derived(&self, kind: Option<Kind>, truth: Option<bool>) -> Value {
        Value::Unknown(Self { kind, truth, atom: self.atom.clone(), whole: false })
    }
}

impl Object {
    /// A mapping with just these.
    pub fn new(pairs: impl IntoIterator<Item = (Rc<str>, Value)>) -> Self {
        let mut object = Self::default();
        for (key, value) in pairs {
            if object.find(&key).is_none() {
                object.pairs.push((key, value));
            }
        }
        object
    }

    /// A mapping with these and others: a property that is not here is unknown, called `name.property`.
    pub fn open(name: impl Into<Rc<str>>, pairs: impl IntoIterator<Item = (Rc<str>, Value)>) -> Self {
        Self { rest: Some(name.into()), ..Self::new(pairs) }
    }

    /// The property; nothing if it is not there.
    pub fn get(&self, key: &str) -> Option<Value> {
        let rest = || self.rest.as_ref().map(|name| Value::unknown(format!("{name}.{}", key.to_lowercase()), None));
        self.find(key).cloned().or_else(rest)
    }

    /// What `*` gives, in order; nothing where there may be more.
    pub(super) fn all(&self) -> Option<Vec<Value>> {
        self.rest.is_none().then(|| self.values().cloned().collect())
    }

    /// The values that are known to be there.
    pub fn values(&self) -> impl Iterator<Item = &Value> {
        self.pairs.iter().map(|(_, value)| value)
    }

    /// The pairs that are known to be there.
    pub fn pairs(&self) -> &[(Rc<str>, Value)] {
        &self.pairs
    }

    /// What the properties that are not listed are called, where they are unknown.
    pub(super) fn rest(&self) -> Option<&str> {
        self.rest.as_deref()
    }

    fn find(&self, key: &str) -> Option<&Value> {
        let same = |name: &str| name == key || name.to_lowercase() == key.to_lowercase();
        self.pairs.iter().find(|(name, _)| same(name)).map(|(_, value)| value)
    }
}

impl Atom {
    /// A question with the answers yes and no.
    pub(super) fn question(key: String) -> Rc<Self> {
        let choices = [true, false].map(|truth| choice(&key, Some(Kind::Bool), truth)).into();
        Rc::new(Self { key, choices })
    }

    /// Whether its answers name every value that it can have.
    pub fn is_closed(&self) -> bool {
        let known = |value: &Value| !matches!(value, Value::Unknown(_));
        !self.choices.is_empty() && self.choices.iter().all(|choice| choice.known.iter().all(|(_, value)| known(value)))
    }

    /// Whether what is called `name` equals `text`; yes also says what it is.
    pub(super) fn equality(key: String, name: &str, text: &Value) -> Rc<Self> {
        let mut yes = choice(&key, Some(Kind::Bool), true);
        yes.known.push((name.to_owned(), text.clone()));
        let no = choice(&key, Some(Kind::Bool), false);
        Rc::new(Self { choices: vec![yes, no], key })
    }
}

/// The atom counts as true, or does not.
fn choice(key: &str, kind: Option<Kind>, truth: bool) -> Choice {
    let value = match kind {
        Some(Kind::Bool) => Value::Bool(truth),
        Some(Kind::String) if !truth => Value::text(""),
        _ => {
            let atom = Rc::new(Atom { key: key.to_owned(), choices: Vec::new() });
            Value::Unknown(Unknown { kind, truth: Some(truth), atom, whole: true })
        }
    };
    let label = match (kind, truth) {
        (Some(Kind::Bool), _) => format!("{key} is {truth}"),
        (_, true) => format!("{key} is set"),
        (_, false) => format!("{key} is not set"),
    };
    Choice { label, known: vec![(key.to_owned(), value)] }
}
