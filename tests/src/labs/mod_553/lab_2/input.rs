//! Input that makes no sense is refused with the place where it does not, and is no verdict.

use super::monitor::{HEAD, Monitor, USUAL};
use crate::{
    check::{Check, Fault, Need},
    context::Context,
    expect,
};
use std::time::Duration;

pub(super) const MALFORMED: Check = Check {
    id: "malformed-input-is-refused-with-its-place",
    title: "Ragged rows, bytes that are no text, broken JSON, cut-off Parquet and misspelt keys are refused with their place",
    follows: &[],
    needs: &[Need::Command("check")],
    limit: Duration::from_secs(120),
    exclusive: false,
    run: |ctx| Box::pin(malformed(ctx)),
};

async fn malformed(ctx: Context) -> Result<(), Fault> {
    let row = ctx.rng().usize(20..60);
    let csv = |broken: &[u8]| {
        let mut text = b"a,b\n".to_vec();
        for index in 0..80 {
            text.extend(if index == row { broken.to_vec() } else { format!("{index}.5,x{index}").into_bytes() });
            text.push(b'\n');
        }
        text
    };
    let lines: Vec<_> = (0..80).map(|index| if index == row { "{\"a\": " } else { "{\"a\": 1.5}" }).collect();
    let parquet = super::shifts::usual(&ctx, 200).parquet()?;
    let cut = parquet[..parquet.len() / 2].to_vec();
    let usual = format!("{HEAD}{USUAL}");
    let of = |name: &str| usual.replace("current: current.csv", &format!("current: {name}"));
    let misspelt = usual.replace("effect: 0.1", "efect: 0.1");
    let at = misspelt.lines().position(|line| line.contains("efect")).unwrap_or(0) + 1;
    let senseless = usual.replace("significance: 0.05", "significance: 5");
    let good = || csv(b"7.5,x");
    for (name, data, spec, says, line) in [
        ("current.csv", csv(b"7,x,surplus"), usual.clone(), "current.csv", Some(row + 2)),
        ("current.csv", csv(b"7,\xff\xfe"), usual.clone(), "current.csv", None),
        ("current.csv", Vec::new(), usual.clone(), "current.csv", None),
        ("current.jsonl", lines.join("\n").into_bytes(), of("current.jsonl"), "current.jsonl", Some(row + 1)),
        ("current.parquet", cut, of("current.parquet"), "current.parquet", None),
        ("current.csv", good(), misspelt, "spec.yaml", Some(at)),
        ("current.csv", good(), senseless, "significance", None),
        ("current.csv", good(), of("absent.csv"), "absent.csv", None),
    ] {
        let monitor = Monitor::new(&ctx)?.file("reference.csv", good())?.file(name, data)?.file("spec.yaml", spec)?;
        let output = monitor.run(&ctx, "check", &["@spec.yaml"]).await?;
        expect::exit(&output, &format!("check spec.yaml, with something wrong in {says}"), 2)?;
        let named = output.stderr.contains(says) && line.is_none_or(|line| mentions(&output.stderr, line));
        let place = line.map_or_else(|| says.to_owned(), |line| format!("{says} and line {line}"));
        expect::holds("what standard error says", named, &place, &output.stderr)?;
        expect::holds("standard output after a refusal", output.stdout.trim().is_empty(), "nothing", &output.stdout)?;
    }
    Ok(())
}

/// Whether a text names a number by itself, not as a part of another.
fn mentions(text: &str, number: usize) -> bool {
    text.split(|letter: char| !letter.is_ascii_digit()).any(|digits| digits == number.to_string())
}
