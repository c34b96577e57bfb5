//! Dashboards, rows and panels, and what they are written as for Grafana: the classic schema that `@grafana/schema` and the Foundation
//! SDK describe, version 39, which Grafana 10 and later read. Where a panel stands follows from the order; nobody counts grid cells.

use serde_json::{Value, json};

/// Grafana's grid.
const COLUMNS: usize = 24;
/// The version of the schema.
const SCHEMA: u32 = 39;

/// A dashboard.
#[derive(Clone, Debug, PartialEq)]
pub struct Dashboard {
    /// Stable across installations: links name it.
    pub uid: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// What it answers.
    pub description: &'static str,
    /// From top to bottom.
    pub rows: Vec<Row>,
}

/// A row of panels under a heading.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The heading.
    pub title: &'static str,
    /// From left to right, as wide as there is room.
    pub panels: Vec<Panel>,
}

/// A panel.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel {
    /// What it shows.
    pub title: String,
    /// How to read it.
    pub description: String,
    /// As what.
    pub kind: Kind,
    /// In what unit.
    pub unit: Unit,
    /// From which value on it is bad; a line in curves, a colour in figures.
    pub threshold: Option<Threshold>,
    /// What is asked.
    pub queries: Vec<Query>,
}

/// Where good ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Threshold {
    /// Above is bad.
    Above(f64),
    /// Below is bad.
    Below(f64),
}

/// How a panel shows its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One large figure for each series: the last value.
    Stat,
    /// Curves over time.
    TimeSeries,
}

/// Units, in Grafana's words and ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A plain number.
    Number,
    /// A share of one.
    Share,
    /// Seconds.
    Seconds,
    /// Events a second.
    PerSecond,
    /// US dollars a second would be unreadable: an hour.
    UsdPerHour,
}

/// A query and the name of its series.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// PromQL.
    pub expr: String,
    /// Grafana's notation: `{{label}}`.
    pub legend: String,
}

impl Unit {
    fn grafana(self) -> &'static str {
        match self {
            Self::Number => "short",
            Self::Share => "percentunit",
            Self::Seconds => "s",
            Self::PerSecond => "ops",
            Self::UsdPerHour => "currencyUSD",
        }
    }

    /// A value with its unit, for people.
    pub fn shown(self, value: f64) -> String {
        let number = mod_106::documents::number;
        // Three digits are enough on a wall.
        let short = |value: f64| {
            if value.abs() >= 100.0 { number(value.round()) } else { number((value * 100.0).round() / 100.0) }
        };
        match self {
            Self::Number => short(value),
            Self::Share => mod_106::documents::percent(value),
            Self::Seconds if value.abs() < 1.0 => format!("{} ms", short(value * 1_000.0)),
            Self::Seconds => format!("{} s", short(value)),
            Self::PerSecond => format!("{}/s", short(value)),
            Self::UsdPerHour => format!("${} /h", short(value)),
        }
    }
}

impl Dashboard {
    /// All panels in order.
    pub fn panels(&self) -> impl Iterator<Item = &Panel> {
        self.rows.iter().flat_map(|row| &row.panels)
    }

    /// What Grafana imports.
    pub fn grafana(&self) -> Value {
        let mut panels = Vec::new();
        let mut y = 0;
        for row in &self.rows {
            let place = json!({ "x": 0, "y": y, "w": COLUMNS, "h": 1 });
            panels.push(json!({ "id": panels.len() + 1, "type": "row", "title": row.title, "collapsed": false, "gridPos": place, "panels": [] }));
            y += 1;
            let (width, height) =
                (COLUMNS / row.panels.len().max(1), row.panels.iter().map(Panel::height).max().unwrap_or(0));
            for (index, panel) in row.panels.iter().enumerate() {
                let place = json!({ "x": index * width, "y": y, "w": width, "h": height });
                panels.push(panel.grafana(panels.len() + 1, &place));
            }
            y += height;
        }
        json!({
            "uid": self.uid,
            "title": self.title,
            "description": self.description,
            "tags": ["mlops", "mod-553"],
            "schemaVersion": SCHEMA,
            "editable": true,
            "refresh": "30s",
            "time": { "from": "now-6h", "to": "now" },
            "timezone": "utc",
            "templating": { "list": [{ "name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus" }] },
            "panels": panels,
        })
    }
}

impl Panel {
    fn height(&self) -> usize {
        if self.kind == Kind::Stat { 4 } else { 8 }
    }

    fn grafana(&self, id: usize, place: &Value) -> Value {
        let source = json!({ "type": "prometheus", "uid": "${datasource}" });
        let targets = self.queries.iter().zip('A'..).map(|(query, letter)| {
            json!({ "refId": letter.to_string(), "expr": query.expr, "legendFormat": query.legend, "datasource": source })
        });
        let mut defaults = json!({ "unit": self.unit.grafana() });
        if let Some(threshold) = self.threshold {
            let (value, below, above) = match threshold {
                Threshold::Above(value) => (value, "green", "red"),
                Threshold::Below(value) => (value, "red", "green"),
            };
            let steps = json!([{ "value": null, "color": below }, { "value": value, "color": above }]);
            defaults["thresholds"] = json!({ "mode": "absolute", "steps": steps });
        }
        let (kind, options) = match self.kind {
            Kind::Stat => {
                let reduce = json!({ "calcs": ["lastNotNull"], "fields": "", "values": false });
                (
                    "stat",
                    json!({ "reduceOptions": reduce, "colorMode": "value", "graphMode": "area", "textMode": "auto" }),
                )
            }
            Kind::TimeSeries => {
                let style = if self.threshold.is_some() { "line" } else { "off" };
                defaults["custom"] = json!({ "fillOpacity": 8, "lineWidth": 2, "thresholdsStyle": { "mode": style } });
                let legend = json!({ "displayMode": "table", "placement": "bottom", "showLegend": true, "calcs": ["lastNotNull", "max"] });
                ("timeseries", json!({ "legend": legend, "tooltip": { "mode": "multi", "sort": "desc" } }))
            }
        };
        json!({
            "id": id, "type": kind, "title": self.title, "description": self.description, "datasource": source, "gridPos": place,
            "fieldConfig": { "defaults": defaults, "overrides": [] }, "options": options, "targets": targets.collect::<Vec<_>>(),
        })
    }
}
