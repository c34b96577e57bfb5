//! Splits Rust text into code and comments, line by line, and finds its unit tests. It is a scanner, not a parser: it knows
//! strings, raw strings, character literals, lifetimes and nested comments, which is all that the rules need; a full parser
//! would be most of this crate's build time. Next: the rules, for instance `sizes.rs`.

/// One line of a Rust file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Line {
    /// The code, with strings, character literals and comments blanked out.
    pub(crate) code: String,
    /// The text of a comment on this line, with its slashes.
    pub(crate) comment: String,
    /// Whether the line belongs to a `#[cfg(test)]` item.
    pub(crate) in_test: bool,
}

/// A Rust file, line by line.
#[derive(Clone, Debug, Default)]
pub(crate) struct Source {
    /// Its lines, in order.
    pub(crate) lines: Vec<Line>,
}

/// Where the scanner stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Code,
    LineComment,
    /// Block comments nest.
    BlockComment(usize),
    Text,
    /// A raw string, closed by a quote and this many hashes.
    RawText(usize),
}

impl State {
    fn is_comment(self) -> bool {
        matches!(self, Self::LineComment | Self::BlockComment(_))
    }
}

/// Splits `text`.
pub(crate) fn read(text: &str) -> Source {
    let letters: Vec<char> = text.chars().collect();
    let mut lines = vec![Line::default()];
    let mut state = State::Code;
    let mut at = 0;
    while at < letters.len() {
        let (next, taken) = step(state, &letters[at..]);
        for &letter in &letters[at..at + taken] {
            let Some(line) = lines.last_mut() else { break };
            if letter == '\n' {
                lines.push(Line::default());
            } else if state.is_comment() || next.is_comment() {
                line.comment.push(letter);
            } else if state == State::Code && next == State::Code && taken == 1 {
                line.code.push(letter);
            } else {
                line.code.push(' ');
            }
        }
        state = next;
        at += taken;
    }
    if lines.last() == Some(&Line::default()) {
        lines.pop();
    }
    mark_tests(&mut lines);
    Source { lines }
}

/// The next state, and how many letters it took to get there.
fn step(state: State, rest: &[char]) -> (State, usize) {
    let second = rest.get(1).copied();
    match state {
        State::Code => step_in_code(rest),
        State::LineComment if rest[0] == '\n' => (State::Code, 1),
        State::BlockComment(depth) if rest[0] == '*' && second == Some('/') => {
            // The closing slashes belong to the comment, so the code begins one step later.
            (if depth == 1 { State::Code } else { State::BlockComment(depth - 1) }, 2)
        }
        State::BlockComment(depth) if rest[0] == '/' && second == Some('*') => (State::BlockComment(depth + 1), 2),
        State::Text if rest[0] == '\\' && rest.len() > 1 => (State::Text, 2),
        State::Text if rest[0] == '"' => (State::Code, 1),
        State::RawText(hashes) if rest[0] == '"' && rest[1..].iter().take_while(|&&c| c == '#').count() >= hashes => {
            (State::Code, 1 + hashes)
        }
        State::LineComment | State::BlockComment(_) | State::Text | State::RawText(_) => (state, 1),
    }
}

fn step_in_code(rest: &[char]) -> (State, usize) {
    let second = rest.get(1).copied();
    match rest[0] {
        '/' if second == Some('/') => (State::LineComment, 2),
        '/' if second == Some('*') => (State::BlockComment(1), 2),
        '"' => (State::Text, 1),
        'r' if matches!(second, Some('"' | '#')) => {
            let hashes = rest[1..].iter().take_while(|&&letter| letter == '#').count();
            // `r#type` is a raw name, not a raw string.
            if rest.get(1 + hashes) == Some(&'"') { (State::RawText(hashes), 2 + hashes) } else { (State::Code, 1) }
        }
        // A character literal, escaped or plain; anything else after a quote is a lifetime.
        '\'' if second == Some('\\') => {
            let length = rest.iter().skip(3).position(|&letter| letter == '\'').map_or(1, |close| close + 4);
            (State::Code, length)
        }
        '\'' if rest.get(2) == Some(&'\'') => (State::Code, 3),
        _ => (State::Code, 1),
    }
}

/// Marks the items that follow a `#[cfg(test)]`, up to the brace that closes them.
fn mark_tests(lines: &mut [Line]) {
    let mut at = 0;
    while at < lines.len() {
        if !lines[at].code.contains("#[cfg(test)]") {
            at += 1;
            continue;
        }
        let end = end_of_item(lines, at).unwrap_or(lines.len() - 1);
        for line in &mut lines[at..=end] {
            line.in_test = true;
        }
        at = end + 1;
    }
}

/// The line on which the item that begins at `start` ends: at its closing brace, or at a semicolon before any brace.
pub(crate) fn end_of_item(lines: &[Line], start: usize) -> Option<usize> {
    let mut braces = 0_usize;
    let mut brackets = 0_usize;
    for (number, line) in lines.iter().enumerate().skip(start) {
        for letter in line.code.chars() {
            match letter {
                '(' | '[' => brackets += 1,
                ')' | ']' => brackets = brackets.saturating_sub(1),
                '{' => braces += 1,
                '}' if braces == 1 => return Some(number),
                '}' => braces = braces.saturating_sub(1),
                ';' if braces == 0 && brackets == 0 => return Some(number),
                _ => {}
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares `(code, comment)` of every line; runs of blanks count as one.
    fn check(text: &str, expected: &[(&str, &str)]) {
        let squeeze = |code: &str| code.split_whitespace().collect::<Vec<_>>().join(" ");
        let source = read(text);
        let found: Vec<(String, &str)> = source.lines.iter().map(|l| (squeeze(&l.code), l.comment.as_str())).collect();
        let expected: Vec<(String, &str)> =
            expected.iter().map(|&(code, comment)| (code.to_owned(), comment)).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn comments_are_told_from_code() {
        check("let a = 1; // why\nb();\n", &[("let a = 1;", "// why"), ("b();", "")]);
        check("a /* b /* c */ d */ e", &[("a e", "/* b /* c */ d */")]);
        check("/* one\ntwo */ three", &[("", "/* one"), ("three", "two */")]);
    }

    #[test]
    fn what_is_in_a_string_is_neither() {
        check(r#"f("// no { comment");"#, &[("f( );", "")]);
        check(r#"f("a \" // b"); g()"#, &[("f( ); g()", "")]);
        check("f(r#\"a \" // b\"#); g()", &[("f( ); g()", "")]);
        check("f(\"one\ntwo {\");", &[("f(", ""), (");", "")]);
    }

    #[test]
    fn quotes_begin_characters_and_lifetimes() {
        check("a('\"'); // x", &[("a( );", "// x")]);
        check("fn f<'a>(c: &'a str) {}", &[("fn f<'a>(c: &'a str) {}", "")]);
        check("a('\\''); d('{')", &[("a( ); d( )", "")]);
    }

    #[test]
    fn unit_tests_are_marked_and_nothing_after_them() {
        let source = read("fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\nfn c() {}\n");
        let marked: Vec<bool> = source.lines.iter().map(|line| line.in_test).collect();
        assert_eq!(marked, [false, true, true, true, true, false]);
    }
}
