//! The frame of every chart. Colours come from the page around it, with fallbacks for a chart that stands alone.

use crate::documents::html;
use std::fmt::Write;

/// What a chart is called, and what it shows in words.
#[derive(Debug, Clone, Copy)]
pub struct Caption<'a> {
    /// Unique on the page: letters, digits, `-` and `_`.
    pub id: &'a str,
    /// A few words.
    pub title: &'a str,
    /// A sentence or two, for whoever cannot see it.
    pub description: &'a str,
}

/// All charts are drawn this wide, and scale down with the page.
pub(super) const WIDTH: f64 = 680.0;

const STYLE: &str = "\
.r{fill:var(--idle,#6b7683);fill-opacity:.38}\
.c{fill:none;stroke:var(--link,#2455b8);stroke-width:2;stroke-linejoin:round}\
.cf{fill:var(--link,#2455b8)}\
.t{fill:var(--ink,#1d2126)}\
.s{fill:var(--soft,#5b646f)}\
.l{stroke:var(--line,#d5d2cb);stroke-width:1}\
.a{stroke:var(--soft,#5b646f);stroke-width:1}\
.good{stroke:var(--good,#126b41);fill:var(--good,#126b41)}\
.bad{stroke:var(--bad,#b3261e);fill:var(--bad,#b3261e)}\
.wait{stroke:var(--wait,#7d5200);fill:var(--wait,#7d5200)}\
.idle{stroke:var(--idle,#515c68);fill:var(--idle,#515c68)}\
.x{fill:none;stroke-width:2.5}\
.o{fill:var(--card,#fff);stroke-width:2}\
line.good,line.bad,line.wait,line.idle{stroke-width:2}\
path.a{fill:none;stroke-width:1.5}\
text{font:12px system-ui,sans-serif;stroke:none}";

/// A drawing that grows.
pub(super) struct Drawing {
    body: String,
}

/// Where a text is anchored.
#[derive(Clone, Copy)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

impl Drawing {
    pub(super) fn new() -> Self {
        Self { body: String::new() }
    }

    pub(super) fn rectangle(&mut self, class: &str, x: f64, y: f64, width: f64, height: f64) {
        let (width, height) = (width.max(0.0), height.max(0.0));
        self.add(&format!(r#"<rect class="{class}" x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}"/>"#));
    }

    pub(super) fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        let ((x1, y1), (x2, y2)) = (from, to);
        self.add(&format!(r#"<line class="{class}" x1="{x1:.1}" y1="{y1:.1}" x2="{x2:.1}" y2="{y2:.1}"/>"#));
    }

    pub(super) fn path(&mut self, class: &str, path: &str) {
        self.add(&format!(r#"<path class="{class}" d="{path}"/>"#));
    }

    /// A path whose dashes tell it apart from its neighbours.
    pub(super) fn dashed(&mut self, class: &str, place: usize, path: &str) {
        const DASHES: [&str; 6] = ["none", "7 3", "2 2", "9 3 2 3", "1 4", "12 4"];
        let dashes = DASHES[place % DASHES.len()];
        self.add(&format!(r#"<path class="{class}" stroke-dasharray="{dashes}" d="{path}"/>"#));
    }

    pub(super) fn text(&mut self, class: &str, anchor: Anchor, x: f64, y: f64, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let text = html(text);
        self.add(&format!(r#"<text class="{class}" text-anchor="{anchor}" x="{x:.1}" y="{y:.1}">{text}</text>"#));
    }

    /// A filled box and an outlined one, with the words for them; ends at the right edge.
    pub(super) fn legend(&mut self, y: f64) {
        self.rectangle("r", WIDTH - 190.0, y - 10.0, 16.0, 10.0);
        self.text("s", Anchor::Start, WIDTH - 170.0, y, "reference");
        self.rectangle("c", WIDTH - 95.0, y - 9.0, 16.0, 8.0);
        self.text("s", Anchor::Start, WIDTH - 73.0, y, "current");
    }

    /// The whole chart.
    pub(super) fn finish(self, caption: &Caption<'_>, height: f64) -> String {
        let Caption { id, title, description } = caption;
        let (title, description) = (html(title), html(description));
        format!(
            "<svg role=\"img\" aria-labelledby=\"{id}-title {id}-text\" viewBox=\"0 0 {WIDTH:.0} {height:.0}\" width=\"{WIDTH:.0}\" \
             height=\"{height:.0}\" xmlns=\"http://www.w3.org/2000/svg\">\n<title id=\"{id}-title\">{title}</title>\n\
             <desc id=\"{id}-text\">{description}</desc>\n<style>{STYLE}</style>\n{}</svg>\n",
            self.body
        )
    }

    fn add(&mut self, element: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.body, "{element}");
    }
}

/// A text that is at most about so many pixels wide.
pub(super) fn fitting(text: &str, width: f64) -> String {
    let longest = (width / 6.6) as usize;
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    text.chars().take(longest.saturating_sub(1)).chain(['…']).collect()
}
