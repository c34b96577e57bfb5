//! Which fence stands around a submission's commands: a container of the image that its manifest names, where Docker has one, else
//! a supervised process group. The decision is made before anything is started, and the report gives it with its reason.
//! Next on the data's way: `sandbox.rs`, the container.

use super::{Manifest, launch::Tools, sandbox::Sandbox};
use crate::{backend::Backend, check::Fault, world::docker};
use std::net::IpAddr;

/// What stands between a submission and the machine.
#[derive(Debug)]
pub enum Fence {
    /// A process group of its own, because there is no container to be had.
    Group {
        /// Why not, in words for the report.
        because: String,
    },
    /// Containers without a way out.
    Container(Sandbox),
}

impl Fence {
    /// Decides, and makes the container's surroundings where there is to be one; `given` says whether a world's services must be
    /// reached from it.
    ///
    /// # Errors
    /// Docker is at hand and refuses: the environment's fault.
    pub async fn raise(manifest: &Manifest, given: bool, tools: &Tools) -> Result<Self, Fault> {
        match image(manifest).await {
            Ok(image) => {
                let sandbox = Sandbox::open(image, manifest.start.is_some(), given, tools).await;
                sandbox.map(Self::Container).map_err(Fault::Environment)
            }
            Err(because) => Ok(Self::Group { because }),
        }
    }

    /// The address of this machine that the submission can reach, where that is not the loopback.
    #[must_use]
    pub fn gateway(&self) -> Option<IpAddr> {
        self.sandbox().and_then(Sandbox::gateway)
    }

    /// The fence in words for the report.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::Group { because } => format!(
                "a supervised process group with resource limits, a scrubbed environment and private folders; {because}"
            ),
            Self::Container(sandbox) => sandbox.sentence(),
        }
    }

    /// Removes what was made.
    pub async fn close(&self) {
        if let Some(sandbox) = self.sandbox() {
            sandbox.close().await;
        }
    }

    pub(super) fn sandbox(&self) -> Option<&Sandbox> {
        match self {
            Self::Group { .. } => None,
            Self::Container(sandbox) => Some(sandbox),
        }
    }
}

/// The image to run in, or why there is to be no container.
async fn image(manifest: &Manifest) -> Result<&str, String> {
    let image = manifest.sandbox.image.as_deref();
    let image = image.ok_or("submission.toml names no image under `[sandbox]` to be run in")?;
    if manifest.backend == Backend::Containers || manifest.requires.docker {
        return Err(format!("the image {image} was not used, because the submission starts containers itself"));
    }
    docker::at_hand().await.map_err(|reason| format!("the image {image} was not used: {reason}"))?;
    if docker::has_image(image).await {
        Ok(image)
    } else {
        Err(format!("the image {image} was not used, because it is not on this machine"))
    }
}
