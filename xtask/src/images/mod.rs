//! `cargo xtask images`: builds the container images of the labs' reference deployments, and with `--process` installs what their
//! process variants, the judges and the tests run: virtual environments of Python packages, and packages of npm's. What is current
//! already is left alone.
//!
//! Rooms: `docker.rs` speaks to Docker; `base.rs` finds or makes the image that the others build on; `context.rs` collects what
//! one image is built from and knows whether it has changed; `environment.rs` installs locked packages of Python and npm.

mod base;
mod context;
mod docker;
mod environment;

use crate::cargo;
use anyhow::{Context as _, Result};
use std::{fs, path::Path, process::ExitCode};

/// The folder of lab 1's reference deployment, which the images are built from.
const SOLUTION: &str = "mod-106/labs/lab-1-tracking-and-registry/solution";

/// The images, and the folders of the solution that each is built from.
const IMAGES: [Image; 3] = [
    Image {
        tag: "mlops-labs/mlflow:2.22",
        dockerfile: "images/mlflow/Dockerfile",
        sources: &["images/mlflow", "tracking"],
    },
    Image { tag: "mlops-labs/postgres:15", dockerfile: "images/postgres/Dockerfile", sources: &["images/postgres"] },
    Image { tag: "mlops-labs/proxy:1", dockerfile: "images/proxy/Dockerfile", sources: &["images/proxy", "proxy"] },
];

/// What is installed under `target/labs/`, one line each: a name, and the lock file that it is made from. A lock file of npm's makes a folder
/// of npm's packages, any other a virtual environment of Python's.
const ENVIRONMENTS: &[Environment] = &[
    Environment {
        name: "mlflow-2.22",
        lock: "mod-106/labs/lab-1-tracking-and-registry/solution/images/mlflow/requirements.txt",
    },
    Environment { name: "mlflow-3", lock: "mod-106/tests/requirements-mlflow-3.txt" },
    Environment { name: "workflows", lock: "mod-106/tests/requirements-workflows.txt" },
    Environment { name: "promotion", lock: "mod-106/labs/lab-2-promotion-pipeline/solution/requirements.txt" },
    Environment { name: "notebooks", lock: "mod-106/tests/requirements-notebooks.txt" },
    Environment { name: "feast", lock: "mod-106/tests/requirements-feast.txt" },
    Environment { name: "scipy", lock: "mod-106/tests/requirements-scipy.txt" },
    Environment { name: "evidently", lock: "mod-106/tests/requirements-evidently.txt" },
    Environment { name: "npm", lock: "mod-106/tests/npm/package-lock.json" },
    Environment { name: "kfp", lock: "mod-106/tests/requirements-kfp.txt" },
    Environment { name: "river", lock: "mod-553/tests/requirements-river.txt" },
    Environment { name: "sketches", lock: "mod-553/tests/requirements-sketches.txt" },
    Environment { name: "signals", lock: "mod-553/tests/requirements-signals.txt" },
    Environment { name: "grafana", lock: "mod-553/tests/requirements-grafana.txt" },
];

/// Peers that `cargo xtask bench` runs, or tests that are ignored where they are not: installed when they are named, for they are large.
const FOR_BENCHES: &[Environment] = &[
    Environment { name: "nannyml", lock: "mod-553/tests/requirements-nannyml.txt" },
    Environment { name: "whylogs", lock: "mod-553/tests/requirements-whylogs.txt" },
];

/// One image of the reference deployment.
struct Image {
    tag: &'static str,
    dockerfile: &'static str,
    sources: &'static [&'static str],
}

/// One folder under `target/labs/`.
struct Environment {
    name: &'static str,
    lock: &'static str,
}

/// Which of them to make.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Install the process variants' programs on this machine, under `target/labs/`, instead of building images.
    #[arg(long)]
    process: bool,
    /// Build on this image instead of Debian's own or a bootstrapped one.
    #[arg(long, value_name = "IMAGE", conflicts_with = "process")]
    base: Option<String>,
    /// Build again what is current already.
    #[arg(long)]
    force: bool,
    /// Install only these, such as `npm`; when none is named, all but those that only `cargo xtask bench` runs.
    #[arg(value_name = "NAME", requires = "process")]
    names: Vec<String>,
}

/// Makes them.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let labs = cargo::root().join("target/labs");
    fs::create_dir_all(&labs).with_context(|| format!("cannot make {}", labs.display()))?;
    // Links name their folders in full, and must not lead through somebody's own way to them.
    let labs = labs.canonicalize().with_context(|| format!("cannot follow {}", labs.display()))?;
    // Two runs at once would build the same thing into the same place: the second waits, then finds everything current.
    let lock = fs::File::create(labs.join(".images.lock")).context("cannot make the lock file")?;
    lock.lock().context("cannot wait for the other `cargo xtask images`")?;
    if arguments.process {
        for environment in named(&arguments.names)? {
            environment::install(&labs, environment.name, &cargo::root().join(environment.lock), arguments.force)?;
        }
    } else {
        build_images(&labs, arguments)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The environments that are meant.
fn named(names: &[String]) -> Result<Vec<&'static Environment>> {
    if names.is_empty() {
        return Ok(ENVIRONMENTS.iter().collect());
    }
    let all = || ENVIRONMENTS.iter().chain(FOR_BENCHES);
    let find = |name: &String| {
        all().find(|environment| environment.name == *name).with_context(|| {
            let known: Vec<&str> = all().map(|environment| environment.name).collect();
            format!("there is no environment `{name}`; there are: {}", known.join(", "))
        })
    };
    names.iter().map(find).collect()
}

fn build_images(labs: &Path, arguments: &Arguments) -> Result<()> {
    docker::require()?;
    let base = base::find_or_make(labs, arguments.base.as_deref())?;
    let base_id = docker::image_id(&base).with_context(|| format!("the base image {base} is not here"))?;
    for image in &IMAGES {
        let context = context::collect(labs, &cargo::root().join(SOLUTION), image, &base_id)?;
        if !arguments.force && docker::fingerprint(image.tag).as_deref() == Some(context.fingerprint.as_str()) {
            println!("{}: current", image.tag);
            continue;
        }
        println!("{}: building on {base}", image.tag);
        let seconds = docker::build(labs, image, &base, &context)?;
        println!("{}: built in {seconds} s", image.tag);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{ENVIRONMENTS, FOR_BENCHES, named};
    use std::{collections::BTreeSet, path::Path};

    #[test]
    fn every_environment_has_a_name_of_its_own_and_a_lock_file() {
        let all = || ENVIRONMENTS.iter().chain(FOR_BENCHES);
        let names: BTreeSet<&str> = all().map(|environment| environment.name).collect();
        assert_eq!(names.len(), all().count());
        for environment in all() {
            assert!(
                Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(environment.lock).is_file(),
                "{}",
                environment.name
            );
        }
    }

    #[test]
    fn those_that_are_named_are_meant_and_a_name_that_nothing_has_is_an_error() {
        let meant = |names: &[&str]| named(&names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>());
        assert_eq!(meant(&[]).unwrap().len(), ENVIRONMENTS.len());
        assert_eq!(meant(&["npm"]).unwrap()[0].name, "npm");
        assert!(meant(&["nmp"]).err().unwrap().to_string().contains("there is no environment `nmp`; there are: "));
    }
}
