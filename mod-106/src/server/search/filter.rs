//! Reads a filter: comparisons joined by AND, checked against a [`Vocabulary`].
//!
//! `store/` turns the comparisons into SQL; every value stays a value and is bound, never pasted. Orderings are read in
//! `order_by.rs`.

use crate::server::error::ApiError;
use crate::server::python_text::quoted_list;
use crate::server::search::lexer::{Token, tokens};
use crate::server::search::vocabulary::{DATASET_FIELDS, Entity, Kind, Vocabulary};

/// One clause of a filter.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// What it looks at.
    pub entity: Entity,
    /// The metric, param, tag or attribute.
    pub key: String,
    /// How it compares.
    pub comparator: Comparator,
    /// What it compares with.
    pub operand: Operand,
}

/// How a clause compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparator {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `LIKE`, minding case.
    Like,
    /// `ILIKE`, not minding case.
    ILike,
    /// `IN`
    In,
    /// `NOT IN`
    NotIn,
}

/// What a clause compares with.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
    /// A list of texts.
    List(Vec<String>),
}

impl Comparator {
    /// The operator as it is written, in MLflow's and in SQL.
    #[must_use]
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Like => "LIKE",
            Self::ILike => "ILIKE",
            Self::In => "IN",
            Self::NotIn => "NOT IN",
        }
    }

    fn from_symbol(symbol: &str) -> Option<Self> {
        [Self::Equal, Self::NotEqual, Self::Less, Self::LessOrEqual, Self::Greater, Self::GreaterOrEqual]
            .into_iter()
            .chain([Self::Like, Self::ILike, Self::In])
            .find(|comparator| comparator.symbol().eq_ignore_ascii_case(symbol))
    }

    fn orders(self) -> bool {
        !matches!(self, Self::Like | Self::ILike | Self::In | Self::NotIn)
    }

    fn matches_text(self) -> bool {
        matches!(self, Self::Equal | Self::NotEqual | Self::Like | Self::ILike)
    }
}

/// Reads a filter; an empty one has no clauses.
///
/// # Errors
/// When it cannot be read, or names what the vocabulary does not hold.
pub fn parse(filter: &str, vocabulary: &Vocabulary) -> Result<Vec<Comparison>, ApiError> {
    if filter.trim().is_empty() {
        return Ok(Vec::new());
    }
    let tokens = tokens(filter)?;
    let mut reader = Reader { tokens: &tokens, vocabulary, filter };
    let mut comparisons = vec![reader.comparison()?];
    while !reader.tokens.is_empty() {
        reader.and()?;
        comparisons.push(reader.comparison()?);
    }
    Ok(comparisons)
}

/// Reads an identifier such as `` metrics.`my loss` `` into its entity and key.
///
/// # Errors
/// When the entity is unknown.
pub fn identifier(word: &str, vocabulary: &Vocabulary) -> Result<(Entity, String), ApiError> {
    let Some((entity, key)) = word.split_once('.') else {
        return Ok((Entity::Attribute, unquoted(word).to_owned()));
    };
    let spelled = entity.trim_matches('`');
    let known = vocabulary.entities.iter().find(|(spelling, _)| *spelling == spelled).ok_or_else(|| {
        ApiError::invalid(format!("Invalid entity type '{spelled}'. Valid values are {}", vocabulary.entity_names))
    })?;
    Ok((known.1, unquoted(key).to_owned()))
}

fn unquoted(key: &str) -> &str {
    ['"', '\'', '`'].into_iter().find_map(|quote| key.strip_prefix(quote)?.strip_suffix(quote)).unwrap_or(key)
}

struct Reader<'f> {
    tokens: &'f [Token],
    vocabulary: &'f Vocabulary,
    filter: &'f str,
}

impl<'f> Reader<'f> {
    fn next(&mut self) -> Option<&'f Token> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first)
    }

    fn invalid(&self) -> ApiError {
        ApiError::invalid(format!("Invalid clause(s) in filter string: '{}'", self.filter))
    }

    fn and(&mut self) -> Result<(), ApiError> {
        match self.next() {
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("and") => Ok(()),
            _ => Err(self.invalid()),
        }
    }

    fn comparison(&mut self) -> Result<Comparison, ApiError> {
        let Some(Token::Word(word)) = self.next() else { return Err(self.invalid()) };
        let comparator = self.comparator()?;
        let (entity, spelled) = identifier(word, self.vocabulary)?;
        let operand = self.operand(entity, &spelled)?;
        let (key, kind) = self.resolve(entity, spelled)?;
        check(entity, &key, kind, comparator, &operand, self.vocabulary)?;
        Ok(Comparison { entity, key, comparator, operand })
    }

    fn comparator(&mut self) -> Result<Comparator, ApiError> {
        match self.next() {
            Some(Token::Operator(symbol)) => Comparator::from_symbol(symbol).ok_or_else(|| self.invalid()),
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("not") => match self.next() {
                Some(Token::Word(word)) if word.eq_ignore_ascii_case("in") => Ok(Comparator::NotIn),
                _ => Err(self.invalid()),
            },
            Some(Token::Word(word)) => Comparator::from_symbol(word).ok_or_else(|| self.invalid()),
            _ => Err(self.invalid()),
        }
    }

    fn operand(&mut self, entity: Entity, key: &str) -> Result<Operand, ApiError> {
        match self.next() {
            Some(Token::Number(number)) => Ok(Operand::Number(*number)),
            Some(Token::Text(text)) => Ok(Operand::Text(text.clone())),
            Some(Token::Word(word)) if word.len() >= 2 && word.starts_with('"') && word.ends_with('"') => {
                Ok(Operand::Text(word[1..word.len() - 1].to_owned()))
            }
            Some(Token::Word(word)) => Err(expected_value(entity, key, word)),
            Some(Token::Punctuation('(')) => self.list(),
            _ => Err(self.invalid()),
        }
    }

    fn list(&mut self) -> Result<Operand, ApiError> {
        let ill_formed = || {
            ApiError::invalid(
                "While parsing a list in the query, expected a non-empty list of string values, but got ill-formed list.",
            )
        };
        let mut texts = Vec::new();
        loop {
            match self.next() {
                Some(Token::Text(text)) => texts.push(text.clone()),
                _ => return Err(ill_formed()),
            }
            match self.next() {
                Some(Token::Punctuation(',')) => {}
                Some(Token::Punctuation(')')) => return Ok(Operand::List(texts)),
                _ => return Err(ill_formed()),
            }
        }
    }

    /// The key as `store/` knows it, and what it holds.
    fn resolve(&self, entity: Entity, key: String) -> Result<(String, Kind), ApiError> {
        match entity {
            Entity::Metric => Ok((key, Kind::Number)),
            Entity::Param | Entity::Tag => Ok((key, Kind::Text)),
            Entity::Dataset if DATASET_FIELDS.contains(&key.as_str()) => Ok((key, Kind::ListedText)),
            Entity::Dataset => Err(ApiError::invalid(format!(
                "Invalid dataset key '{key}' specified. Valid keys are '{}'",
                quoted_list(&DATASET_FIELDS)
            ))),
            Entity::Attribute => {
                let known = self.vocabulary.attributes.iter().find(|attribute| attribute.spelling == key);
                let attribute = known.ok_or_else(|| {
                    let spellings: Vec<&str> = self.vocabulary.attributes.iter().map(|known| known.spelling).collect();
                    let valid = quoted_list(&spellings);
                    ApiError::invalid(format!("Invalid attribute key '{key}' specified. Valid keys are '{valid}'"))
                })?;
                Ok((attribute.name.to_owned(), attribute.kind))
            }
        }
    }
}

fn check(
    entity: Entity,
    key: &str,
    kind: Kind,
    comparator: Comparator,
    operand: &Operand,
    vocabulary: &Vocabulary,
) -> Result<(), ApiError> {
    let listing = comparator == Comparator::In || (comparator == Comparator::NotIn && vocabulary.takes_not_in);
    let fits = match (kind, operand) {
        (Kind::Number, Operand::Number(_)) => comparator.orders(),
        (Kind::Text | Kind::ListedText, Operand::Text(_)) => comparator.matches_text(),
        (Kind::ListedText, Operand::List(_)) => listing,
        (Kind::Number, _) if entity == Entity::Metric => {
            return Err(ApiError::invalid(format!(
                "Expected numeric value type for metric. Found {}",
                written(operand)
            )));
        }
        (Kind::Number, _) => {
            return Err(ApiError::invalid(format!(
                "Expected numeric value type for numeric attribute: {key}. Found {}",
                written(operand)
            )));
        }
        (Kind::Text, Operand::List(_)) if entity == Entity::Attribute => {
            return Err(ApiError::invalid(
                "Only the 'run_id' attribute supports comparison with a list of quoted string values.",
            ));
        }
        (Kind::Text | Kind::ListedText, _) => return Err(expected_value(entity, key, &written(operand))),
    };
    if fits {
        return Ok(());
    }
    let valid: &[&str] = match kind {
        Kind::Number => &[">", ">=", "!=", "=", "<", "<="],
        Kind::Text => &["!=", "=", "LIKE", "ILIKE"],
        Kind::ListedText => &["!=", "=", "LIKE", "ILIKE", "IN", "NOT IN"],
    };
    Err(ApiError::invalid(format!("Invalid comparator '{}' not one of '{}'", comparator.symbol(), quoted_list(valid))))
}

fn expected_value(entity: Entity, key: &str, found: &str) -> ApiError {
    ApiError::invalid(match entity {
        Entity::Metric => format!("Expected numeric value type for metric. Found {found}"),
        Entity::Param => format!("Expected a quoted string value for parameter (e.g. 'my-value'). Got value {found}"),
        Entity::Tag => format!("Expected a quoted string value for tag (e.g. 'my-value'). Got value {found}"),
        Entity::Attribute => format!("Expected a quoted string value for attributes. Got value {found} for {key}"),
        Entity::Dataset => format!("Expected a quoted string value for dataset attributes. Got value {found}"),
    })
}

fn written(operand: &Operand) -> String {
    match operand {
        Operand::Number(number) => number.to_string(),
        Operand::Text(text) => format!("'{text}'"),
        Operand::List(texts) => quoted_list(texts),
    }
}

#[cfg(test)]
mod tests {
    use super::{Comparator, Comparison, Operand, parse};
    use crate::server::search::vocabulary::{EXPERIMENTS, Entity, MODEL_VERSIONS, REGISTERED_MODELS, RUNS};
    use proptest::prelude::{any, proptest};

    fn check(filter: &str, entity: Entity, key: &str, comparator: Comparator, operand: Operand) {
        let expected = Comparison { entity, key: key.to_owned(), comparator, operand };
        assert_eq!(parse(filter, &RUNS).unwrap(), [expected], "{filter}");
    }

    fn text(text: &str) -> Operand {
        Operand::Text(text.to_owned())
    }

    #[test]
    fn clauses_of_every_kind() {
        check("metrics.loss < 0.5", Entity::Metric, "loss", Comparator::Less, Operand::Number(0.5));
        check("metric.`a b` >= -1", Entity::Metric, "a b", Comparator::GreaterOrEqual, Operand::Number(-1.0));
        check("params.\"lr x\" = '0.1'", Entity::Param, "lr x", Comparator::Equal, text("0.1"));
        check("tags.a.b ilike \"%X\"", Entity::Tag, "a.b", Comparator::ILike, text("%X"));
        check("status != 'FAILED'", Entity::Attribute, "status", Comparator::NotEqual, text("FAILED"));
        check("attributes.created > 5", Entity::Attribute, "start_time", Comparator::Greater, Operand::Number(5.0));
        check("attr.`Run name` LIKE 'a%'", Entity::Attribute, "run_name", Comparator::Like, text("a%"));
        check("dataset.context = 'train'", Entity::Dataset, "context", Comparator::Equal, text("train"));
        let list = Operand::List(vec!["a".to_owned(), "b".to_owned()]);
        check("run_id NOT IN ('a', 'b')", Entity::Attribute, "run_id", Comparator::NotIn, list.clone());
        check("datasets.name in ('a','b')", Entity::Dataset, "name", Comparator::In, list);
    }

    #[test]
    fn clauses_are_joined_by_and() {
        assert_eq!(parse("", &RUNS).unwrap(), []);
        assert_eq!(parse("metrics.a = 1 AND params.b = 'x' and tags.c LIKE 'y'", &RUNS).unwrap().len(), 3);
    }

    #[test]
    fn what_mlflow_refuses_is_refused() {
        let bad = [
            "metrics.a = 1 OR metrics.a = 2",
            "metrics.a = 'x'",
            "metrics.a LIKE 'x'",
            "params.a = 1",
            "params.a > 'x'",
            "params.a = x",
            "nonsense.a = 1",
            "nonsense = 'x'",
            "status IN ('a')",
            "run_id IN ()",
            "run_id IN ('a',)",
            "run_id IN (1)",
            "dataset.schema = 'x'",
            "start_time LIKE 'x'",
            "metrics.a",
            "metrics.a =",
            "= 1",
            "AND",
            "(metrics.a = 1)",
            "params.a IS NULL",
        ];
        for filter in bad {
            assert!(parse(filter, &RUNS).is_err(), "{filter}");
        }
        assert!(parse("name IN ('a')", &REGISTERED_MODELS).is_err());
        assert!(parse("metrics.a = 1", &EXPERIMENTS).is_err());
        assert!(parse("run_id NOT IN ('a')", &MODEL_VERSIONS).is_err());
        assert!(parse("version_number >= 2 AND name = 'm'", &MODEL_VERSIONS).is_ok());
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(filter in any::<String>()) {
            let _ = parse(&filter, &RUNS);
        }

        #[test]
        fn any_key_in_backticks_comes_back(key in "[^`\\\\]+", number in any::<i32>()) {
            let parsed = parse(&format!("metrics.`{key}` = {number}"), &RUNS).unwrap();
            assert_eq!(parsed[0].key, key);
            assert_eq!(parsed[0].operand, Operand::Number(f64::from(number)));
        }
    }
}
