//! Models, versions, aliases, stages: written by one client, read by both.

use super::story::{read_model, same, without, write_model, write_run};
use super::target::{Side, block_on};
use futures::TryStreamExt;
use libtest_mimic::Failed;
use mod_106::client::{Client, Error, ModelName, NewVersion, RegistrySearch, VersionNumber};
use serde_json::json;

pub(crate) fn models_are_read_alike(side: &Side) -> Result<(), Failed> {
    block_on(async {
        let client = side.client();
        let run = write_run(&client, &side.name("models")).await?.run;
        let (ours, theirs) = (ModelName::parse(side.name("ours ü"))?, ModelName::parse(side.name("theirs ü"))?);
        write_model(&client, &ours, &run).await?;
        side.peer.ask("write_model", json!({ "name": theirs, "run": run }))?;
        let mut seen = Vec::new();
        for (writer, name) in [("Rust", &ours), ("Python", &theirs)] {
            let rust = read_model(&client, name).await?;
            same(
                &format!("written by {writer}; Rust reads, Python reads"),
                &rust,
                &side.peer.ask("read_model", json!({ "name": name }))?,
            )?;
            // The Python client resolves `runs:/…` before it sends it, so the sources differ by design.
            seen.push(without(rust, &["/created", "/updated", "/versions/0/2", "/versions/1/2"]));
        }
        same("written by Rust, written by Python", &seen[0], &seen[1])?;
        let uri = client.version_download_uri(&ours, VersionNumber(1)).await?;
        assert!(uri.contains(run.as_str()), "{uri}");
        Ok(())
    })
}

/// A version that 3.x takes too: it refuses a source that does not belong to the run named beside it.
async fn new_version(side: &Side, client: &Client) -> Result<NewVersion, Error> {
    let run = write_run(client, &side.name("versions")).await?.run;
    Ok(NewVersion { source: format!("runs:/{run}/model"), run_id: Some(run), ..NewVersion::default() })
}

pub(crate) fn registry_searches_page(side: &Side) -> Result<(), Failed> {
    block_on(async {
        let client = side.client();
        let (prefix, new) = (side.name("page"), new_version(side, &client).await?);
        for n in 0..5 {
            let name = ModelName::parse(format!("{prefix}-{n}"))?;
            client.create_model(&name, "", &[]).await?;
            client.create_version(&name, &new).await?;
        }
        let search = RegistrySearch {
            filter: format!("name LIKE '{prefix}%'"),
            order_by: vec!["name DESC".to_owned()],
            page_size: 2,
        };
        let names: Vec<_> =
            client.search_models(search.clone()).map_ok(|model| model.name.to_string()).try_collect().await?;
        let expected: Vec<_> = (0..5).rev().map(|n| format!("{prefix}-{n}")).collect();
        assert_eq!(names, expected);
        assert_eq!(client.search_versions(search).try_collect::<Vec<_>>().await?.len(), 5);
        Ok(())
    })
}

pub(crate) fn models_are_renamed_and_deleted(side: &Side) -> Result<(), Failed> {
    block_on(async {
        let client = side.client();
        let (name, renamed) = (ModelName::parse(side.name("before"))?, ModelName::parse(side.name("after"))?);
        client.create_model(&name, "", &[]).await?;
        let version = client.create_version(&name, &new_version(side, &client).await?).await?.version;
        assert_eq!(version, VersionNumber(1));
        client.rename_model(&name, &renamed).await?;
        assert!(client.model(&name).await.expect_err("renamed").is_not_found());
        assert_eq!(client.update_model(&renamed, "text").await?.description, "text");
        client.set_alias(&renamed, "champion", version).await?;
        client.delete_alias(&renamed, "champion").await?;
        // A repeat is safe: the table says so.
        client.delete_alias(&renamed, "champion").await?;
        client.delete_version(&renamed, version).await?;
        assert!(client.version(&renamed, version).await.expect_err("deleted").is_not_found());
        client.delete_model(&renamed).await?;
        assert!(client.model(&renamed).await.expect_err("deleted").is_not_found());
        Ok(())
    })
}
