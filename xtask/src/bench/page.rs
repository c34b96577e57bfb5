//! What a person reads of a measurement: a table, and BENCHMARKS.md around it.

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

const HEAD: &str = "| What | Ours | Peer | Peer ÷ ours | Must reach | Met |";

/// The figures as a Markdown table.
pub(super) fn table(figures: &[Figure]) -> String {
    let rows: String = figures.iter().map(|figure| format!("{}\n", row(figure))).collect();
    format!("{HEAD}\n|---|---|---|---|---|---|\n{rows}")
}

fn row(figure: &Figure) -> String {
    let peer = figure.peer.as_deref().unwrap_or("–");
    let ratio = figure.ratio.map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.1}"));
    let met = if figure.met { "yes" } else { "**no**" };
    format!("| {} | {} | {peer} | {ratio} | {} | {met} |", figure.what, figure.ours, figure.must)
}

/// BENCHMARKS.md: what it held before, with these figures in the place of earlier ones of the same name, or at its end.
pub(super) fn render(before: &str, figures: &[Figure], date: &str, machine: &str) -> String {
    let mut rows: Vec<String> =
        before.lines().filter(|line| line.starts_with("| ") && !line.starts_with(HEAD)).map(str::to_owned).collect();
    for figure in figures {
        let new = format!("{} {date}, {machine} |", row(figure));
        let name = format!("| {} |", figure.what);
        match rows.iter_mut().find(|row| row.starts_with(&name)) {
            Some(row) => *row = new,
            None => rows.push(new),
        }
    }
    format!(
        "# Benchmarks\n\n\
         Written by `cargo xtask bench --write --date YYYY-MM-DD`. Ours and the peer's were measured in the same run; each figure is a \
         median of repeated runs, where it does not say *one run*. CPU time is user and system time of the process and its children, and hardly moves when the machine is busy; wall \
         time does.\n\n{HEAD} Measured |\n|---|---|---|---|---|---|---|\n{}\n",
        rows.join("\n")
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
        let before = "# Benchmarks\n\n| What | Ours | Peer | Peer ÷ ours | Must reach | Met | Measured |\n|---|\n| idle | 1 | – | – | 2 | yes | then |\n| flakes | 9 of 20 | then |\n";
        let page = render(before, &figures, "2026-01-02", "2 cores");
        assert!(page.starts_with("# Benchmarks\n\nWritten by `cargo xtask bench --write"), "{page}");
        let rows = "| idle | 1 | – | – | 2 | yes | then |\n\
                    | flakes | 1 of 20 | – | – | 0 | **no** | 2026-01-02, 2 cores |\n\
                    | ready | 40 ms | MLflow 2.22: 9,000 ms | 225.0 | ≤ 200 ms | yes | 2026-01-02, 2 cores |\n";
        assert!(page.ends_with(rows), "{page}");
    }
}
