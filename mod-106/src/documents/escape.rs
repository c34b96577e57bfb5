//! Values into HTML and Markdown. Names, tags and descriptions come from whoever may write to a server, so none is trusted.
//!
//! Two dangers: text that is read as markup, and characters that are not seen but change what is (controls, and the marks that turn
//! the direction of writing: <https://trojansource.codes>). The first are escaped, the second become U+FFFD. Letters of every script
//! stay as they are; pages isolate their direction with CSS.

use std::borrow::Cow;
use std::fmt::Write;

/// Text for HTML, in content and in quoted attributes. Line breaks stay.
pub fn html(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in visible(text).chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(character),
        }
    }
    escaped
}

/// Text for one line of Markdown, in a paragraph, a heading, a list item or the cell of a table. Line breaks become spaces.
///
/// Escaped as `CommonMark` allows: a backslash before ASCII punctuation (<https://spec.commonmark.org/0.31.2/#backslash-escapes>).
/// Underscores within a word stay: names are full of them, and there they mean nothing.
pub fn markdown(text: &str) -> String {
    let visible = visible(text);
    let line = visible.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut escaped = String::with_capacity(line.len());
    let numbered = line.trim_start_matches(|character: char| character.is_ascii_digit());
    let marker = numbered.strip_prefix(['.', ')']).filter(|_| numbered.len() < line.len());
    let starts_a_list = marker.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '));
    let mut before = None;
    let mut characters = line.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        let after = characters.peek().map(|(_, next)| *next);
        let within_a_word = before.is_some_and(char::is_alphanumeric) && after.is_some_and(char::is_alphanumeric);
        let means_something = match character {
            '\\' | '`' | '*' | '[' | ']' | '<' | '>' | '|' | '~' | '&' | '$' => true,
            '_' => !within_a_word,
            '#' | '-' | '+' | '=' => at == 0,
            '.' | ')' => starts_a_list && at == line.len() - numbered.len(),
            _ => false,
        };
        if means_something {
            escaped.push('\\');
        }
        escaped.push(character);
        before = Some(character);
    }
    escaped
}

/// Text as inline code of Markdown. What code cannot hold everywhere (backticks; in tables also `|`) is escaped as plain text instead.
pub(super) fn markdown_code(text: &str) -> String {
    let shown = visible(text);
    let plain = shown.is_empty() || shown.trim() != shown || shown.contains(['`', '|', '\n', '\\']);
    if plain { markdown(text) } else { format!("`{shown}`") }
}

/// Text of several lines as Markdown paragraphs.
pub(super) fn markdown_paragraphs(text: &str) -> String {
    let mut paragraphs = String::new();
    for line in text.lines().map(markdown).filter(|line| !line.is_empty()) {
        let _ = write!(paragraphs, "{}{line}", if paragraphs.is_empty() { "" } else { "\n\n" });
    }
    paragraphs
}

/// Text without characters that hide or reorder others.
pub(super) fn visible(text: &str) -> Cow<'_, str> {
    if text.contains(is_hidden) { Cow::Owned(text.replace(is_hidden, "\u{fffd}")) } else { Cow::Borrowed(text) }
}

/// Whether a character hides or reorders others. Line breaks and tabs do not.
pub fn is_hidden(character: char) -> bool {
    match character {
        '\n' | '\t' => false,
        '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{feff}' => true,
        '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' => true,
        _ => character.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::{html, markdown, markdown_code, markdown_paragraphs};
    use crate::documents::html_from_markdown;
    use proptest::prelude::*;

    #[test]
    fn markdown_keeps_names_readable() {
        fn check(text: &str, expected: &str) {
            assert_eq!(markdown(text), expected);
        }
        check("fraud_model v1.2", "fraud_model v1.2");
        check("_private_", "\\_private\\_");
        check("a|b\n# c", "a\\|b # c");
        check("# title", "\\# title");
        check("1. first", "1\\. first");
        check("0.93", "0.93");
        check("10%", "10%");
        check("<b>`x`</b>", "\\<b\\>\\`x\\`\\</b\\>");
        check("\u{202e}gnp.exe", "\u{fffd}gnp.exe");
        check("שלום", "שלום");
    }

    #[test]
    fn code_and_paragraphs() {
        assert_eq!(markdown_code("metrics.f1"), "`metrics.f1`");
        assert_eq!(markdown_code("a`b|c"), "a\\`b\\|c");
        assert_eq!(markdown_paragraphs("one\n\n\n- two\n    three"), "one\n\n\\- two\n\nthree");
    }

    proptest! {
        /// Whatever the value: a page shows it as text, in one paragraph, heading or cell.
        #[test]
        fn nothing_breaks_out(text in r"[ a-z0-9<>&|`*_~\[\]()#+=!.:/\\\n'$-]{0,40}") {
            let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
            let expected = html(&line).replace("&#39;", "'").replace("&quot;", "\"");
            let page = html_from_markdown(&format!("| x |\n|---|\n| a {} |\n", markdown(&text)));
            let text_of_cell = page.split("<td>").nth(1).and_then(|rest| rest.split("</td>").next());
            let cell = format!("a {expected}");
            prop_assert_eq!(text_of_cell, Some(cell.trim()), "{}", page);
            let page = html_from_markdown(&markdown(&text));
            let expected = if expected.is_empty() { String::new() } else { format!("<p>{expected}</p>\n") };
            prop_assert_eq!(page, expected);
        }
    }
}
