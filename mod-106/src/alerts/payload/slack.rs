//! Slack's incoming webhooks: a text for notifications, and blocks for the channel
//! (<https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>, <https://docs.slack.dev/reference/block-kit/blocks>).
//!
//! `&`, `<` and `>` are escaped, or a column named `<!channel>` would wake everybody.

use super::{Item, shortened};
use crate::alerts::Status;
use serde_json::{Value, json};

/// The longest text of a section block or of a context's element: 3,000 characters, counted after escaping.
const LONGEST_TEXT: usize = 3_000;
/// What a context's facts may take of it; the rest is for links.
const LONGEST_FACTS: usize = 2_000;
const SEPARATOR: &str = " · ";
/// The longest header block.
const LONGEST_HEADER: usize = 150;

pub(super) fn body(item: &Item<'_>) -> Value {
    let alert = item.alert;
    let (mark, word) = match item.status {
        Status::Firing => ("🔴", alert.severity.word()),
        Status::Resolved => ("✅", "resolved"),
    };
    let header = shortened(&format!("{mark} {word}: {}", alert.name), LONGEST_HEADER);
    let mut blocks =
        vec![json!({ "type": "header", "text": { "type": "plain_text", "text": header } }), section(&alert.summary)];
    if !alert.description.is_empty() {
        blocks.push(section(&alert.description));
    }
    let labels = alert.labels.iter().map(|(key, value)| format!("{key}: {value}"));
    let facts: Vec<_> = [format!("owner: {}", alert.owner)].into_iter().chain(labels).collect();
    let mut facts = escaped(&facts.join(SEPARATOR), LONGEST_FACTS);
    // A link that is cut leads nowhere: one that does not fit is left out.
    for link in links(item) {
        if facts.chars().count() + SEPARATOR.chars().count() + link.chars().count() <= LONGEST_TEXT {
            facts = facts + SEPARATOR + &link;
        }
    }
    blocks.push(json!({ "type": "context", "elements": [{ "type": "mrkdwn", "text": facts }] }));
    let text = format!("{mark} {word}: {} — {}", alert.name, alert.summary);
    json!({ "text": escaped(&text, LONGEST_TEXT), "blocks": blocks })
}

fn section(text: &str) -> Value {
    json!({ "type": "section", "text": { "type": "mrkdwn", "text": escaped(text, LONGEST_TEXT) } })
}

fn links<'a>(item: &Item<'a>) -> impl Iterator<Item = String> + 'a {
    let links = item.alert.annotations.iter().filter(|(_, value)| is_link(value));
    links.map(|(name, url)| format!("<{}|{name}>", escaped(url, usize::MAX)))
}

/// Whether a text is a URL that can stand in Slack's brackets.
fn is_link(text: &str) -> bool {
    (text.starts_with("https://") || text.starts_with("http://")) && !text.contains(['<', '>', '|', ' '])
}

/// Escaped, and then at most so many characters; an escape is never cut in two.
fn escaped(text: &str, longest: usize) -> String {
    let piece = |character: char| match character {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        other => other.to_string(),
    };
    let pieces: Vec<_> = text.chars().map(piece).collect();
    let lengths = pieces.iter().scan(0, |length, piece| {
        *length += piece.chars().count();
        Some(*length)
    });
    let lengths: Vec<usize> = lengths.collect();
    if lengths.last().is_none_or(|length| *length <= longest) {
        return pieces.concat();
    }
    let fitting = lengths.partition_point(|length| *length < longest);
    pieces[..fitting].concat() + "…"
}
