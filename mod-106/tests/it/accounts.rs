//! Users, permissions, and what wrong credentials look like.

use super::story::same;
use super::target::{Side, block_on};
use libtest_mimic::Failed;
use mod_106::client::{Credentials, ErrorCode, ModelName, Permission, Resource};
use secrecy::SecretString;
use serde_json::json;

pub(crate) fn users_and_permissions_are_seen_alike(side: &Side) -> Result<(), Failed> {
    block_on(async {
        let client = side.client();
        let experiment = client.create_experiment(&side.name("permissions"), None, &[]).await?;
        let on = Resource::Experiment(&experiment);
        let (ours, password) = (side.name("ours"), SecretString::from("long enough 1"));
        let user = client.create_user(&ours, &password).await?;
        assert_eq!((user.username.as_str(), user.is_admin), (ours.as_str(), false));
        let granted = client.create_permission(on, &ours, Permission::Read).await;
        if side.major == '3' {
            // 3.x gave per-resource permissions up for roles.
            assert_eq!(granted.expect_err("3.x has roles").code(), Some(&ErrorCode::EndpointNotFound));
            client.delete_user(&ours).await?;
            return Ok(());
        }
        granted?;
        let theirs = side.name("theirs");
        side.peer.ask(
            "create_user",
            json!({ "username": theirs, "password": "long enough 2", "experiment": experiment, "permission": "READ" }),
        )?;
        for username in [&ours, &theirs] {
            let user = client.user(username).await?;
            let rust = json!([user.username, user.is_admin, client.permission(on, username).await?]);
            same(
                "Rust sees, Python sees",
                &rust,
                &side.peer.ask("read_user", json!({ "username": username, "experiment": experiment }))?,
            )?;
        }
        let reader = side.client_as(Credentials::basic(&ours, "long enough 1"));
        reader.experiment(&experiment).await?;
        let refused = reader.rename_experiment(&experiment, "x").await.expect_err("a reader cannot write");
        assert_eq!(refused.code(), Some(&ErrorCode::PermissionDenied));
        client.update_permission(on, &ours, Permission::Edit).await?;
        reader.rename_experiment(&experiment, &side.name("renamed")).await?;
        client.delete_permission(on, &ours).await?;
        assert!(client.permission(on, &ours).await.expect_err("taken back").is_not_found());

        let model = ModelName::parse(side.name("model"))?;
        client.create_model(&model, "", &[]).await?;
        client.create_permission(Resource::Model(&model), &ours, Permission::Manage).await?;
        assert_eq!(client.permission(Resource::Model(&model), &ours).await?, Permission::Manage);

        client.update_password(&ours, &SecretString::from("another one 3")).await?;
        assert!(reader.experiment(&experiment).await.is_err(), "the old password is of no use");
        client.update_admin(&ours, true).await?;
        assert!(client.user(&ours).await?.is_admin);
        // MLflow 2.22 cannot delete a user who still holds a permission: its database refuses.
        client.delete_permission(Resource::Model(&model), &ours).await?;
        client.delete_user(&ours).await?;
        assert!(client.user(&ours).await.expect_err("deleted").is_not_found());
        Ok(())
    })
}

pub(crate) fn wrong_credentials_are_told_apart(side: &Side) -> Result<(), Failed> {
    block_on(async {
        for credentials in [
            Credentials::Anonymous,
            Credentials::basic("admin", "hunter2hunter2"),
            Credentials::bearer("hunter2hunter2"),
        ] {
            let client = side.client_as(credentials);
            let error = client.create_experiment("x", None, &[]).await.expect_err("wrong credentials");
            assert_eq!(error.code(), Some(&ErrorCode::Unauthenticated), "{error}");
            let shown = format!("{error} {error:?} {client:?}");
            assert!(!shown.contains("hunter2"), "{shown}");
        }
        Ok(())
    })
}
