//! What a submission writes, kept within bounds. A submission that floods its standard output with a gigabyte must neither fill
//! the disk nor be blocked: everything is read, the beginning and the end are kept, and the rest is counted.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::io::{AsyncRead, AsyncReadExt};

/// Kept from the beginning, where a service says how it was set up.
const HEAD_BYTES: usize = 4 << 20;

/// Kept from the end, where it says why it died.
const TAIL_BYTES: usize = 256 << 10;

/// One read.
const CHUNK_BYTES: usize = 64 << 10;

/// A stream's text so far. Cheap to clone; clones see the same stream.
#[derive(Clone, Debug, Default)]
pub struct Output(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    left_out_bytes: u64,
}

impl Output {
    /// Reads the stream to its end, in a task of its own.
    pub(super) fn drain(&self, mut stream: impl AsyncRead + Unpin + Send + 'static) -> tokio::task::JoinHandle<()> {
        let output = self.clone();
        tokio::spawn(async move {
            let mut chunk = vec![0; CHUNK_BYTES];
            while let Ok(count @ 1..) = stream.read(&mut chunk).await {
                output.kept().add(&chunk[..count]);
            }
        })
    }

    /// The text; a note stands where bytes were left out.
    #[must_use]
    pub fn text(&self) -> String {
        let kept = self.kept();
        let mut text = String::from_utf8_lossy(&kept.head).into_owned();
        if kept.left_out_bytes > 0 {
            text.push_str(&format!("\n[… {} bytes left out …]\n", kept.left_out_bytes));
        }
        text.push_str(&String::from_utf8_lossy(&kept.tail.iter().copied().collect::<Vec<u8>>()));
        text
    }

    /// The last lines, for a message.
    #[must_use]
    pub fn last_lines(&self, count: usize) -> String {
        const LONGEST: usize = 400;
        let text = self.text();
        let lines: Vec<String> = text.lines().map(|line| line.chars().take(LONGEST).collect()).collect();
        lines[lines.len().saturating_sub(count)..].join("\n")
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn add(&mut self, bytes: &[u8]) {
        let room = HEAD_BYTES - self.head.len();
        let (head, rest) = bytes.split_at(room.min(bytes.len()));
        self.head.extend_from_slice(head);
        self.tail.extend(rest);
        let surplus = self.tail.len().saturating_sub(TAIL_BYTES);
        self.tail.drain(..surplus);
        self.left_out_bytes += surplus as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::{HEAD_BYTES, Output, TAIL_BYTES};

    #[tokio::test]
    async fn a_flood_is_read_to_its_end_and_kept_within_bounds() {
        let output = Output::default();
        let flood = vec![b'x'; HEAD_BYTES + TAIL_BYTES + 1000];
        output.drain(std::io::Cursor::new([flood, b"\nlast words".to_vec()].concat())).await.unwrap();
        assert_eq!(output.last_lines(1), "last words");
        assert!(output.text().contains("[… 1011 bytes left out …]"));
    }
}
