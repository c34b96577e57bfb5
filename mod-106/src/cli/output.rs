//! How results are shown: a table for people, JSON for programs.
//!
//! Text from a server is stripped of control characters before it reaches a terminal: a run's name must not move the cursor.

use comfy_table::presets::NOTHING;
use comfy_table::{Attribute, Cell, ContentArrangement, Table};
use serde::Serialize;
use std::io::{IsTerminal, Write};

/// Where results go and in which form.
#[derive(Debug, Clone, Copy)]
pub(super) struct Output {
    json: bool,
    terminal: bool,
}

impl Output {
    /// Colours and wrapping only on a terminal, and colours not when `NO_COLOR` is set.
    pub(super) fn to_terminal_or_pipe(json: bool) -> Self {
        let colour_refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { json, terminal: std::io::stdout().is_terminal() && !colour_refused }
    }

    /// Whether a program reads the results.
    pub(super) fn is_json(self) -> bool {
        self.json
    }

    /// Shows a list: as a JSON array, or as a table with a row for each item.
    pub(super) fn list<T: Serialize, const N: usize>(
        self,
        items: &[T],
        headers: [&str; N],
        row: impl Fn(&T) -> [String; N],
    ) -> anyhow::Result<()> {
        if self.json {
            return print(&serde_json::to_string_pretty(items)?);
        }
        if items.is_empty() {
            eprintln!("none");
            return Ok(());
        }
        print(&table(&headers, items.iter().map(|item| row(item).to_vec()), self.terminal))
    }

    /// Shows one thing: as a JSON object, or as a table of names and values.
    pub(super) fn one<T: Serialize>(self, item: &T, facts: Vec<(&str, String)>) -> anyhow::Result<()> {
        if self.json {
            return print(&serde_json::to_string_pretty(item)?);
        }
        print(&table(&[], facts.into_iter().map(|(name, value)| vec![name.to_owned(), value]), self.terminal))
    }

    /// Says what was done: as a JSON object, or as a sentence.
    pub(super) fn done<T: Serialize>(self, item: &T, sentence: &str) -> anyhow::Result<()> {
        if self.json { print(&serde_json::to_string_pretty(item)?) } else { print(&clean(sentence)) }
    }
}

fn print(text: &str) -> anyhow::Result<()> {
    // Not `println!`: it panics when the reader has gone.
    Ok(writeln!(std::io::stdout().lock(), "{text}")?)
}

/// Renders a table without borders; headers, if any, are bold on a terminal.
fn table(headers: &[&str], rows: impl Iterator<Item = Vec<String>>, terminal: bool) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING);
    if terminal {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    } else {
        table.force_no_tty();
    }
    if !headers.is_empty() {
        table.set_header(headers.iter().map(|header| Cell::new(header).add_attribute(Attribute::Bold)));
    }
    for row in rows {
        table.add_row(row.iter().map(|text| clean(text)));
    }
    // Every cell is padded on both sides; the first column needs no margin and the last no tail.
    let lines: Vec<_> =
        table.lines().map(|line| line.strip_prefix(' ').unwrap_or(&line).trim_end().to_owned()).collect();
    lines.join("\n")
}

fn clean(text: &str) -> String {
    text.chars()
        .map(|character| if character.is_control() && character != '\n' { '\u{fffd}' } else { character })
        .collect()
}

/// Milliseconds since 1970, as people read them.
pub(super) fn time(milliseconds: Option<i64>) -> String {
    let time = milliseconds.and_then(|milliseconds| jiff::Timestamp::from_millisecond(milliseconds).ok());
    time.map_or_else(String::new, |time| time.strftime("%Y-%m-%d %H:%M:%SZ").to_string())
}

/// `a=1, b=2`
pub(super) fn pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    pairs.into_iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(", ")
}

/// The word that a status is written as in JSON.
pub(super) fn word(status: impl Serialize) -> String {
    match serde_json::to_value(status) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::{table, time};

    #[test]
    fn a_table_is_plain_and_cannot_move_the_cursor() {
        let rows = [["0", "Default"], ["17", "fraud \u{1b}[31mred\u{7}"]];
        let text = table(&["ID", "NAME"], rows.iter().map(|row| row.map(str::to_owned).to_vec()), false);
        insta::assert_snapshot!(text, @r"
        ID  NAME
        0   Default
        17  fraud �[31mred�
        ");
    }

    #[test]
    fn times_are_utc() {
        fn check(milliseconds: Option<i64>, expected: &str) {
            assert_eq!(time(milliseconds), expected);
        }
        check(Some(0), "1970-01-01 00:00:00Z");
        check(Some(1_700_000_000_123), "2023-11-14 22:13:20Z");
        check(Some(i64::MAX), "");
        check(None, "");
    }
}
