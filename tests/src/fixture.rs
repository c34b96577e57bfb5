//! Two labs for the harness's own tests, found only with `--fixtures`: `fixture/words`, answered on the command line, and
//! `fixture/web`, answered over HTTP. They ask as little as a lab can, so that what is measured and tested is the harness.

use crate::{
    check::{Check, CheckFuture, Fault, Need},
    context::Context,
    labs::Lab,
    submission::ManifestError,
    wire::Request,
};
use http::Method;
use std::{path::Path, time::Duration};

const WORDS: &[Check] = &[
    Check {
        id: "adds-two-numbers",
        title: "The command `add` prints the sum",
        follows: &[],
        needs: &[Need::Command("add")],
        limit: Duration::from_secs(5),
        exclusive: false,
        run: adds_two_numbers,
    },
    Check {
        id: "repeats-the-seed",
        title: "The command `seed` prints what it was handed",
        follows: &["adds-two-numbers"],
        needs: &[Need::Command("seed")],
        limit: Duration::from_secs(5),
        exclusive: false,
        run: repeats_the_seed,
    },
];

const WEB: &[Check] = &[
    Check {
        id: "says-hello",
        title: "GET /hello answers 200",
        follows: &[],
        needs: &[],
        limit: Duration::from_secs(3),
        exclusive: false,
        run: says_hello,
    },
    Check {
        id: "says-goodbye",
        title: "GET /goodbye answers 200",
        follows: &[],
        needs: &[],
        limit: Duration::from_secs(3),
        exclusive: false,
        run: says_goodbye,
    },
    Check {
        id: "greets-after-hello",
        title: "GET /greeting answers 200, once /hello does",
        follows: &["says-hello"],
        needs: &[],
        limit: Duration::from_secs(3),
        exclusive: false,
        run: greets_after_hello,
    },
];

/// The fixture labs.
///
/// # Errors
/// A malformed `lab.toml`.
pub fn labs(repository: &Path) -> Result<Vec<Lab>, Box<ManifestError>> {
    let lab = |name: &str, checks: &'static [Check]| Lab::read(repository.join("tests/fixtures").join(name), checks);
    Ok(vec![lab("words", WORDS)?, lab("web", WEB)?])
}

fn adds_two_numbers(context: Context) -> CheckFuture {
    Box::pin(async move {
        let output = context.command("add").await?;
        context.observe("sum", output.stdout.trim());
        prints(&output.stdout, "3")
    })
}

fn repeats_the_seed(context: Context) -> CheckFuture {
    Box::pin(async move {
        let output = context.command("seed").await?;
        prints(&output.stdout, &context.seed().to_string())
    })
}

fn prints(stdout: &str, expected: &str) -> Result<(), Fault> {
    if stdout.trim() == expected { Ok(()) } else { Err(Fault::failed("standard output", expected, stdout.trim())) }
}

fn says_hello(context: Context) -> CheckFuture {
    Box::pin(answers(context, "/hello"))
}

fn says_goodbye(context: Context) -> CheckFuture {
    Box::pin(answers(context, "/goodbye"))
}

fn greets_after_hello(context: Context) -> CheckFuture {
    Box::pin(answers(context, "/greeting"))
}

async fn answers(context: Context, path: &str) -> Result<(), Fault> {
    let answer = context.wire().send(Request::new(Method::GET, context.endpoint("tracking")?, path)).await?;
    if answer.status == 200 { Ok(()) } else { Err(Fault::failed(path, "200", answer.status.to_string())) }
}
