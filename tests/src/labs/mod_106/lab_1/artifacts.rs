//! Artifacts: what goes in comes out byte for byte, whatever its size and name; and it really lies in the bucket that the lab gives,
//! not on some disk that the next machine cannot read.

use crate::{
    check::{Check, Fault, Need},
    context::Context,
    expect,
    tracking::Tracking,
    wire::{Body, sigv4},
};
use http::Method;
use std::time::Duration;

pub(super) const ROUND_TRIP: Check = Check {
    id: "artifacts-come-back-unchanged",
    title: "Artifacts of 0 bytes, 1 byte and 100 MiB come back byte for byte, are listed and deleted",
    follows: &["server-speaks-mlflow"],
    needs: &[],
    limit: Duration::from_secs(240),
    exclusive: false,
    run: |ctx| Box::pin(round_trip(ctx)),
};

pub(super) const ODD_NAMES: Check = Check {
    id: "artifact-names-may-be-odd",
    title: "Artifact names with spaces, accents, plus and percent signs are kept apart",
    follows: &["server-speaks-mlflow"],
    needs: &[],
    limit: Duration::from_secs(60),
    exclusive: false,
    run: |ctx| Box::pin(odd_names(ctx)),
};

pub(super) const IN_BUCKET: Check = Check {
    id: "artifacts-land-in-the-bucket",
    title: "Artifacts lie in the given S3 bucket, whole, and are gone from it once deleted",
    follows: &["server-speaks-mlflow"],
    needs: &[Need::Bucket],
    limit: Duration::from_secs(60),
    exclusive: false,
    run: |ctx| Box::pin(in_bucket(ctx)),
};

async fn round_trip(ctx: Context) -> Result<(), Fault> {
    let admin = Tracking::as_admin(&ctx)?;
    let run = admin.run(&admin.experiment(&ctx.name("experiment")).await?).await?;
    let files = [("empty.bin", 0), ("model/one.bin", 1), ("model/weights.bin", 100 << 20)];
    for (name, length) in files {
        let body = Body::Random { seed: ctx.rng().u64(..), length };
        let stored = admin.upload(&run, name, body.clone()).await?;
        expect::status(&stored, 200)?;
        expect::file(&admin.download(&run, name).await?, length, &body.sha256())?;
    }
    let top = admin.read("artifacts/list", &[("run_id", &run.id)]).await?;
    let paths = expect::texts(&top, "/files", "/path");
    expect::equal("the run's artifacts", &["empty.bin", "model"].map(str::to_owned)[..], &paths[..])?;
    let folder = admin.read("artifacts/list", &[("run_id", &run.id), ("path", "model")]).await?;
    let paths = expect::texts(&folder, "/files", "/path");
    expect::equal("the folder `model`", &["model/one.bin", "model/weights.bin"].map(str::to_owned)[..], &paths[..])?;
    expect::equal("the size of the large file", &(100 << 20), &expect::integer(&folder, "/files/1/file_size")?)?;

    // Written again, a file is what was written last.
    admin.store(&run, "model/one.bin", "second edition").await?;
    admin.holds(&run, "model/one.bin", "second edition").await?;
    let target = crate::tracking::artifact(&run, "model/one.bin");
    expect::status(&admin.send(admin.request(Method::DELETE, target)).await?, 200)?;
    let gone = admin.download(&run, "model/one.bin").await?;
    expect::holds("a deleted artifact", gone.status >= 400, "an error", gone.quoted())
}

async fn odd_names(ctx: Context) -> Result<(), Fault> {
    let admin = Tracking::as_admin(&ctx)?;
    let run = admin.run(&admin.experiment(&ctx.name("experiment")).await?).await?;
    let names = [
        "two words.txt",
        "two+words.txt",
        "100% of it.txt",
        "50%.txt",
        "naïve café/日本語 😀.txt",
        "a=b&c;d,e.txt",
        "it's \"quoted\".txt",
        "question?.txt",
        "[1]{2}(3)~!@$^.txt",
        "...txt",
        ".hidden",
        "deep/er/and/deep/er/still.txt",
    ];
    for name in names {
        admin.store(&run, &sigv4::encoded_path(name), &format!("content of {name}")).await?;
    }
    // Read only when all are there: a name that was decoded once too often has overwritten its neighbour by now.
    for name in names {
        admin.holds(&run, &sigv4::encoded_path(name), &format!("content of {name}")).await?;
    }
    let listed = admin.read("artifacts/list", &[("run_id", &run.id)]).await?;
    let listed = expect::texts(&listed, "/files", "/path");
    // The given bucket lists a plus sign unencoded, and boto3 then reads it as a space: the world's fault, which costs no points.
    for name in names.iter().filter(|name| !name.contains('+')) {
        let top = name.split('/').next().unwrap_or_default();
        expect::holds(
            "the list of artifacts",
            listed.iter().any(|path| path == top),
            &format!("one named {top:?}"),
            &listed,
        )?;
    }
    Ok(())
}

async fn in_bucket(ctx: Context) -> Result<(), Fault> {
    let admin = Tracking::as_admin(&ctx)?;
    let bucket = ctx.bucket()?;
    let run = admin.run(&admin.experiment(&ctx.name("experiment")).await?).await?;
    let name = format!("{}.bin", ctx.name("weights"));
    let body = Body::Random { seed: ctx.rng().u64(..), length: 70_000 };
    expect::status(&admin.upload(&run, &name, body.clone()).await?, 200)?;
    let Some(object) = bucket.find(&name).await? else {
        return Err(Fault::failed("the S3 bucket after an upload", format!("an object named …/{name}"), "none"));
    };
    expect::holds("the object's key", object.key.contains(&run.id), "the run's id in it", &object.key)?;
    expect::file(&bucket.digest(&object.key).await?, body.length(), &body.sha256())?;
    let target = crate::tracking::artifact(&run, &name);
    expect::status(&admin.send(admin.request(Method::DELETE, target)).await?, 200)?;
    let left = bucket.find(&name).await?.map(|object| object.key);
    expect::equal("the object after its deletion", &None, &left)
}
