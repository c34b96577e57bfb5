//! Times, digests and figures as people read them; and the filters by which templates ask for them.

use super::escape;
use jiff::Timestamp;
use minijinja::value::{Value, ValueKind};
use minijinja::{AutoEscape, Environment, State};

/// Teaches an environment these filters.
pub(super) fn register(environment: &mut Environment<'static>) {
    environment.add_filter("time", |value: Value| time_of(&value));
    environment.add_filter("digest", |text: String| short_digest(&text));
    environment.add_filter("number", |value: Value| figure(&value, number));
    environment.add_filter("percent", |value: Value| figure(&value, percent));
    environment.add_filter("bytes", |count: u64| bytes(count));
    environment.add_filter("duration", |duration_ms: u64| duration(duration_ms));
    environment.add_filter("words", |text: String| text.replace(['_', '-'], " "));
    environment.add_filter("code", code);
    environment.add_filter("paragraphs", paragraphs);
    environment.add_filter("url", |text: String| Value::from_safe_string(url(&text)));
}

/// `2026-11-21 14:35:16 UTC`, from milliseconds since 1970 or RFC 3339; what is neither stays as it is.
fn time_of(value: &Value) -> String {
    if let Some(milliseconds) = value.as_i64().filter(|_| value.kind() == ValueKind::Number) {
        return Timestamp::from_millisecond(milliseconds).map_or_else(|_| value.to_string(), time);
    }
    let text = value.to_string();
    text.parse().map_or(text, time)
}

/// `2026-11-21 14:35:16 UTC`
pub fn time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// `sha256:0123456789ab…`: enough to compare by eye. Where somebody may want to verify it, show it whole.
pub fn short_digest(digest: &str) -> String {
    let (algorithm, hex) = digest.split_once(':').map_or(("", digest), |(algorithm, hex)| (algorithm, hex));
    let separator = if algorithm.is_empty() { "" } else { ":" };
    match hex.char_indices().nth(12) {
        Some((end, _)) => format!("{algorithm}{separator}{}…", &hex[..end]),
        None => digest.to_owned(),
    }
}

fn figure(value: &Value, format: fn(f64) -> String) -> String {
    let number = match value.kind() {
        ValueKind::Number => f64::try_from(value.clone()).ok(),
        _ => None,
    };
    number.map_or_else(|| value.to_string(), format)
}

/// At most six significant digits, without trailing zeros; large ones with thousands apart: `0.912346`, `1,234,567`, `1.5e-9`.
pub fn number(number: f64) -> String {
    if !number.is_finite() {
        return if number.is_nan() {
            "NaN".to_owned()
        } else {
            format!("{}∞", if number < 0.0 { "−" } else { "" })
        };
    }
    let size = number.abs();
    if size >= 1e15 || (size > 0.0 && size < 1e-4) {
        let text = format!("{number:.5e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        return format!("{}e{exponent}", digits.trim_end_matches('0').trim_end_matches('.'));
    }
    // The digits before the point: six significant ones leave the rest to what follows it.
    let whole_digits = size.max(1.0).log10().floor().clamp(0.0, 15.0);
    let zeros_after_point = if size > 0.0 && size < 1.0 { -size.log10().floor() - 1.0 } else { 0.0 };
    let lead = if size < 1.0 { 6.0 + zeros_after_point } else { 5.0 - whole_digits };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to what a count of digits is")]
    let decimals = lead.clamp(0.0, 12.0) as usize;
    let text = format!("{size:.decimals$}");
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let fraction = fraction.trim_end_matches('0');
    let sign = if number < 0.0 && (fraction.contains(|digit| digit != '0') || whole != "0") { "-" } else { "" };
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{}{point}{fraction}", thousands(whole))
}

fn thousands(digits: &str) -> String {
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A share of one as `91.2 %`.
pub fn percent(share: f64) -> String {
    if share.is_finite() { format!("{:.1} %", share * 100.0) } else { number(share) }
}

/// `850 B`, `1.5 MiB`.
pub fn bytes(count: u64) -> String {
    const UNITS: [(&str, u64); 4] = [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    let unit = UNITS.into_iter().find(|(_, size)| count >= *size);
    // Tenths, rounded half up; u128 holds them for every count.
    unit.map_or_else(
        || format!("{count} B"),
        |(name, size)| {
            let tenths = (u128::from(count) * 20 / u128::from(size)).div_ceil(2);
            format!("{}.{} {name}", tenths / 10, tenths % 10)
        },
    )
}

/// `850 ms`, `2.4 s`, `3 min 20 s`.
pub fn duration(duration_ms: u64) -> String {
    match duration_ms {
        0..1_000 => format!("{duration_ms} ms"),
        1_000..60_000 => format!("{}.{} s", duration_ms / 1_000, duration_ms % 1_000 / 100),
        _ => format!("{} min {} s", duration_ms / 60_000, duration_ms % 60_000 / 1_000),
    }
}

/// Inline code, in the way of the document that asks.
fn code(state: &State, value: Value) -> Value {
    let text = value.to_string();
    match state.auto_escape() {
        AutoEscape::Html => Value::from_safe_string(format!("<code>{}</code>", escape::html(&text))),
        AutoEscape::Custom(_) => Value::from_safe_string(escape::markdown_code(&text)),
        _ => Value::from(text),
    }
}

/// An address for `[words](…)` of Markdown or `href="…"` of HTML: whatever could end either is percent-encoded.
fn url(text: &str) -> String {
    let kept = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#@!$*+,;=%".contains(&byte);
    let encode = |byte: u8| if kept(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.trim().bytes().map(encode).collect()
}

/// Text of several lines, each a paragraph.
fn paragraphs(state: &State, text: String) -> Value {
    match state.auto_escape() {
        AutoEscape::Html => {
            let lines = text.lines().filter(|line| !line.trim().is_empty());
            Value::from_safe_string(lines.map(|line| format!("<p>{}</p>\n", escape::html(line))).collect())
        }
        AutoEscape::Custom(_) => Value::from_safe_string(escape::markdown_paragraphs(&text)),
        _ => Value::from(text),
    }
}

#[cfg(test)]
mod tests {
    use super::{bytes, duration, number, percent, short_digest, url};

    #[test]
    fn numbers_read_well() {
        fn check(value: f64, expected: &str) {
            assert_eq!(number(value), expected);
        }
        check(0.0, "0");
        check(-0.0, "0");
        check(0.5, "0.5");
        check(0.912_345_678, "0.912346");
        check(0.001_234_567_8, "0.00123457");
        check(12.345_678_9, "12.3457");
        check(-1.5, "-1.5");
        check(1_234_567.0, "1,234,567");
        check(1_234.5, "1,234.5");
        check(999.0, "999");
        check(1.5e-9, "1.5e-9");
        check(2e20, "2e20");
        check(f64::NAN, "NaN");
        check(f64::NEG_INFINITY, "−∞");
    }

    #[test]
    fn other_figures_read_well() {
        assert_eq!([percent(0.912_3), percent(f64::NAN)], ["91.2 %", "NaN"]);
        assert_eq!(
            [bytes(850), bytes(1_572_864), bytes(1024), bytes(u64::MAX)].map(|text| text),
            ["850 B", "1.5 MiB", "1.0 KiB", "16777216.0 TiB"]
        );
        assert_eq!([850, 2_449, 200_500].map(duration), ["850 ms", "2.4 s", "3 min 20 s"]);
        assert_eq!(short_digest("sha256:0123456789abcdef"), "sha256:0123456789ab…");
        assert_eq!(short_digest("abc"), "abc");
        assert_eq!(url("https://x.org/a?b=(1)|2&c=%20\"<"), "https://x.org/a?b=%281%29%7C2%26c=%20%22%3C");
    }
}
