//! Reads one ordering such as `` metrics.`my loss` DESC ``.
//!
//! `store/` turns orderings into SQL and adds the tie-breakers.

use crate::server::error::ApiError;
use crate::server::python_text::quoted_list;
use crate::server::search::filter::identifier;
use crate::server::search::lexer::{Token, tokens};
use crate::server::search::vocabulary::{Entity, Vocabulary};

/// What to order by, and which way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ordering {
    /// What it looks at.
    pub entity: Entity,
    /// The metric, param, tag or attribute.
    pub key: String,
    /// Whether small comes first.
    pub ascending: bool,
}

/// Reads all orderings of a search.
///
/// # Errors
/// When one cannot be read, names what the vocabulary does not hold, or comes twice.
pub fn parse_all(clauses: &[String], vocabulary: &Vocabulary) -> Result<Vec<Ordering>, ApiError> {
    let mut orderings: Vec<Ordering> = Vec::new();
    for clause in clauses {
        let ordering = parse(clause, vocabulary)?;
        if orderings.iter().any(|earlier| earlier.entity == ordering.entity && earlier.key == ordering.key) {
            let listed = quoted_list(clauses);
            return Err(ApiError::invalid(format!("`order_by` contains duplicate fields: {listed}")));
        }
        orderings.push(ordering);
    }
    Ok(orderings)
}

/// Reads one ordering.
///
/// # Errors
/// When it cannot be read or names what the vocabulary does not hold.
pub fn parse(clause: &str, vocabulary: &Vocabulary) -> Result<Ordering, ApiError> {
    let invalid = || ApiError::invalid(format!("Invalid order_by clause '{clause}'. Could not be parsed."));
    let tokens = tokens(clause).map_err(|_| invalid())?;
    let (word, ascending) = match tokens.as_slice() {
        [Token::Word(word)] => (word, true),
        [Token::Word(word), Token::Word(way)] if way.eq_ignore_ascii_case("asc") => (word, true),
        [Token::Word(word), Token::Word(way)] if way.eq_ignore_ascii_case("desc") => (word, false),
        [Token::Word(_), Token::Word(_)] => {
            return Err(ApiError::invalid(format!("Invalid ordering key in order_by clause '{clause}'.")));
        }
        _ => return Err(invalid()),
    };
    let (entity, spelled) = identifier(word, vocabulary)?;
    let key = match entity {
        Entity::Attribute => attribute(&spelled, vocabulary)?.to_owned(),
        Entity::Dataset => return Err(ApiError::invalid("Invalid identifier type 'dataset'")),
        Entity::Metric | Entity::Param | Entity::Tag => spelled,
    };
    Ok(Ordering { entity, key, ascending })
}

fn attribute(spelled: &str, vocabulary: &Vocabulary) -> Result<&'static str, ApiError> {
    let known = vocabulary.orderings.iter().find(|(spelling, _)| *spelling == spelled);
    known.map(|(_, name)| *name).ok_or_else(|| {
        let spellings: Vec<&str> = vocabulary.orderings.iter().map(|(spelling, _)| *spelling).collect();
        let valid = quoted_list(&spellings);
        ApiError::invalid(format!("Invalid order by key '{spelled}' specified. Valid keys are '{valid}'"))
    })
}

#[cfg(test)]
mod tests {
    use super::{parse, parse_all};
    use crate::server::search::vocabulary::{Entity, REGISTERED_MODELS, RUNS};

    fn check(clause: &str, entity: Entity, key: &str, ascending: bool) {
        let ordering = parse(clause, &RUNS).unwrap();
        assert_eq!((ordering.entity, ordering.key.as_str(), ordering.ascending), (entity, key, ascending), "{clause}");
    }

    #[test]
    fn orderings() {
        check("metrics.`val loss` DESC", Entity::Metric, "val loss", false);
        check("start_time", Entity::Attribute, "start_time", true);
        check("attributes.Created asc", Entity::Attribute, "start_time", true);
        check("params.a", Entity::Param, "a", true);
        check("tag.\"x y\" desc", Entity::Tag, "x y", false);
    }

    #[test]
    fn bad_orderings() {
        for clause in ["", "metrics.a UP", "metrics.a DESC DESC", "nonsense", "nonsense.a", "a, b", "dataset.name"] {
            assert!(parse(clause, &RUNS).is_err(), "{clause}");
        }
        assert!(parse("creation_timestamp", &REGISTERED_MODELS).is_err());
        let twice = ["start_time".to_owned(), "created DESC".to_owned()];
        assert!(parse_all(&twice, &RUNS).is_err());
    }
}
