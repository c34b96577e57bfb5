//! Dashboards as one page, from the very queries that Grafana would ask: what a panel shows here, it shows there.
//!
//! A panel whose query gives nothing says so in words. The tempting wrong choice is an empty frame, which looks like all is quiet.

use super::error::Error;
use super::lines::{MOST, lines, style};
use super::panel::{Dashboard, Kind, Panel};
use crate::slo::prometheus::{Prometheus, Series};
use jiff::{SignedDuration, Timestamp};
use mod_106::documents::{Templates, html, time};
use std::fmt::Write;

/// Which stretch of time is shown.
#[derive(Clone, Copy, Debug)]
pub struct Preview {
    /// Its end.
    pub until: Timestamp,
    /// How long it is, in seconds.
    pub seconds: u64,
    /// Points along it.
    pub points: u64,
}

/// What a query gave.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The dashboard's title.
    pub dashboard: &'static str,
    /// The panel's title.
    pub panel: String,
    /// The query.
    pub query: String,
    /// Its series, named as the panel's legend says.
    pub series: Vec<(String, Series)>,
}

impl Answer {
    /// Whether there is at least one number in it.
    pub fn has_data(&self) -> bool {
        self.series.iter().any(|(_, series)| series.points.iter().any(|(_, value)| value.is_finite()))
    }
}

/// Asks every query of every panel.
///
/// # Errors
/// The first that Prometheus does not answer.
pub async fn ask(dashboards: &[Dashboard], prometheus: &Prometheus, preview: Preview) -> Result<Vec<Answer>, Error> {
    let seconds = i64::try_from(preview.seconds).unwrap_or(i64::MAX / 2);
    let from = preview.until.saturating_sub(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::UNIX_EPOCH);
    let step = (preview.seconds / preview.points.max(1)).max(1);
    let mut answers = Vec::new();
    for dashboard in dashboards {
        for panel in dashboard.panels() {
            for query in &panel.queries {
                let series = prometheus.range(&query.expr, from, preview.until, step).await?;
                let named = series.into_iter().map(|series| (named(&query.legend, &series), series)).collect();
                let (panel, query) = (panel.title.clone(), query.expr.clone());
                answers.push(Answer { dashboard: dashboard.title, panel, query, series: named });
            }
        }
    }
    Ok(answers)
}

/// `{{label}}` becomes the label's value, as Grafana does it.
fn named(legend: &str, series: &Series) -> String {
    let mut name = legend.to_owned();
    for (label, value) in &series.labels {
        name = name.replace(&format!("{{{{{label}}}}}"), value);
    }
    // Labels that the series lacks are nothing.
    while let (Some(start), Some(end)) = (name.find("{{"), name.find("}}")) {
        name.replace_range(start..(end + 2).max(start), "");
    }
    if name.trim().is_empty() { "value".to_owned() } else { name.trim().to_owned() }
}

/// What the page's own style does not know; its colours are that style's, in light and in dark.
const STYLE: &str = "\
:root{--fourth:#7a3fa0}@media(prefers-color-scheme:dark){:root{--fourth:#c79bea}}\
.row{display:grid;grid-template-columns:repeat(auto-fit,minmax(19rem,1fr));gap:1rem;margin:0 0 1.5rem}\
.many{grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr))}\
.panel{background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:.8rem 1rem;min-width:0}\
.panel h4{margin:0 0 .2rem}.panel p{margin:.1rem 0 .5rem;color:var(--soft);font-size:.85rem}\
.figure{font-size:1.7rem;font-weight:650}.figure small{display:block;font-size:.8rem;font-weight:400;color:var(--soft)}\
.panel svg{width:100%;height:auto}.panel svg path{fill:none;stroke-width:2}\
.panel svg .g{stroke:var(--line)}.panel svg .x{stroke:var(--bad);stroke-dasharray:2 3}\
.panel svg text{font:12px system-ui,sans-serif;fill:var(--soft)}\
.key{list-style:none;padding:0;margin:.2rem 0 0;font-size:.85rem}.key svg{width:2rem;height:.7rem;margin-right:.4rem}\
.nothing{color:var(--bad)}details{font-size:.85rem}details code{overflow-wrap:anywhere}";

const PAGE: &str = r#"{% extends "page.html" %}{% block title %}{{ title }}{% endblock %}
{%- block style %}{{ style|safe }}{% endblock %}{% block main %}{{ body|safe }}{% endblock %}"#;

/// The page of all dashboards, from answers in the order of [`ask`].
///
/// # Errors
/// None that a caller could cause.
pub fn page(dashboards: &[Dashboard], answers: &[Answer], preview: Preview) -> Result<String, Error> {
    let mut body = "<h1>Dashboards</h1>\n".to_owned();
    // Writing to a string cannot fail.
    let _ = writeln!(
        body,
        "<p>The last {} minutes until {}, asked of Prometheus with the queries that Grafana would ask.</p>",
        preview.seconds / 60,
        time(preview.until)
    );
    let mut rest = answers;
    for dashboard in dashboards {
        let _ = writeln!(
            body,
            "<h2 id=\"{}\">{}</h2>\n<p>{}</p>",
            dashboard.uid,
            html(dashboard.title),
            html(dashboard.description)
        );
        for row in &dashboard.rows {
            let _ = writeln!(
                body,
                "<h3>{}</h3>\n<div class=\"row{}\">",
                html(row.title),
                if row.panels.len() > 2 { " many" } else { "" }
            );
            for panel in &row.panels {
                let (mine, others) = rest.split_at(panel.queries.len().min(rest.len()));
                rest = others;
                draw(&mut body, panel, mine);
            }
            body.push_str("</div>\n");
        }
    }
    let templates = Templates::new([("dashboards.html", PAGE)])?;
    Ok(templates
        .render("dashboards.html", &serde_json::json!({ "title": "Dashboards", "style": STYLE, "body": body }))?)
}

fn draw(body: &mut String, panel: &Panel, answers: &[Answer]) {
    let _ =
        writeln!(body, "<section class=\"panel\"><h4>{}</h4><p>{}</p>", html(&panel.title), html(&panel.description));
    let mut series: Vec<(&str, &Series)> =
        answers.iter().flat_map(|answer| answer.series.iter().map(|(name, series)| (name.as_str(), series))).collect();
    // The largest first; what is 0 all the time is named last, and not drawn when there is no room.
    let peak = |series: &Series| {
        series
            .points
            .iter()
            .map(|(_, value)| *value)
            .filter(|value| value.is_finite())
            .fold(f64::NEG_INFINITY, f64::max)
    };
    if panel.queries.len() == 1 {
        series.sort_by(|left, right| peak(right.1).total_cmp(&peak(left.1)));
    }
    if !answers.iter().any(Answer::has_data) {
        body.push_str("<p class=\"nothing\">No data: the query found no series, which is not the same as zero.</p>\n");
    } else if panel.kind == Kind::Stat {
        for (name, series) in &series {
            let shown = html(&last(panel, series));
            let _ = writeln!(body, "<div class=\"figure\">{shown}<small>{}</small></div>", html(name));
        }
    } else {
        let plain: Vec<Series> = series.iter().map(|(_, series)| (*series).clone()).collect();
        body.push_str(&lines(&panel.title, &panel.description, panel.unit, panel.threshold, &plain));
        body.push_str("<ul class=\"key\">");
        for (index, (name, series)) in series.iter().take(MOST).enumerate() {
            let mark = format!(
                "<svg viewBox=\"0 0 32 8\" aria-hidden=\"true\"><path style=\"{}\" d=\"M0 4L32 4\"/></svg>",
                style(index)
            );
            let _ = write!(body, "<li>{mark}{}: {}</li>", html(name), html(&last(panel, series)));
        }
        if series.len() > MOST {
            let _ = write!(body, "<li>and {} more, all smaller, not drawn</li>", series.len() - MOST);
        }
        body.push_str("</ul>\n");
    }
    let queries = answers.iter().map(|answer| format!("<code>{}</code>", html(&answer.query)));
    let _ = writeln!(
        body,
        "<details><summary>Query</summary>{}</details></section>",
        queries.collect::<Vec<_>>().join("<br>")
    );
}

/// The last value that is one.
fn last(panel: &Panel, series: &Series) -> String {
    let last = series.points.iter().rev().map(|(_, value)| *value).find(|value| value.is_finite());
    last.map_or_else(|| "—".to_owned(), |value| panel.unit.shown(value))
}

#[cfg(test)]
mod tests {
    use super::{Answer, Preview, named, page};
    use crate::dashboards::panel::{Dashboard, Row, Unit};
    use crate::dashboards::templates::{curves, figure};
    use crate::slo::prometheus::Series;
    use jiff::Timestamp;

    fn series(value: f64) -> Series {
        Series { labels: [("a".to_owned(), "<b>".to_owned())].into(), points: vec![(0.0, value), (60.0, value)] }
    }

    #[test]
    fn legends_are_filled_as_grafana_does() {
        assert_eq!(named("{{a}} of {{missing}}", &series(1.0)), "<b> of");
        assert_eq!(named("{{missing}}", &series(1.0)), "value");
        assert_eq!(named("plain", &series(1.0)), "plain");
    }

    #[test]
    fn nothing_is_said_in_words_and_no_label_breaks_the_page() {
        let panels =
            vec![figure("One", "d", Unit::Share, "x", "{{a}}"), curves("Two", "d", Unit::Number, &[("y", "{{a}}")])];
        let dashboard = Dashboard { uid: "u", title: "T", description: "d", rows: vec![Row { title: "R", panels }] };
        let answer = |panel: &str, series: Vec<(String, Series)>| Answer {
            dashboard: "T",
            panel: panel.to_owned(),
            query: "x".to_owned(),
            series,
        };
        let answers = [
            answer("One", vec![("<b>".to_owned(), series(0.25))]),
            answer("Two", vec![("n".to_owned(), series(f64::NAN))]),
        ];
        let preview = Preview { until: Timestamp::UNIX_EPOCH, seconds: 60, points: 2 };
        let page = page(&[dashboard], &answers, preview).unwrap();
        assert!(page.contains("25.0 %<small>&lt;b&gt;") && page.contains("No data"), "{page}");
        assert!(!page.contains("<b>") && !page.contains("<script"));
    }
}
