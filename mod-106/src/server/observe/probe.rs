//! What is measured at each scrape: it changes without any request.

use super::figures::Figures;
use crate::server::store::Store;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// Where to look.
#[derive(Debug, Clone)]
pub struct Probe {
    /// The database.
    pub store: Store,
    /// Folders by volume's name; what is not on a disk of this machine has none.
    pub volumes: Vec<(&'static str, PathBuf)>,
    /// Where backups are put: each in a folder of its own, or one right here.
    pub backups: Option<PathBuf>,
}

impl Probe {
    /// Looks. What cannot be measured is left out, and the log says so: a scrape has to come through all the same.
    pub fn look(&self, figures: &Figures) {
        for (pool, size, idle) in self.store.connections() {
            let used = i64::from(size) - i64::try_from(idle).unwrap_or(i64::MAX);
            figures
                .database_connections
                .with_label_values(&[pool, "idle"])
                .set(i64::try_from(idle).unwrap_or(i64::MAX));
            figures.database_connections.with_label_values(&[pool, "used"]).set(used.max(0));
        }
        for (volume, folder) in &self.volumes {
            match nix::sys::statvfs::statvfs(folder) {
                Ok(disk) => {
                    let fragment = disk.fragment_size() as f64;
                    figures
                        .disk_available_bytes
                        .with_label_values(&[volume])
                        .set(disk.blocks_available() as f64 * fragment);
                    figures.disk_size_bytes.with_label_values(&[volume]).set(disk.blocks() as f64 * fragment);
                }
                Err(error) => tracing::warn!(%error, folder = %folder.display(), "cannot measure the disk"),
            }
        }
        if let Some(folder) = &self.backups {
            figures.backup_timestamp_seconds.set(newest_backup(folder).unwrap_or(0.0));
        }
    }
}

/// When the newest backup was finished, in seconds since 1970: its index is what `mod-106 backup` writes last.
fn newest_backup(folder: &Path) -> Option<f64> {
    let below = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let finished =
        |folder: PathBuf| std::fs::metadata(folder.join("artifacts.jsonl")).and_then(|file| file.modified()).ok();
    let newest: Option<SystemTime> = below.chain([folder.to_owned()]).filter_map(finished).max();
    newest?.duration_since(UNIX_EPOCH).ok().map(|age| age.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::newest_backup;

    #[test]
    fn only_finished_backups_count() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("monday/artifacts")).unwrap();
        std::fs::write(folder.path().join("monday/mlflow.db"), "").unwrap();
        assert_eq!(newest_backup(folder.path()), None);
        std::fs::write(folder.path().join("monday/artifacts.jsonl"), "").unwrap();
        assert!(newest_backup(folder.path()).is_some_and(|time| time > 1e9));
        assert!(newest_backup(&folder.path().join("monday")).is_some());
        assert_eq!(newest_backup(&folder.path().join("none")), None);
    }
}
