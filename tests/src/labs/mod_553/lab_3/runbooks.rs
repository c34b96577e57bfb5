//! Runbooks: what is written is what is run, in its order, and no further than it does what it should.

use super::desk::Desk;
use crate::{
    check::{Check, Fault, Need},
    context::Context,
    expect,
};
use std::{path::Path, time::Duration};

pub(super) const ORDER: Check = Check {
    id: "a-runbook-runs-in-its-order",
    title: "A runbook's steps are run in their order, with their variables, and what is no step is not run",
    follows: &[],
    needs: &[Need::Command("runbook")],
    limit: Duration::from_secs(60),
    exclusive: false,
    run: |ctx| Box::pin(order(ctx)),
};

pub(super) const SURPRISE: Check = Check {
    id: "a-surprise-ends-a-runbook",
    title: "A step that ends otherwise than expected, prints something else or takes too long ends the run",
    follows: &["a-runbook-runs-in-its-order"],
    run: |ctx| Box::pin(surprise(ctx)),
    ..ORDER
};

pub(super) const SHOWN: Check = Check {
    id: "a-runbook-is-shown-before-it-is-run",
    title: "Without --execute the steps are told, and nothing is done",
    run: |ctx| Box::pin(shown(ctx)),
    ..SURPRISE
};

/// Which steps there are, and how each ended.
fn states(answer: &serde_json::Value) -> Vec<(String, String)> {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    expect::list(answer, "/steps").iter().map(|step| (text(&step["name"]), text(&step["state"]))).collect()
}

async fn order(ctx: Context) -> Result<(), Fault> {
    let mut rng = ctx.rng();
    let names: Vec<String> = (0..rng.usize(3..6)).map(|number| format!("s{}-{}", rng.u16(..), 9 - number)).collect();
    let desk = Desk::new(&ctx)?;
    let mut text =
        "# Something is slow\n\nFor `SomethingSlow`.\n\n```toml variables\nNAME = \"unknown\"\nLOG = \"\"\n```\n"
            .to_owned();
    for name in &names {
        text += &format!("\nFirst this is written down.\n\n```sh step={name} expect=\"^{name} of .+\"\n");
        text += &format!("echo \"{name} of $NAME\" >> \"$LOG\"\necho \"{name} of $NAME\"\n```\n");
        text += "\nThis is an example, and no step:\n\n```sh\necho example >> \"$LOG\"\n```\n";
        text += "\n```json\n{ \"not\": \"a command\" }\n```\n";
    }
    desk.lay("runbook.md", text)?;
    let (runbook, log, value) =
        (desk.path("runbook.md"), desk.path("log.txt"), format!("it's $(touch x) {}", rng.u32(..)));
    let (name, log) = (format!("NAME={value}"), format!("LOG={log}"));
    let output = ctx.run("runbook", &[&runbook, "--execute", "--set", &name, "--set", &log]).await?;
    expect::exit(&output, "runbook runbook.md --execute", 0)?;
    let expected: Vec<_> = names.iter().map(|name| (name.clone(), "done".to_owned())).collect();
    expect::equal("the steps and their states", &expected, &states(&expect::printed_json(&output)?))?;
    let expected: String = names.iter().map(|name| format!("{name} of {value}\n")).collect();
    expect::equal("what the steps wrote down", &expected, &desk.read("log.txt")?)?;
    // A variable that nobody fills is refused before anything is done.
    let refused = ctx.run("runbook", &[&runbook, "--execute", "--set", &name]).await?;
    expect::exit(&refused, "runbook without the variable LOG", 2)
}

async fn surprise(ctx: Context) -> Result<(), Fault> {
    for (number, (attributes, command)) in
        [("", "exit 3"), ("exit=2", "true"), ("expect=\"all is well\"", "echo all is lost"), ("limit=1", "sleep 20")]
            .into_iter()
            .enumerate()
    {
        let desk = Desk::new(&ctx)?;
        let (before, after) = (desk.path("before"), desk.path("after"));
        let text = format!(
            "# A surprise\n\n```sh step=first exit=0,{number}\ntouch {before}\nexit {number}\n```\n\n\
             ```sh step=second {attributes}\n{command}\n```\n\n```sh step=third\ntouch {after}\n```\n"
        );
        let desk = desk.file("runbook.md", text)?;
        let output = ctx.run("runbook", &[&desk.path("runbook.md"), "--execute"]).await?;
        expect::exit(&output, &format!("runbook whose second step is `{command}` ({attributes})"), 1)?;
        let expected = [("first", "done"), ("second", "deviated"), ("third", "not run")];
        let expected = expected.map(|(name, state)| (name.to_owned(), state.to_owned())).to_vec();
        expect::equal("the steps and their states", &expected, &states(&expect::printed_json(&output)?))?;
        let done = (Path::new(&before).exists(), Path::new(&after).exists());
        expect::equal("whether the first and the third step were run", &(true, false), &done)?;
    }
    Ok(())
}

async fn shown(ctx: Context) -> Result<(), Fault> {
    let desk = Desk::new(&ctx)?;
    let done = desk.path("done");
    let desk = desk.file("runbook.md", format!("# Harmful\n\n```sh step=only\ntouch {done}\n```\n"))?;
    let output = ctx.run("runbook", &[&desk.path("runbook.md")]).await?;
    expect::exit(&output, "runbook runbook.md", 0)?;
    let answer = expect::printed_json(&output)?;
    expect::equal("the steps and their states", &vec![("only".to_owned(), "not run".to_owned())], &states(&answer))?;
    expect::holds("what the step would have written", !Path::new(&done).exists(), "nothing", "a file")
}
