//! Cuts a filter or an ordering into tokens.
//!
//! Knows quotes, numbers and operators, and nothing of what they mean; `filter.rs` and `order_by.rs` do.

use crate::server::error::ApiError;

/// A piece of a filter.
#[derive(Debug, Clone, PartialEq)]
pub enum Token {
    /// An identifier such as `` metrics.`my loss` ``, or a keyword, as it was written.
    Word(String),
    /// A text in single quotes, without them.
    Text(String),
    /// A number.
    Number(f64),
    /// `=`, `!=`, `<`, `<=`, `>` or `>=`.
    Operator(&'static str),
    /// `(`, `)` or `,`.
    Punctuation(char),
}

const OPERATORS: [&str; 6] = ["!=", "<=", ">=", "=", "<", ">"];

/// Cuts `text` into tokens.
///
/// # Errors
/// When a quote is not closed or a character has no place in a filter.
pub fn tokens(text: &str) -> Result<Vec<Token>, ApiError> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = if let Some(operator) = OPERATORS.into_iter().find(|operator| rest.starts_with(operator))
        {
            (Token::Operator(operator), operator.len())
        } else if "(),".contains(first) {
            (Token::Punctuation(first), 1)
        } else if first == '\'' {
            let inner = quoted(rest, '\'').ok_or_else(|| invalid_clause(rest))?;
            (Token::Text(inner.to_owned()), inner.len() + 2)
        } else if let Some(number) = number(rest) {
            (Token::Number(number.parse().map_err(|_| invalid_clause(rest))?), number.len())
        } else {
            let word = word(rest).ok_or_else(|| invalid_clause(rest))?;
            (Token::Word(word.to_owned()), word.len())
        };
        tokens.push(token);
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

fn invalid_clause(rest: &str) -> ApiError {
    ApiError::invalid(format!("Invalid clause(s) in filter string: '{rest}'"))
}

/// The inside of a quoted text at the start of `rest`. A doubled quote and a quote after a backslash belong to it.
fn quoted(rest: &str, quote: char) -> Option<&str> {
    let mut characters = rest.char_indices().skip(1).peekable();
    let mut escaped = false;
    while let Some((at, character)) = characters.next() {
        if escaped {
            escaped = false;
        } else if character == '\\' {
            // A backslash before the last quote does not keep a text open.
            escaped = rest[at + 1..].matches(quote).count() > 1;
        } else if character == quote {
            if characters.peek().is_some_and(|(_, next)| *next == quote) {
                characters.next();
            } else {
                return Some(&rest[1..at]);
            }
        }
    }
    None
}

fn number(rest: &str) -> Option<&str> {
    let unsigned = rest.strip_prefix(['-', '+']).unwrap_or(rest);
    if !unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    let mut end = rest.len() - unsigned.len();
    let mut previous = ' ';
    for character in unsigned.chars() {
        let signed_exponent = matches!(character, '-' | '+') && matches!(previous, 'e' | 'E');
        if !(character.is_ascii_digit() || matches!(character, '.' | 'e' | 'E') || signed_exponent) {
            break;
        }
        end += 1;
        previous = character;
    }
    let number = &rest[..end];
    number.parse::<f64>().is_ok().then_some(number)
}

/// An identifier: plain characters, dots, and parts in backticks or double quotes.
fn word(rest: &str) -> Option<&str> {
    let mut end = 0;
    while let Some(character) = rest[end..].chars().next() {
        if character == '`' || character == '"' {
            end += quoted(&rest[end..], character)?.len() + 2;
        } else if character.is_alphanumeric() || "_.".contains(character) {
            end += character.len_utf8();
        } else {
            break;
        }
    }
    (end > 0).then_some(&rest[..end])
}

#[cfg(test)]
mod tests {
    use super::{Token, tokens};
    use proptest::prelude::{any, proptest};

    fn check(text: &str, expected: &[Token]) {
        assert_eq!(tokens(text).unwrap(), expected, "{text}");
    }

    fn word(text: &str) -> Token {
        Token::Word(text.to_owned())
    }

    fn text(text: &str) -> Token {
        Token::Text(text.to_owned())
    }

    #[test]
    fn tokens_of_all_kinds() {
        check("metrics.loss<=-1.5e-3", &[word("metrics.loss"), Token::Operator("<="), Token::Number(-0.0015)]);
        check("params.`a b` LIKE '%x'", &[word("params.`a b`"), word("LIKE"), text("%x")]);
        check("tag.\"q\" != 'it''s'", &[word("tag.\"q\""), Token::Operator("!="), text("it''s")]);
        check("()", &[Token::Punctuation('('), Token::Punctuation(')')]);
        check("  ", &[]);
        check(r"a = 'back\'", &[word("a"), Token::Operator("="), text(r"back\")]);
    }

    #[test]
    fn what_has_no_place_is_refused() {
        for bad in ["a = 'open", "a ; b", "a = `open", "#", "a / b"] {
            assert!(tokens(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_cut_or_refused(text in any::<String>()) {
            let _ = tokens(&text);
        }

        #[test]
        fn a_quoted_text_comes_back(inner in "[^'\\\\]*") {
            assert_eq!(tokens(&format!("'{inner}'")).unwrap(), [Token::Text(inner)]);
        }
    }
}
