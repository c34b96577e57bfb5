//! Alerts from a JSON file: one object, or a list of them. Next: `dispatcher` checks and sends them.

use super::alert::Alert;
use super::error::Error;
use std::path::Path;

/// Reads a file of alerts.
///
/// # Errors
/// [`Error::File`], or [`Error::Malformed`] with line and column.
pub fn read_alerts(path: &Path) -> Result<Vec<Alert>, Error> {
    let text = std::fs::read_to_string(path).map_err(|source| Error::file(path, source))?;
    parse_alerts(&path.display().to_string(), &text)
}

/// Reads a text of alerts; `place` is what errors call it.
///
/// # Errors
/// [`Error::Malformed`] with line and column.
pub fn parse_alerts(place: &str, text: &str) -> Result<Vec<Alert>, Error> {
    // Told apart by their first character: an untagged enum would lose the places of mistakes.
    let alerts = match text.trim_start().starts_with('[') {
        true => serde_json::from_str(text),
        false => serde_json::from_str(text).map(|alert| vec![alert]),
    };
    let alerts: Vec<Alert> = alerts.map_err(|error| Error::Malformed {
        place: format!("{place}:{}:{}", error.line(), error.column()),
        problem: error.to_string().split(" at line ").next().unwrap_or_default().to_owned(),
        advice:
            "an alert is {\"name\", \"severity\", \"owner\", \"summary\"} and optionally \"description\", \"labels\", \
                 \"annotations\", \"starts_at\", \"ends_at\""
                .to_owned(),
    })?;
    alerts.iter().try_for_each(Alert::check)?;
    Ok(alerts)
}

#[cfg(test)]
mod tests {
    use super::parse_alerts;

    #[test]
    fn one_alert_or_a_list_is_read_and_a_mistake_has_its_place() {
        let one = r#"{"name": "A", "severity": "info", "owner": "o", "summary": "s"}"#;
        assert_eq!(parse_alerts("-", one).unwrap().len(), 1);
        assert_eq!(parse_alerts("-", &format!(" [{one}, {one}]")).unwrap().len(), 2);
        fn check(text: &str, expected: &str) {
            let error = parse_alerts("a.json", text).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
        check(
            "[\n {\"name\": \"A\", \"severity\": \"fatal\"}]",
            "a.json:2:34: unknown variant `fatal`, expected one of",
        );
        check("{\"name\": \"A\", \"sevrity\": \"info\"}", "a.json:1:23: unknown field `sevrity`");
        check("", "a.json:1:0: EOF");
    }
}
