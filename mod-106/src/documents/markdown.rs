//! Markdown to HTML, for documents whose words partly come from elsewhere.
//!
//! Raw HTML becomes text; links lead only to web addresses, mail and places in the document; images are not loaded but named. Words of
//! state in bold (`**passed**`) become pills, and whole digests are shown short until one looks closer: their text stays whole.

use super::escape;
use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd};
use std::collections::BTreeMap;

/// The body of a page from a Markdown document (`CommonMark` with tables and strikethrough).
pub fn html_from_markdown(document: &str) -> String {
    let parser = Parser::new_ext(document, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH);
    let events: Vec<Event> = with_anchors(parser.map(safe).collect());
    let mut body = String::with_capacity(document.len() * 2);
    pulldown_cmark::html::push_html(&mut body, with_pills(events).into_iter().flat_map(dressed));
    body
}

/// Nothing that runs or loads.
fn safe(event: Event) -> Event {
    match event {
        Event::Html(text) | Event::InlineHtml(text) | Event::Text(text) => {
            Event::Text(escape::visible(&text).into_owned().into())
        }
        Event::Start(Tag::HtmlBlock) => Event::Start(Tag::Paragraph),
        Event::End(TagEnd::HtmlBlock) => Event::End(TagEnd::Paragraph),
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            let dest_url = if is_harmless(&dest_url) { dest_url } else { CowStr::Borrowed("#") };
            Event::Start(Tag::Link { link_type, dest_url, title, id })
        }
        Event::Start(Tag::Image { .. }) => Event::Start(Tag::Emphasis),
        Event::End(TagEnd::Image) => Event::End(TagEnd::Emphasis),
        other => other,
    }
}

/// A web address, a mail address, or a place without a scheme of its own.
fn is_harmless(address: &str) -> bool {
    let lower = address.trim().to_ascii_lowercase();
    let scheme_ends = lower.find([':', '/', '?', '#']);
    let has_scheme = scheme_ends.is_some_and(|at| lower[at..].starts_with(':'));
    !has_scheme || ["http://", "https://", "mailto:"].iter().any(|scheme| lower.starts_with(scheme))
}

/// Headings get ids, so that a line of a report can be pointed at.
fn with_anchors(mut events: Vec<Event>) -> Vec<Event> {
    let mut taken: BTreeMap<String, usize> = BTreeMap::new();
    for index in 0..events.len() {
        if !matches!(events[index], Event::Start(Tag::Heading { .. })) {
            continue;
        }
        let words = events[index + 1..].iter().take_while(|event| !matches!(event, Event::End(TagEnd::Heading(_))));
        let words = words.filter_map(|event| match event {
            Event::Text(text) | Event::Code(text) => Some(text.as_ref()),
            _ => None,
        });
        let anchor = anchor(&words.collect::<String>());
        let count = taken.entry(anchor.clone()).and_modify(|count| *count += 1).or_insert(1);
        let anchor = if *count == 1 { anchor } else { format!("{anchor}-{count}") };
        if let Event::Start(Tag::Heading { id, .. }) = &mut events[index] {
            *id = Some(anchor.into());
        }
    }
    events
}

fn anchor(heading: &str) -> String {
    let words = heading.split(|character: char| !character.is_alphanumeric()).filter(|word| !word.is_empty());
    let anchor = words.map(str::to_lowercase).collect::<Vec<_>>().join("-");
    if anchor.is_empty() { "section".to_owned() } else { anchor }
}

/// `**passed**` becomes a pill; bold text that is no word of state stays bold.
fn with_pills(events: Vec<Event>) -> Vec<Event> {
    let mut dressed = Vec::with_capacity(events.len());
    let mut events = events.into_iter().peekable();
    while let Some(event) = events.next() {
        if event == Event::Start(Tag::Strong)
            && let Some(Event::Text(text)) = events.peek()
            && let Some(kind) = kind_of_state(text)
        {
            let pill = format!("<strong class=\"pill {kind}\">{}</strong>", escape::html(text));
            let rest: Vec<_> = events.by_ref().take(2).collect();
            if rest.last() == Some(&Event::End(TagEnd::Strong)) {
                dressed.push(Event::InlineHtml(pill.into()));
            } else {
                dressed.push(event);
                dressed.extend(rest);
            }
        } else {
            dressed.push(event);
        }
    }
    dressed
}

/// The colour of a word of state.
fn kind_of_state(word: &str) -> Option<&'static str> {
    Some(match word {
        "passed" | "pass" | "holds" | "verified" | "approved" | "counts" | "met" | "resolved" | "unchanged" | "ok" => {
            "good"
        }
        "failed" | "fail" | "violated" | "violation" | "missing" | "broken" | "contradicted" | "changed"
        | "refused" | "unresolved" | "critical" => "bad",
        "inconclusive" | "gap" | "expired" | "unknown" | "pending" | "warning" | "does not count" | "drifted" => "wait",
        "not applicable" | "not run" | "skipped" | "none" | "info" => "idle",
        _ => return None,
    })
}

/// Tables that scroll by themselves (by keyboard too), and digests that stay short.
fn dressed(event: Event) -> Vec<Event> {
    match event {
        Event::Start(Tag::Table(_)) => vec![Event::Html("<div class=\"scroll\" tabindex=\"0\">".into()), event],
        Event::End(TagEnd::Table) => vec![event, Event::Html("</div>\n".into())],
        Event::Code(text) if is_digest(&text) => {
            vec![Event::InlineHtml(format!("<code class=\"digest\" title=\"{text}\">{text}</code>").into())]
        }
        Event::Code(text) => vec![Event::Code(escape::visible(&text).into_owned().into())],
        other => vec![other],
    }
}

/// `sha256:` and 64 hexadecimal digits: safe in an attribute as it is.
fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:").is_some_and(|hex| hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::html_from_markdown;

    #[test]
    fn nothing_runs_and_nothing_loads() {
        fn check(document: &str, expected: &str) {
            assert_eq!(html_from_markdown(document), expected);
        }
        check("<script>x</script>", "<p>&lt;script&gt;x&lt;/script&gt;</p>\n");
        check("a <b onclick=\"x\">b</b>", "<p>a &lt;b onclick=\"x\"&gt;b&lt;/b&gt;</p>\n");
        check("[a](javascript:alert(1))", "<p><a href=\"#\">a</a></p>\n");
        check("[a]( JaVaScRiPt:x )", "<p><a href=\"#\">a</a></p>\n");
        check("[a](data:text/html,x)", "<p><a href=\"#\">a</a></p>\n");
        check("[a](https://example.org/x)", "<p><a href=\"https://example.org/x\">a</a></p>\n");
        check("[a](#b)", "<p><a href=\"#b\">a</a></p>\n");
        check("[a](card.md)", "<p><a href=\"card.md\">a</a></p>\n");
        check("![a](https://example.org/x.png)", "<p><em>a</em></p>\n");
    }

    #[test]
    fn words_of_state_become_pills() {
        fn check(document: &str, expected: &str) {
            assert_eq!(html_from_markdown(document), format!("<p>{expected}</p>\n"));
        }
        check("**passed**", "<strong class=\"pill good\">passed</strong>");
        check("**other**", "<strong>other</strong>");
        check("**passed *x***", "<strong>passed <em>x</em></strong>");
    }

    #[test]
    fn headings_can_be_pointed_at() {
        assert_eq!(
            html_from_markdown("# A `b` c\n# A b, c\n"),
            "<h1 id=\"a-b-c\">A <code>b</code> c</h1>\n<h1 id=\"a-b-c-2\">A b, c</h1>\n"
        );
    }
}
