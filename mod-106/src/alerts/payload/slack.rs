//! Slack's incoming webhooks: a text for notifications, and blocks for the channel
//! (<https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>, <https://docs.slack.dev/reference/block-kit/blocks>).
//!
//! `&`, `<` and `>` are escaped, or a column named `<!channel>` would wake everybody.

use super::{Item, shortened};
use crate::alerts::Status;
use serde_json::{Value, json};

/// The longest text of a section block is 3,000 characters, and escaping makes texts longer.
const LONGEST_TEXT: usize = 2_000;
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
    let facts = format!("{} · {}", escaped(&shortened(&facts.join(" · "), LONGEST_TEXT)), links(item));
    let facts = facts.trim_end_matches(" · ");
    blocks.push(json!({ "type": "context", "elements": [{ "type": "mrkdwn", "text": facts }] }));
    let text = format!("{mark} {word}: {} — {}", alert.name, alert.summary);
    json!({ "text": escaped(&shortened(&text, LONGEST_TEXT)), "blocks": blocks })
}

fn section(text: &str) -> Value {
    json!({ "type": "section", "text": { "type": "mrkdwn", "text": escaped(&shortened(text, LONGEST_TEXT)) } })
}

fn links(item: &Item<'_>) -> String {
    let links = item.alert.annotations.iter().filter(|(_, value)| is_link(value));
    links.map(|(name, url)| format!("<{url}|{name}>")).collect::<Vec<_>>().join(" · ")
}

/// Whether a text is a URL that can stand in Slack's brackets.
fn is_link(text: &str) -> bool {
    (text.starts_with("https://") || text.starts_with("http://")) && !text.contains(['<', '>', '|', ' '])
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
