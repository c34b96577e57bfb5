//! The bucket in a container: the same binary, mounted read-only into a Debian image, its ports published where both the host and
//! every other container reach them, which is the default bridge's gateway.

use super::service::{Addresses, Settings};
use crate::{private::PrivateFolder, world::docker};
use std::{fs, os::unix::fs::PermissionsExt, path::Path};
use testcontainers::{
    ContainerAsync, GenericImage, ImageExt,
    core::{IntoContainerPort, Mount, WaitFor},
    runners::AsyncRunner,
};

/// Built by `cargo xtask images`.
const IMAGE: (&str, &str) = ("mlops-labs/debian", "bookworm");

/// Ports inside the container, where nobody else listens.
const S3_PORT: u16 = 9000;
const IAM_PORT: u16 = 9001;

/// A running container. Its settings lie in the world's private folder, whose project it is labelled with.
#[derive(Debug)]
pub(super) struct Contained {
    _container: ContainerAsync<GenericImage>,
}

impl Contained {
    pub(super) async fn start(
        lab_runner: &Path,
        settings: Settings,
        files: &PrivateFolder,
    ) -> Result<(Self, Addresses), String> {
        let gateway = docker::gateway().await?;
        let file = files.path().join("settings.json");
        write_settings(&file, settings).map_err(|error| error.to_string())?;
        // The container's standard input is closed, so a tail keeps the pipe open for as long as the container lives.
        let script = "{ cat /settings.json; echo; exec tail -f /dev/null; } | /lab-runner world s3";
        let image = GenericImage::new(IMAGE.0, IMAGE.1)
            .with_exposed_port(S3_PORT.tcp())
            .with_exposed_port(IAM_PORT.tcp())
            .with_wait_for(WaitFor::message_on_stdout("\"iam\""))
            .with_mount(Mount::bind_mount(lab_runner.display().to_string(), "/lab-runner"))
            .with_mount(Mount::bind_mount(file.display().to_string(), "/settings.json"))
            .with_label(docker::PROJECT_LABEL, files.project())
            .with_cmd(["sh", "-c", script]);
        let container = image.start().await.map_err(|error| format!("the S3 container: {error}"))?;
        let port = async |inside: u16| {
            let published = container.get_host_port_ipv4(inside.tcp()).await;
            published.map(|port| format!("http://{gateway}:{port}")).map_err(|error| error.to_string())
        };
        let addresses = Addresses { s3: port(S3_PORT).await?, iam: port(IAM_PORT).await? };
        Ok((Self { _container: container }, addresses))
    }
}

fn write_settings(file: &Path, settings: Settings) -> std::io::Result<()> {
    let inside = Settings {
        host: [0, 0, 0, 0].into(),
        s3_port: S3_PORT,
        iam_port: IAM_PORT,
        folder: "/tmp/s3".into(),
        ..settings
    };
    fs::write(file, serde_json::to_string(&inside)?)?;
    // Only this user and the container's root read it.
    fs::set_permissions(file, fs::Permissions::from_mode(0o600))
}
