//! The notebooks: they run from top to bottom, without a browser, against the given tracking server, and a result that is not the
//! committed one is noticed.

use crate::{
    check::{Check, Fault, Need},
    context::{Call, Context},
    expect,
};
use serde_json::Value;
use std::{fs, path::Path, time::Duration};

pub(super) const NOTEBOOKS: Check = Check {
    id: "notebooks-say-what-they-said",
    title: "A notebook runs headless and says what was committed; one with another result is found out",
    follows: &["clean-data-pass"],
    needs: &[Need::Command("notebook"), Need::File("notebooks")],
    limit: Duration::from_secs(420),
    exclusive: false,
    run: |ctx| Box::pin(notebooks(ctx)),
};

async fn notebooks(ctx: Context) -> Result<(), Fault> {
    // Its absence is the machine's, not the submission's.
    ctx.tool("python:notebooks")?;
    let folder = ctx.file("notebooks")?;
    let names = fs::read_dir(&folder).map_err(|error| Fault::Harness(error.to_string()))?;
    let paths = names.filter_map(Result::ok).map(|entry| entry.path());
    let mut paths: Vec<_> = paths.filter(|path| path.extension().is_some_and(|ending| ending == "ipynb")).collect();
    paths.sort();
    expect::holds("the notebooks under [files]", paths.len() >= 2, "two or more", &paths)?;
    let last = paths.last().ok_or_else(|| Fault::Harness("no notebook".to_owned()))?;
    expect::equal(&format!("the exit code of notebook {}", last.display()), &0, &run(&ctx, last).await?)?;
    let twin = ctx.scratch()?.join("twin.ipynb");
    fs::write(&twin, changed(last)?).map_err(|error| Fault::Harness(error.to_string()))?;
    expect::equal("the exit code of a notebook whose committed result is another", &1, &run(&ctx, &twin).await?)
}

async fn run(ctx: &Context, path: &Path) -> Result<i32, Fault> {
    let path = path.display().to_string();
    let arguments = [path.as_str()];
    let call = Call { limit: Duration::from_secs(200), ..Call::of("notebook", &arguments) };
    Ok(ctx.call(call).await?.status)
}

/// The notebook with another text as the first thing that it printed.
fn changed(path: &Path) -> Result<String, Fault> {
    let text = fs::read_to_string(path).map_err(|error| Fault::Harness(error.to_string()))?;
    let wrong = |reason: &str| Fault::failed(format!("the notebook {}", path.display()), "committed outputs", reason);
    let mut notebook: Value = serde_json::from_str(&text).map_err(|error| wrong(&error.to_string()))?;
    let cells = notebook["cells"].as_array_mut().ok_or_else(|| wrong("no cells"))?;
    let mut outputs = cells.iter_mut().filter_map(|cell| cell["outputs"].as_array_mut()).flatten();
    let printed = outputs.find(|output| output["text"].is_array() || output["text"].is_string());
    printed.ok_or_else(|| wrong("nothing was printed"))?["text"] = "another result\n".into();
    Ok(notebook.to_string())
}
