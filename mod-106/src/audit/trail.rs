//! Appending to a trail: under a file lock, so that two programs never write the same place of the chain, and with fsync, so that
//! what was said to be written survives a power cut. A torn last line goes into `FILE.torn` and not into the chain: its writer
//! died before it was told that the entry is in, so nobody relied on it.

use super::Error;
use super::entry::{Entry, Event};
use super::verify::{Reading, read_text, verify_reading};
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// A trail that can be appended to.
#[derive(Debug, Clone)]
pub struct Trail {
    path: PathBuf,
}

/// What an append found besides its place: the remains of a writer that was stopped in the middle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovered {
    /// Where the torn bytes lie now.
    pub kept: PathBuf,
    /// How many there were.
    pub bytes: u64,
}

impl Trail {
    /// The trail in this file, which is made by the first append.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Its file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends an event and waits until it is on the disk.
    ///
    /// # Errors
    /// [`Error::File`]; [`Error::Broken`] when the trail holds a line that is no entry: nothing is written behind it.
    pub fn append(&self, event: &Event, time: jiff::Timestamp) -> Result<(Entry, Option<Recovered>), Error> {
        self.append_unless(event, time, |_| false)
    }

    /// As [`Trail::append`], but an entry with the same action, subject and `detail.operation` stays the only one: whoever resumes
    /// an operation cannot know whether the entry was written before the crash.
    ///
    /// # Errors
    /// As [`Trail::append`].
    pub fn append_once(&self, event: &Event, time: jiff::Timestamp) -> Result<(Entry, Option<Recovered>), Error> {
        self.append_unless(event, time, |entry| {
            entry.action == event.action
                && entry.subject == event.subject
                && entry.detail.get("operation") == event.detail.get("operation")
        })
    }

    /// Appends what is decided from the entries that stand there, or nothing. Reading, deciding and writing happen under one lock: of
    /// two who act at once, the second decides with the first one's entry before it.
    ///
    /// # Errors
    /// As [`Trail::append`], and whatever `decide` refuses; a chain that was tampered with decides nothing.
    pub fn append_decided<E: From<Error>>(
        &self,
        time: jiff::Timestamp,
        decide: impl FnOnce(&[Entry]) -> Result<Option<Event>, E>,
    ) -> Result<(Option<Entry>, Option<Recovered>), E> {
        self.append_locked(time, |reading| {
            verify_reading(&self.path, reading, None)?;
            decide(&reading.entries)
        })
    }

    fn append_locked<E: From<Error>>(
        &self,
        time: jiff::Timestamp,
        decide: impl FnOnce(&Reading) -> Result<Option<Event>, E>,
    ) -> Result<(Option<Entry>, Option<Recovered>), E> {
        let failed = |source| E::from(Error::file(&self.path, source));
        let mut file = self.open().map_err(failed)?;
        file.lock().map_err(failed)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(failed)?;
        let reading = read_text(&self.path, &bytes)?;
        let recovered = match &reading.torn {
            Some(torn) => Some(self.set_aside(&mut file, &bytes, torn.bytes).map_err(failed)?),
            None => None,
        };
        let Some(event) = decide(&reading)? else { return Ok((None, recovered)) };
        let entry = Entry::chain(&event, time, reading.entries.last());
        // One write of the whole line: a reader without the lock sees all of it or a torn end, never two lines mixed.
        file.write_all(format!("{}\n", entry.line()).as_bytes()).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        Ok((Some(entry), recovered))
    }

    fn append_unless(
        &self,
        event: &Event,
        time: jiff::Timestamp,
        same: impl Fn(&Entry) -> bool,
    ) -> Result<(Entry, Option<Recovered>), Error> {
        let mut there = None;
        let (written, recovered) = self.append_locked(time, |reading| {
            there = reading.entries.iter().find(|entry| same(entry)).cloned();
            Ok::<_, Error>(there.is_none().then(|| event.clone()))
        })?;
        // Either it stood there, or it was written.
        let entry = written.or(there).expect("what does not stand there was written");
        Ok((entry, recovered))
    }

    fn open(&self) -> std::io::Result<File> {
        if let Some(folder) = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder)?;
        }
        OpenOptions::new().read(true).append(true).create(true).open(&self.path)
    }

    fn set_aside(&self, file: &mut File, bytes: &[u8], torn: u64) -> std::io::Result<Recovered> {
        let whole = bytes.len() as u64 - torn;
        let mut kept = self.path.clone().into_os_string();
        kept.push(".torn");
        let mut remains = OpenOptions::new().append(true).create(true).open(&kept)?;
        remains.write_all(&bytes[bytes.len() - usize::try_from(torn).unwrap_or_default()..])?;
        remains.write_all(b"\n")?;
        remains.sync_all()?;
        file.set_len(whole)?;
        file.seek(SeekFrom::End(0))?;
        Ok(Recovered { kept: PathBuf::from(kept), bytes: torn })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{read, verify};
    use super::{Event, Trail};
    use serde_json::json;

    fn event(operation: u32) -> Event {
        Event::new("ada", "promotion.completed", "model:fraud/3", json!({ "operation": operation }))
    }

    fn trail_of(entries: u32) -> (tempfile::TempDir, Trail) {
        let folder = tempfile::tempdir().unwrap();
        let trail = Trail::new(folder.path().join("sub/audit.jsonl"));
        for number in 1..=entries {
            trail.append(&event(number), jiff::Timestamp::UNIX_EPOCH).unwrap();
        }
        (folder, trail)
    }

    #[test]
    fn entries_chain_and_an_operation_is_written_once() {
        let (_folder, trail) = trail_of(3);
        let (again, _) = trail.append_once(&event(2), jiff::Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!((again.sequence, verify(trail.path(), Some(&again.digest)).unwrap().entries.len()), (2, 3));
    }

    #[test]
    fn each_way_of_tampering_is_named_with_its_line() {
        fn check(tamper: impl Fn(Vec<String>) -> Vec<String>, expected: &str) {
            let (_folder, trail) = trail_of(4);
            let text = std::fs::read_to_string(trail.path()).unwrap();
            let lines = tamper(text.lines().map(str::to_owned).collect());
            std::fs::write(trail.path(), lines.join("\n") + "\n").unwrap();
            let message = verify(trail.path(), None).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
        let swap = |mut lines: Vec<String>| {
            lines.swap(1, 2);
            lines
        };
        let edit = |mut lines: Vec<String>| {
            lines[1] = lines[1].replace("\"ada\"", "\"eve\"");
            lines
        };
        check(swap, "line 2: it says it is entry 3");
        check(edit, "line 2: its text has the digest");
        check(|lines| lines[1..].to_vec(), "line 1: it says it is entry 2");
        check(|lines| [&lines[..1], &lines[2..]].concat(), "line 2: it says it is entry 3");
        check(|lines| vec![lines[0].clone(), "{}".to_owned()], "line 2: not an audit entry");
    }

    #[test]
    fn a_cut_tail_shows_against_a_known_head() {
        let (_folder, trail) = trail_of(3);
        let head = read(trail.path()).unwrap().entries[2].digest.clone();
        let text = std::fs::read_to_string(trail.path()).unwrap();
        let kept: String = text.split_inclusive('\n').take(2).collect();
        std::fs::write(trail.path(), kept).unwrap();
        assert!(verify(trail.path(), None).is_ok());
        assert!(verify(trail.path(), Some(&head)).unwrap_err().to_string().contains("the end was cut off"));
    }

    #[test]
    fn a_torn_last_line_is_set_aside_by_the_next_append() {
        let (_folder, trail) = trail_of(3);
        let text = std::fs::read_to_string(trail.path()).unwrap();
        std::fs::write(trail.path(), &text[..text.len() - 40]).unwrap();
        let reading = verify(trail.path(), None).unwrap();
        assert_eq!((reading.entries.len(), reading.torn.map(|torn| torn.line)), (2, Some(3)));
        let (entry, recovered) = trail.append(&event(9), jiff::Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(entry.sequence, 3);
        assert!(std::fs::read_to_string(recovered.unwrap().kept).unwrap().starts_with("{\"sequence\":3"));
        assert_eq!(verify(trail.path(), None).unwrap().entries.len(), 3);
    }

    #[test]
    fn of_two_who_decide_at_once_the_second_sees_the_first() {
        let (_folder, trail) = trail_of(0);
        let claim = |who: &str| {
            trail.append_decided(jiff::Timestamp::UNIX_EPOCH, |entries| match entries.first() {
                Some(entry) => Err(super::Error::file(trail.path(), std::io::Error::other(entry.actor.clone()))),
                None => Ok(Some(Event::new(who, "claimed", "x", json!({})))),
            })
        };
        let (one, other) = std::thread::scope(|scope| {
            let (one, other) = (scope.spawn(|| claim("ada")), scope.spawn(|| claim("grace")));
            (one.join().unwrap(), other.join().unwrap())
        });
        assert_ne!(one.is_ok(), other.is_ok(), "exactly one claims it");
        assert_eq!(verify(trail.path(), None).unwrap().entries.len(), 1);
    }

    #[test]
    fn many_writers_make_one_chain() {
        let (_folder, trail) = trail_of(0);
        std::thread::scope(|scope| {
            for writer in 0..4 {
                let trail = trail.clone();
                scope.spawn(move || {
                    for number in 0..5 {
                        trail.append(&event(writer * 100 + number), jiff::Timestamp::UNIX_EPOCH).unwrap();
                    }
                });
            }
        });
        assert_eq!(verify(trail.path(), None).unwrap().entries.len(), 20);
    }
}
