//! Every reader and every sketch decoder, fed with files that were cut, flipped, doubled and mixed up: an error that names the file, or an
//! answer; never a panic, and never memory without end. Cases follow from a fixed seed; `FUZZ_CASES` asks for more of them.

use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use libtest_mimic::{Failed, Trial};
use mod_106::validation::read::Unwatched;
use mod_553::drift::service::{State, Windows};
use mod_553::drift::spec::{Format, Spec};
use mod_553::drift::{Data, Fetched, Settings, check};
use mod_553::online::Detector;
use mod_553::profile::{Profile, Values, compare, parse, write};
use mod_553::{drift, inference_log};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("fuzz::no-data-file-brings-the-monitor-down", data_files),
        Trial::test("fuzz::no-file-in-the-place-of-another-does", files_in_each_others_place),
        Trial::test("fuzz::no-log-of-records-or-labels-does", logs),
        Trial::test("fuzz::no-profile-and-no-sketch-in-it-does", profiles),
        Trial::test("fuzz::no-spec-and-no-state-does", specs_and_states),
    ]
}

/// One thing that happens to a file.
#[derive(Clone, Debug)]
enum Change {
    /// A byte is another.
    Set(Index, u8),
    /// A bit is.
    Flip(Index, u8),
    /// The rest is missing.
    Cut(Index),
    /// A stretch is missing.
    Drop(Index, usize),
    /// A stretch is there twice.
    Double(Index, usize),
    /// Four bytes are all ones, or one: what lengths and offsets are made of.
    Length(Index, bool),
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let place = any::<Index>;
    let one = prop_oneof![
        4 => (place(), any::<u8>()).prop_map(|(place, byte)| Change::Set(place, byte)),
        4 => (place(), 0..8_u8).prop_map(|(place, bit)| Change::Flip(place, bit)),
        1 => place().prop_map(Change::Cut),
        1 => (place(), 1..40_usize).prop_map(|(place, length)| Change::Drop(place, length)),
        1 => (place(), 1..40_usize).prop_map(|(place, length)| Change::Double(place, length)),
        2 => (place(), any::<bool>()).prop_map(|(place, ones)| Change::Length(place, ones)),
    ];
    prop::collection::vec(one, 1..5)
}

fn changed(good: &[u8], changes: &[Change]) -> Vec<u8> {
    let mut bytes = good.to_vec();
    for change in changes.iter().filter(|_| !good.is_empty()) {
        if bytes.is_empty() {
            break;
        }
        let size = bytes.len();
        match change {
            Change::Set(place, byte) => bytes[place.index(size)] = *byte,
            Change::Flip(place, bit) => bytes[place.index(size)] ^= 1 << bit,
            Change::Cut(place) => bytes.truncate(place.index(size)),
            Change::Drop(place, length) => {
                let from = place.index(size);
                bytes.drain(from..(from + length).min(size));
            }
            Change::Double(place, length) => {
                let from = place.index(size);
                let part = bytes[from..(from + length).min(size)].to_vec();
                bytes.splice(from..from, part);
            }
            Change::Length(place, ones) => {
                let from = place.index(size);
                let end = (from + 4).min(size);
                bytes[from..end].fill(if *ones { 0xFF } else { 1 });
            }
        }
    }
    bytes
}

fn fuzz<S: Strategy>(
    cases: u32,
    strategy: &S,
    test: impl Fn(S::Value) -> Result<(), TestCaseError>,
) -> Result<(), Failed> {
    let asked = std::env::var("FUZZ_CASES").ok().and_then(|text| text.parse().ok());
    let config =
        Config { cases: asked.unwrap_or(cases), failure_persistence: None, max_shrink_iters: 200, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    runner.run(strategy, test).map_err(|error| error.to_string().into())
}

const LINE: &str = r#"{"time":"2026-01-01T00:00:00Z","request_id":"a","model":"m","version":"1","features":{"number":1.5,"word":"z"},"prediction":true,"latency_ms":2,"status":200,"usage":{"input_tokens":3,"output_tokens":4}}"#;
const LABEL: &str = r#"{"request_id":"a","label":"yes","observed_at":"2026-01-02T00:00:00+05:30"}"#;

fn batch() -> RecordBatch {
    let rows = 0..300_i64;
    let columns: [(&str, ArrayRef); 5] = [
        ("number", Arc::new(Float64Array::from_iter(rows.clone().map(|row| (row % 9 > 0).then_some(row as f64))))),
        ("word", Arc::new(StringArray::from_iter_values(rows.clone().map(|row| format!("w{}", row % 7))))),
        ("whole", Arc::new(Int64Array::from_iter_values(rows.clone()))),
        ("flag", Arc::new(BooleanArray::from_iter(rows.clone().map(|row| Some(row % 2 == 0))))),
        ("at", Arc::new(TimestampMicrosecondArray::from_iter_values(rows).with_timezone("UTC"))),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

/// A good file of each format.
fn files() -> Vec<(Format, Vec<u8>)> {
    let batch = batch();
    let parquet = |compression| {
        let properties = parquet::file::properties::WriterProperties::builder().set_compression(compression).build();
        let mut writer = parquet::arrow::ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
        writer.write(&batch).unwrap();
        writer.into_inner().unwrap()
    };
    let mut arrow = arrow_ipc::writer::FileWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    arrow.write(&batch).unwrap();
    arrow.finish().unwrap();
    let csv: String = (0..200).map(|row| format!("{row}.5,\"w{}\"\n", row % 7)).collect();
    let json: String = (0..50).map(|row| format!("{{\"number\": {row}.5, \"word\": \"w{}\"}}\n", row % 7)).collect();
    let mut profile = Profile::default();
    profile.see(&batch).unwrap();
    vec![
        (Format::Parquet, parquet(parquet::basic::Compression::UNCOMPRESSED)),
        (Format::Parquet, parquet(parquet::basic::Compression::SNAPPY)),
        (Format::Arrow, arrow.into_inner().unwrap()),
        (Format::Csv, format!("number,word\n{csv}").into_bytes()),
        (Format::Jsonl, json.into_bytes()),
        (Format::Log, format!("{LINE}\n{LINE}\n").into_bytes()),
        (Format::Profile, write(&profile).into_bytes()),
    ]
}

fn open(folder: &Path, format: Format, bytes: &[u8]) -> Result<Data, drift::Error> {
    let path = folder.join("data");
    std::fs::write(&path, bytes).unwrap();
    Data::open(Fetched { given: "data".to_owned(), path, format, types: BTreeMap::new(), folder: None }, &Unwatched)
}

/// Opens, compares and profiles: whatever is read lazily is read here.
fn judged(folder: &Path, format: Format, bytes: &[u8], reference: &Data) -> Result<(), TestCaseError> {
    let settings = Settings { memory_limit: 1 << 26, threads: 1, now: jiff::Timestamp::UNIX_EPOCH };
    let found = open(folder, format, bytes).and_then(|current| {
        if let Data::Table(table) = &current {
            drift::profile(table, 1, &Unwatched)?;
        }
        check(&Spec::default(), reference, &current, None, settings, &Unwatched)
    });
    match found {
        Ok(outcome) => prop_assert_eq!(outcome.reference.rows, reference.rows()),
        Err(error) => prop_assert!(error.exit_code() == 2 && error.to_string().len() > 10, "{}", error),
    }
    Ok(())
}

fn data_files() -> Result<(), Failed> {
    let (files, folder, kept) = (files(), tempfile::tempdir()?, tempfile::tempdir()?);
    let reference = open(kept.path(), Format::Parquet, &files[0].1)?;
    fuzz(400, &(0..files.len(), changes()), |(file, changes)| {
        let (format, good) = &files[file];
        judged(folder.path(), *format, &changed(good, &changes), &reference)
    })
}

fn files_in_each_others_place() -> Result<(), Failed> {
    let (mut files, folder, kept) = (files(), tempfile::tempdir()?, tempfile::tempdir()?);
    let reference = open(kept.path(), Format::Parquet, &files[0].1)?;
    // Encodings and contents that no format expects.
    let utf16: Vec<u8> = "number,word\n1.5,ä\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let others: [&[u8]; 8] = [
        &[],
        b"\n",
        &utf16,
        b"number,word\n1.5,\xE4\n",
        b"\xEF\xBB\xBFnumber,word\n1.5,a\n",
        &[0; 4_096],
        &[0xFF; 4_096],
        b"number\n\"never closed",
    ];
    let formats: Vec<Format> = files.iter().map(|(format, _)| *format).collect();
    files.extend(others.iter().map(|bytes| (Format::Csv, bytes.to_vec())));
    for format in formats {
        for (_, bytes) in &files {
            judged(folder.path(), format, bytes, &reference).map_err(|error| format!("as {format:?}: {error}"))?;
        }
    }
    Ok(())
}

fn logs() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("log.jsonl");
    let goods = [format!("{LINE}\n{LINE}\n"), format!("{LABEL}\n{LABEL}\n")];
    fuzz(600, &(0..2_usize, changes()), |(file, changes)| {
        std::fs::write(&path, changed(goods[file].as_bytes(), &changes)).unwrap();
        let refused = |error: &inference_log::Error| error.exit_code() == 2 && error.to_string().contains("log.jsonl");
        match inference_log::open(&path) {
            Ok(records) => {
                for error in records.filter_map(Result::err) {
                    prop_assert!(refused(&error), "{}", error);
                }
            }
            Err(error) => prop_assert!(refused(&error), "{}", error),
        }
        if let Err(error) = inference_log::read_labels(&path) {
            prop_assert!(refused(&error), "{}", error);
        }
        Ok(())
    })
}

fn profiles() -> Result<(), Failed> {
    // One held whole, and one in which sketches estimate.
    let goods: Vec<String> = [1, 60]
        .iter()
        .map(|times| {
            let mut profile = Profile::default();
            (0..*times).for_each(|_| profile.see(&batch()).unwrap());
            write(&profile)
        })
        .collect();
    let documents: Vec<Value> = goods.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
    let places: Vec<Vec<String>> = documents.iter().map(|document| encoded(document, "")).collect();
    assert!(places.iter().all(|places| places.len() >= 4), "sketches are base64 in the file: {places:?}");
    let good = parse("good", &goods[1])?;
    fuzz(500, &(0..2_usize, any::<Index>(), changes()), |(which, place, changes)| {
        // The bytes of one sketch, so that its decoder sees them and not only JSON's.
        let mut document = documents[which].clone();
        let place = &places[which][place.index(places[which].len())];
        let slot = document.pointer_mut(place).unwrap();
        let bytes = STANDARD.decode(slot.as_str().unwrap()).unwrap();
        *slot = STANDARD.encode(changed(&bytes, &changes)).into();
        used(&document.to_string(), &good)?;
        used(&String::from_utf8_lossy(&changed(goods[which].as_bytes(), &changes)), &good)
    })
}

/// JSON pointers to texts that are base64 of something.
fn encoded(value: &Value, at: &str) -> Vec<String> {
    match value {
        Value::String(text) if text.len() >= 8 && STANDARD.decode(text).is_ok() => vec![at.to_owned()],
        Value::Object(fields) => {
            fields.iter().flat_map(|(name, value)| encoded(value, &format!("{at}/{name}"))).collect()
        }
        Value::Array(items) => {
            items.iter().enumerate().flat_map(|(index, value)| encoded(value, &format!("{at}/{index}"))).collect()
        }
        _ => Vec::new(),
    }
}

/// A profile that is taken must be of use: asked, compared, merged and written.
fn used(text: &str, good: &Profile) -> Result<(), TestCaseError> {
    let found = match parse("x.profile.json", text) {
        Ok(found) => found,
        Err(error) => {
            prop_assert!(error.exit_code() == 2 && error.to_string().contains("x.profile.json"), "{}", error);
            return Ok(());
        }
    };
    for (name, column) in &found.columns {
        match &column.values {
            Values::Numbers(numbers) => {
                let _ = (numbers.quantile(0.5), numbers.distinct(), numbers.rank_error());
                if let Some(Values::Numbers(other)) = good.columns.get(name).map(|column| &column.values) {
                    let _ = compare(numbers, other);
                }
            }
            Values::Categories(categories) => {
                let _ = (categories.frequent(), categories.distinct(), categories.share_error());
            }
        }
    }
    let mut merged = good.clone();
    let _ = merged.merge(&found);
    let _ = write(&merged);
    Ok(())
}

fn specs_and_states() -> Result<(), Failed> {
    let spec = "monitor: m\nreference: {path: a.csv, types: {x: text}}\nnumeric: ks\neffect: 0.2\npolicy: {significance: 0.01, bins: 7}\n\
                columns:\n  - {column: x, method: psi, effect: 0.1}\nexclude: [y]\nwindows: {every_minutes: 60}\ndependence: {kind: autocorrelated}\n";
    let settings = serde_json::from_str(r#"{"detector": "adwin"}"#)?;
    let mut detector = Detector::new(&settings)?;
    for value in 0..3_000 {
        detector.update(f64::from(value % 17))?;
    }
    let detector = serde_json::to_string(&detector)?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("state.json");
    State::new(Windows::new(60, 10)).save(&path)?;
    let state = std::fs::read(&path)?;
    fuzz(600, &changes(), |changes| {
        let text = String::from_utf8_lossy(&changed(spec.as_bytes(), &changes)).into_owned();
        if let Err(error) = drift::spec::parse("m.yaml", &text) {
            prop_assert!(error.exit_code() == 2 && error.to_string().contains("m.yaml"), "{}", error);
        }
        // What is read goes on: a state that makes a detector panic is no state.
        if let Ok(mut detector) = serde_json::from_slice::<Detector>(&changed(detector.as_bytes(), &changes)) {
            for value in 0..40 {
                let _ = detector.update(f64::from(value));
            }
        }
        std::fs::write(&path, changed(&state, &changes)).unwrap();
        if let Err(error) = State::load(&path, Windows::new(60, 10)) {
            prop_assert!(error.to_string().contains("state.json"), "{}", error);
        }
        Ok(())
    })
}
