//! Reads how many tests ran from the closing lines that `cargo test`'s binaries print. libtest and libtest-mimic print the
//! same line; there is no stable machine-readable form.

use super::summary::Count;

/// What one line of output adds: nothing, unless it is a closing line.
pub(crate) fn read(line: &str) -> Count {
    let Some((_, figures)) = line.split_once("test result: ") else { return Count::default() };
    let figure = |what: &str| {
        let words: Vec<&str> = figures.split([' ', ';']).filter(|word| !word.is_empty()).collect();
        words.windows(2).find(|pair| pair[1] == what).and_then(|pair| pair[0].parse().ok()).unwrap_or(0)
    };
    Count { passed: figure("passed"), failed: figure("failed"), skipped: figure("ignored") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: (usize, usize, usize)) {
        let count = read(line);
        assert_eq!((count.passed, count.failed, count.skipped), expected, "{line}");
    }

    #[test]
    fn closing_lines_are_counted_and_nothing_else_is() {
        check(
            "test result: ok. 12 passed; 0 failed; 3 ignored; 0 measured; 1 filtered out; finished in 0.01s",
            (12, 0, 3),
        );
        check("test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out", (1, 2, 0));
        check("test one ... ok", (0, 0, 0));
        check("7 passed; 1 failed", (0, 0, 0));
    }
}
