//! What a person reads of a measurement: a table, and BENCHMARKS.md around it.

use std::fmt::Write;

/// One line of the table.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Figure {
    /// What was measured.
    pub(super) what: String,
    /// Ours, with its unit.
    pub(super) ours: String,
    /// The peer's, with its name and unit.
    pub(super) peer: Option<String>,
    /// The peer's divided by ours.
    pub(super) ratio: Option<f64>,
    /// What ours must reach.
    pub(super) must: String,
    /// Whether it does.
    pub(super) met: bool,
}

/// The figures as a Markdown table.
pub(super) fn table(figures: &[Figure]) -> String {
    let mut text = String::from("| What | Ours | Peer | Peer ÷ ours | Must reach | Met |\n|---|---|---|---|---|---|\n");
    for figure in figures {
        let peer = figure.peer.as_deref().unwrap_or("–");
        let ratio = figure.ratio.map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.1}"));
        let met = if figure.met { "yes" } else { "**no**" };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "| {} | {} | {peer} | {ratio} | {} | {met} |", figure.what, figure.ours, figure.must);
    }
    text
}

/// BENCHMARKS.md.
pub(super) fn render(figures: &[Figure], date: &str, machine: &str) -> String {
    format!(
        "# Benchmarks\n\n\
         Written by `cargo xtask bench --write --date {date}` on {machine}. Ours and the peer's were measured in the same run; \
         each figure is a median. CPU time is user and system time of the process and its children, and hardly moves when the \
         machine is busy; wall time does.\n\n{}",
        table(figures)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_reads_like_this() {
        let figures = [
            Figure {
                what: "ready".to_owned(),
                ours: "40 ms".to_owned(),
                peer: Some("MLflow 2.22: 9,000 ms".to_owned()),
                ratio: Some(225.0),
                must: "≤ 200 ms".to_owned(),
                met: true,
            },
            Figure {
                what: "flakes".to_owned(),
                ours: "1 of 20".to_owned(),
                peer: None,
                ratio: None,
                must: "0".to_owned(),
                met: false,
            },
        ];
        let page = render(&figures, "2026-01-02", "2 cores");
        assert!(
            page.starts_with("# Benchmarks\n\nWritten by `cargo xtask bench --write --date 2026-01-02` on 2 cores.")
        );
        assert!(page.contains("| ready | 40 ms | MLflow 2.22: 9,000 ms | 225.0 | ≤ 200 ms | yes |\n"), "{page}");
        assert!(page.ends_with("| flakes | 1 of 20 | – | – | 0 | **no** |\n"), "{page}");
    }
}
