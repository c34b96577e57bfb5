//! Findings on their way: to a file, or to a receiver that may be down for an hour. Nothing is lost and little is sent twice: what is
//! to be sent is on the disk before anything is sent, and leaves it when the receiver has said that it has it. A process that dies in
//! between sends a batch again, with the same ids.
//!
//! The spool is a folder: `waiting.jsonl` holds what is to be sent, `sent.txt` an id a line of what was taken.

use super::error::Error;
use super::ocsf::DetectionFinding;
use mod_106::documents;
use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Findings a request.
const BATCH: usize = 200;
/// An answer's text is repeated up to here.
const LONGEST_EXCERPT: usize = 200;
/// Waits between attempts, for a receiver that is only restarting.
const PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(1)];

/// What became of findings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Delivered {
    /// Now there for the first time.
    pub new: usize,
    /// Were there before.
    pub known: usize,
}

/// Adds to a file of JSON Lines what it does not hold yet, in one write. A last line that a dead process left unfinished is cut off.
///
/// # Errors
/// A file that cannot be used, or holds what is no finding.
pub fn append(path: &Path, findings: &[DetectionFinding]) -> Result<Delivered, Error> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|error| Error::unwritable(folder, error))?;
    }
    let opened = OpenOptions::new().create(true).append(true).read(true).open(path);
    let mut file = opened.map_err(|error| Error::unwritable(path, error))?;
    // Of two exports at once, the second waits and then knows what the first wrote.
    file.lock().map_err(|error| Error::unwritable(path, error))?;
    let held = whole_lines(&mut file, path)?;
    let known: BTreeSet<String> = held.into_iter().map(|finding| finding.metadata.uid).collect();
    let new: Vec<_> = findings.iter().filter(|finding| !known.contains(&finding.metadata.uid)).collect();
    let written = file.write_all(&lines(&new)).and_then(|()| file.sync_data());
    written.map_err(|error| Error::unwritable(path, error))?;
    Ok(Delivered { new: new.len(), known: findings.len() - new.len() })
}

/// The findings of a file; what follows its last line end is cut off.
fn whole_lines(file: &mut File, path: &Path) -> Result<Vec<DetectionFinding>, Error> {
    let mut text = Vec::new();
    let read = file.seek(SeekFrom::Start(0)).and_then(|_| file.read_to_end(&mut text));
    read.map_err(|source| Error::Unreadable { path: path.to_owned(), source })?;
    let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |place| place + 1);
    if whole < text.len() {
        file.set_len(whole as u64).map_err(|error| Error::unwritable(path, error))?;
    }
    let lines = text[..whole].split(|byte| *byte == b'\n').enumerate().filter(|(_, line)| !line.is_empty());
    let finding = |(number, line): (usize, &[u8])| {
        serde_json::from_slice(line).map_err(|error| {
            let at = format!("{}:{}", path.display(), number + 1);
            Error::malformed(at, format!("not a finding: {error}"), "name a file that only this command writes")
        })
    };
    lines.map(finding).collect()
}

fn lines(findings: &[&DetectionFinding]) -> Vec<u8> {
    // Texts, numbers and maps with text keys: there is nothing in a finding that JSON cannot say.
    let line = |finding: &&DetectionFinding| serde_json::to_string(finding).unwrap_or_default() + "\n";
    findings.iter().map(line).collect::<String>().into_bytes()
}

/// Who findings are sent to.
#[derive(Debug)]
pub struct Receiver {
    url: url::Url,
    authorization: Option<String>,
    http: reqwest::Client,
}

impl Receiver {
    /// A receiver of JSON Lines by POST; `authorization` is that header's value.
    ///
    /// # Errors
    /// What is no http:// or https:// URL.
    pub fn new(url: &str, authorization: Option<String>) -> Result<Self, Error> {
        let advice = "write it as https://collector.example/ocsf";
        let url = url::Url::parse(url).map_err(|error| Error::malformed("--send", error, advice))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Error::malformed("--send", format!("the scheme {:?}", url.scheme()), advice));
        }
        // Losing the race to another installer is fine: what counts is that one is there.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().timeout(Duration::from_secs(20));
        // A followed redirect would carry the authorization to somebody else.
        let http = http.redirect(reqwest::redirect::Policy::none()).build();
        let http =
            http.map_err(|error| Error::malformed("--send", error.without_url(), "look at the machine's TLS"))?;
        Ok(Self { url, authorization, http })
    }

    /// Where it is, without what the URL may hold of secrets.
    fn shown(&self) -> String {
        self.url[..url::Position::AfterPath].to_owned()
    }

    async fn post(&self, body: Vec<u8>) -> Result<(), Failure> {
        let mut request = self.http.post(self.url.clone()).header("content-type", "application/x-ndjson").body(body);
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        let answer = request.send().await.map_err(|error| Failure::Down(reason(&error.without_url())))?;
        let status = answer.status().as_u16();
        if answer.status().is_success() {
            return Ok(());
        }
        let said: String = answer.text().await.unwrap_or_default().chars().take(LONGEST_EXCERPT).collect();
        if status >= 500 || matches!(status, 408 | 429) {
            return Err(Failure::Down(format!("it answered {status} {said}").trim_end().to_owned()));
        }
        Err(Failure::Refused { status, said })
    }
}

/// The chain of causes: the last one says what the matter is.
fn reason(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

enum Failure {
    Down(String),
    Refused { status: u16, said: String },
}

/// Findings that wait for a receiver.
#[derive(Debug)]
pub struct Outbox {
    folder: PathBuf,
    waiting: Vec<DetectionFinding>,
    sent: BTreeSet<String>,
    /// Held as long as this is: two senders at once would each send everything.
    _lock: File,
}

impl Outbox {
    /// Opens the spool, and knows again what waits and what was sent.
    ///
    /// # Errors
    /// A folder that cannot be used, or holds what is no finding.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let unwritable = |error: std::io::Error| Error::unwritable(folder, error);
        std::fs::create_dir_all(folder).map_err(unwritable)?;
        let lock = File::create(folder.join(".lock")).map_err(unwritable)?;
        lock.lock().map_err(unwritable)?;
        let path = folder.join("waiting.jsonl");
        let waiting = match OpenOptions::new().read(true).write(true).open(&path) {
            Ok(mut file) => whole_lines(&mut file, &path)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(source) => return Err(Error::Unreadable { path, source }),
        };
        let path = folder.join("sent.txt");
        let sent = match std::fs::read_to_string(&path) {
            // A half line names nothing that was ever sent, and so does no harm.
            Ok(text) => text.lines().map(str::to_owned).collect(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => BTreeSet::new(),
            Err(source) => return Err(Error::Unreadable { path, source }),
        };
        Ok(Self { folder: folder.to_owned(), waiting, sent, _lock: lock })
    }

    /// Puts findings on the disk that were neither sent nor wait.
    ///
    /// # Errors
    /// When they cannot be written; then nothing changed.
    pub fn take(&mut self, findings: &[DetectionFinding]) -> Result<Delivered, Error> {
        let mut known: BTreeSet<String> = self.sent.clone();
        known.extend(self.waiting.iter().map(|finding| finding.metadata.uid.clone()));
        let new = findings.iter().filter(|finding| known.insert(finding.metadata.uid.clone()));
        let before = self.waiting.len();
        self.waiting.extend(new.cloned());
        self.keep()?;
        let new = self.waiting.len() - before;
        Ok(Delivered { new, known: findings.len() - new })
    }

    /// Sends all that waits, in order; says how many were taken.
    ///
    /// # Errors
    /// [`Error::Down`] or [`Error::Refused`]; what was not taken still waits.
    pub async fn send(&mut self, receiver: &Receiver) -> Result<usize, Error> {
        let mut taken = 0;
        while !self.waiting.is_empty() {
            let batch = self.waiting.len().min(BATCH);
            let body = lines(&self.waiting[..batch].iter().collect::<Vec<_>>());
            let mut answer = receiver.post(body.clone()).await;
            for pause in PAUSES {
                if !matches!(answer, Err(Failure::Down(_))) {
                    break;
                }
                tokio::time::sleep(pause).await;
                answer = receiver.post(body.clone()).await;
            }
            answer.map_err(|failure| self.failed(receiver, failure))?;
            self.done(batch)?;
            taken += batch;
        }
        Ok(taken)
    }

    /// The first few were taken: first it is written that they were, then they stop waiting.
    fn done(&mut self, batch: usize) -> Result<(), Error> {
        let path = self.folder.join("sent.txt");
        let ids: Vec<String> = self.waiting.drain(..batch).map(|finding| finding.metadata.uid).collect();
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(|error| Error::unwritable(&path, error))?;
        let written = file.write_all(format!("{}\n", ids.join("\n")).as_bytes()).and_then(|()| file.sync_data());
        written.map_err(|error| Error::unwritable(&path, error))?;
        self.sent.extend(ids);
        self.keep()
    }

    fn keep(&self) -> Result<(), Error> {
        let path = self.folder.join("waiting.jsonl");
        let text = lines(&self.waiting.iter().collect::<Vec<_>>());
        documents::write(&path, &text).map_err(|error| Error::unwritable(&path, error))
    }

    fn failed(&self, receiver: &Receiver, failure: Failure) -> Error {
        let (url, waiting, spool) = (receiver.shown(), self.waiting.len(), self.folder.clone());
        match failure {
            Failure::Down(reason) => Error::Down { url, reason, waiting, spool },
            Failure::Refused { status, said } => {
                let advice = match status {
                    401 | 403 => "look at the variable that --authorization-env names",
                    404 | 405 => "look at the URL",
                    _ => "ask who runs the receiver what it expects",
                };
                Error::Refused { url, status, said, waiting, spool, advice }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::security::Watched;
    use super::super::sources::Source;
    use super::{Delivered, Outbox, append};
    use crate::incident::schedule::WallClock;
    use crate::slo::Folded;
    use serde_json::json;

    fn findings(count: usize) -> Vec<super::DetectionFinding> {
        let alert = |number: usize| -> Folded {
            let value = json!({
                "fingerprint": format!("f{number}"), "starts_at": "2026-01-01T00:00:00Z", "labels": { "alertname": "A" },
                "annotations": {}, "ended_at": null, "received_at": "2026-01-01T00:00:01Z",
            });
            serde_json::from_value(value).unwrap()
        };
        let content = (0..count).map(alert).collect();
        let alerts = vec![Source { path: "inbox".to_owned(), digest: "sha256:0".to_owned(), content }];
        Watched { alerts, ..Watched::default() }.findings(&WallClock::of("UTC").unwrap())
    }

    #[test]
    fn a_file_takes_each_finding_once_and_half_a_line_is_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/findings.jsonl");
        assert_eq!(append(&path, &findings(3)).unwrap(), Delivered { new: 3, known: 0 });
        assert_eq!(append(&path, &findings(5)).unwrap(), Delivered { new: 2, known: 3 });
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, &text[..text.len() - 10]).unwrap();
        assert_eq!(append(&path, &findings(5)).unwrap(), Delivered { new: 1, known: 4 });
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        std::fs::write(&path, "{}\n").unwrap();
        let error = append(&path, &findings(1)).unwrap_err();
        assert!(error.to_string().contains("findings.jsonl:1: not a finding"), "{error}");
    }

    #[test]
    fn what_was_sent_does_not_wait_again_and_what_waits_survives_its_sender() {
        let folder = tempfile::tempdir().unwrap();
        let mut outbox = Outbox::open(folder.path()).unwrap();
        assert_eq!(outbox.take(&findings(4)).unwrap(), Delivered { new: 4, known: 0 });
        outbox.done(3).unwrap();
        drop(outbox);
        let mut outbox = Outbox::open(folder.path()).unwrap();
        assert_eq!(outbox.waiting.len(), 1);
        assert_eq!(outbox.take(&findings(5)).unwrap(), Delivered { new: 1, known: 4 });
        assert_eq!(outbox.waiting.len(), 2);
    }
}
