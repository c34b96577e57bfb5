//! A submission: read its manifest, start it, wait until it is ready, ask it things, stop it and all that it started.
//!
//! - `manifest.rs` what `submission.toml` may say; `read.rs` reads TOML and points at the line that is wrong
//! - `expand.rs` `${LAB_…}`; `requires.rs` what must be on this machine; `folder.rs` the private copy
//! - `fence.rs` what stands around its commands: a process group, or `sandbox.rs`, a container without a way out
//! - `launch.rs` one supervised command; `supervise.rs` the supervisor itself; `output.rs` what it writes, bounded
//! - `call.rs` one named command, called with arguments; `needs.rs` what a check needs and whether it is there
//! - `ready.rs` polls with a deadline; `deployment.rs` is the submission while it runs, as `context.rs` sees it
//! - `inspect.rs` its processes, logs, secrets and images

mod call;
mod deployment;
mod expand;
mod fence;
mod folder;
mod inspect;
pub mod launch;
mod manifest;
mod needs;
mod output;
mod parts;
mod place;
mod read;
mod ready;
mod requires;
mod sandbox;
mod start;
pub mod supervise;

pub use call::Call;
pub use deployment::Deployment;
pub use expand::{Expansion, UnknownVariable};
pub use fence::Fence;
pub use manifest::{AccountSource, Manifest};
pub use needs::Unmet;
pub use parts::{Account, CommandOutput, LogText, Process, Secret};
pub use place::Place;
pub(crate) use place::free_port;
pub use read::{ManifestError, read_toml};
pub(crate) use ready::{Unready, wait as until_ready};
pub(crate) use requires::program;
pub use start::{StartError, StartPlan, attach, not_at_hand, start};
