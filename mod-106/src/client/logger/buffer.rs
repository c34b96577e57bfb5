//! Which entries go into the next batch, and when it is full.
//!
//! Each entry is serialised once, when it arrives, so that the size of the body is known exactly and sending only joins pieces.

use super::super::batch::{LONGEST_BODY_BYTES, MOST_ENTRIES, MOST_METRICS, MOST_PARAMS, MOST_TAGS};
use super::super::ids::RunId;
use super::Entry;
use bytes::Bytes;
use serde::Serialize;

/// Entries in the order given, beside their JSON by kind.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    entries: Vec<Entry>,
    metrics: List,
    params: List,
    tags: List,
}

/// JSON objects with commas between them.
#[derive(Debug, Default)]
struct List {
    count: usize,
    json: Vec<u8>,
}

impl List {
    fn push(&mut self, json: &[u8]) {
        if self.count > 0 {
            self.json.push(b',');
        }
        self.json.extend_from_slice(json);
        self.count += 1;
    }
}

/// The body's fixed text: braces, names of fields, and a run id of the longest kind.
const FRAME_BYTES: usize = 512;

impl Buffer {
    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Takes an entry; gives it back when it has no room and the batch must go first. An empty buffer takes anything, so that
    /// an entry longer than any batch is refused by the server, by name, and not here in a circle.
    pub(super) fn push(&mut self, entry: Entry) -> Result<(), Entry> {
        let json = match &entry {
            Entry::Metric(metric) => encode(metric),
            Entry::Param(param) => encode(param),
            Entry::Tag(tag) => encode(tag),
        };
        let bytes = self.metrics.json.len() + self.params.json.len() + self.tags.json.len() + self.entries.len();
        let (list, most) = match &entry {
            Entry::Metric(_) => (&mut self.metrics, MOST_METRICS),
            Entry::Param(_) => (&mut self.params, MOST_PARAMS),
            Entry::Tag(_) => (&mut self.tags, MOST_TAGS),
        };
        let fits = list.count < most
            && self.entries.len() < MOST_ENTRIES
            && FRAME_BYTES + bytes + json.len() < LONGEST_BODY_BYTES;
        if !fits && !self.entries.is_empty() {
            return Err(entry);
        }
        list.push(&json);
        self.entries.push(entry);
        Ok(())
    }

    /// Whether the next entry of some kind would have no room: better to send now than to wait for it.
    pub(super) fn is_full(&self) -> bool {
        self.entries.len() >= MOST_ENTRIES || self.params.count >= MOST_PARAMS || self.tags.count >= MOST_TAGS
    }

    /// The batch's body and the entries in it; the buffer is empty afterwards.
    pub(super) fn take(&mut self, run: &RunId) -> (Bytes, Vec<Entry>) {
        let Self { entries, metrics, params, tags } = std::mem::take(self);
        let mut body = Vec::with_capacity(FRAME_BYTES + metrics.json.len() + params.json.len() + tags.json.len());
        body.extend_from_slice(b"{\"run_id\":");
        body.extend_from_slice(&encode(run));
        for (name, list) in [("metrics", metrics), ("params", params), ("tags", tags)] {
            if list.count > 0 {
                body.extend_from_slice(format!(",\"{name}\":[").as_bytes());
                body.extend_from_slice(&list.json);
                body.push(b']');
            }
        }
        body.push(b'}');
        (Bytes::from(body), entries)
    }
}

fn encode(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("entries hold only strings and numbers")
}

#[cfg(test)]
mod tests {
    use super::super::super::batch::LONGEST_BODY_BYTES;
    use super::super::super::{Metric, Param, RunId, Tag};
    use super::{Buffer, Entry};

    fn metric(step: i64) -> Entry {
        Entry::Metric(Metric { key: "loss".to_owned(), value: 0.5, timestamp: 1, step })
    }

    /// The sizes of the batches that a stream of entries falls into.
    fn batches(entries: impl IntoIterator<Item = Entry>) -> Vec<usize> {
        let (mut buffer, mut sizes, run) = (Buffer::default(), Vec::new(), RunId::parse("r").unwrap());
        let mut send = |buffer: &mut Buffer| {
            let (body, entries) = buffer.take(&run);
            assert!(body.len() <= LONGEST_BODY_BYTES || entries.len() == 1, "{} bytes", body.len());
            serde_json::from_slice::<serde_json::Value>(&body).unwrap();
            sizes.push(entries.len());
        };
        for entry in entries {
            if let Err(entry) = buffer.push(entry) {
                send(&mut buffer);
                buffer.push(entry).unwrap();
            }
            if buffer.is_full() {
                send(&mut buffer);
            }
        }
        if !buffer.is_empty() {
            send(&mut buffer);
        }
        sizes
    }

    #[test]
    fn batches_end_at_mlflows_limits() {
        fn check(entries: Vec<Entry>, expected: &[usize]) {
            assert_eq!(batches(entries), expected);
        }
        let params = |n: usize| (0..n).map(|n| Entry::Param(Param::new(format!("p{n}"), "v")));
        let tags = |n: usize| (0..n).map(|n| Entry::Tag(Tag::new(format!("t{n}"), "v")));
        check((0..2500).map(metric).collect(), &[1000, 1000, 500]);
        check(params(250).collect(), &[100, 100, 50]);
        check(tags(101).collect(), &[100, 1]);
        check(params(99).chain(tags(99)).chain((0..900).map(metric)).collect(), &[1000, 98]);
        check(vec![], &[]);
    }

    #[test]
    fn batches_end_at_a_mebibyte_even_when_json_grows_the_text() {
        let long = |n: usize| Entry::Tag(Tag::new(format!("t{n}"), "\u{1}".repeat(50_000)));
        assert_eq!(batches((0..7).map(long)), [3, 3, 1]);
        assert_eq!(batches([Entry::Tag(Tag::new("huge", "x".repeat(2 << 20))), metric(0)]), [1, 1]);
    }

    #[test]
    fn a_body_is_what_the_api_takes() {
        let mut buffer = Buffer::default();
        buffer.push(metric(1)).unwrap();
        buffer.push(Entry::Param(Param::new("p", "1"))).unwrap();
        buffer.push(metric(2)).unwrap();
        let (body, entries) = buffer.take(&RunId::parse("r").unwrap());
        let expected = r#"{"run_id":"r","metrics":[{"key":"loss","value":0.5,"timestamp":1,"step":1},{"key":"loss","value":0.5,"timestamp":1,"step":2}],"params":[{"key":"p","value":"1"}]}"#;
        assert_eq!(String::from_utf8_lossy(&body), expected);
        assert_eq!(entries.len(), 3);
        assert!(buffer.is_empty());
    }
}
