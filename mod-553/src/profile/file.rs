//! A profile as a file: JSON, in which each sketch is the base64 of the bytes that DataSketches of Java, C++ and Python read. In Python:
//!
//! ```python
//! column = json.load(open("profile.json"))["columns"]["age"]
//! sketch = datasketches.kll_doubles_sketch.deserialize(base64.b64decode(column["quantiles_kll"]))
//! ```
//!
//! Whoever reads a file trusts nothing in it: sizes are checked before anything is allocated, and counts against the sketches'.

use super::categories::CategoryProfile;
use super::column::{ColumnProfile, Kind, Values};
use super::error::Error;
use super::foreign::unpanicked;
use super::moments::Moments;
use super::numbers::{KLL_K, LG_K, NumberProfile};
use super::table::Profile;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use datasketches::frequencies::FrequentItemsSketch;
use datasketches::hll::HllSketch;
use datasketches::kll::KllSketch;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

/// The version of the file; it rises when an older reader would misread a newer file.
pub const VERSION: u32 = 1;
/// A larger file is refused: a thousand columns take about fifty megabytes.
pub const MOST_BYTES: u64 = 1 << 30;
/// HyperLogLog with 2^16 registers takes 64 KB; more would only be asked for to fill the memory.
const MOST_LG_K: u8 = 16;
/// Frequent items with 2^16 counters.
const MOST_LG_COUNTERS: u8 = 16;
/// KLL with ten times our k.
const MOST_KLL_K: u16 = 10 * KLL_K;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    rows: u64,
    columns: BTreeMap<String, Column>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Column {
    kind: Kind,
    rows: u64,
    nulls: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    numbers: Option<Numbers>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    quantiles_kll: Option<String>,
    distinct_hll: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    frequent_items: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Numbers {
    nans: u64,
    positive_infinities: u64,
    negative_infinities: u64,
    moments: Moments,
}

/// A profile as the file's text.
pub fn write(profile: &Profile) -> String {
    let columns = profile.columns.iter().map(|(name, column)| (name.clone(), written(column))).collect();
    let file = File { version: VERSION, rows: profile.rows, columns };
    let text = serde_json::to_string_pretty(&file).expect("a profile holds texts and numbers");
    format!("{text}\n")
}

fn written(column: &ColumnProfile) -> Column {
    let ColumnProfile { kind, rows, nulls, values } = column;
    let mut file = Column {
        kind: *kind,
        rows: *rows,
        nulls: *nulls,
        numbers: None,
        quantiles_kll: None,
        distinct_hll: String::new(),
        frequent_items: None,
    };
    match values {
        Values::Numbers(numbers) => {
            file.numbers = Some(Numbers {
                nans: numbers.nans,
                positive_infinities: numbers.positive_infinities,
                negative_infinities: numbers.negative_infinities,
                moments: numbers.moments,
            });
            file.quantiles_kll = Some(STANDARD.encode(numbers.quantiles.serialize()));
            file.distinct_hll = STANDARD.encode(numbers.distinct.serialize());
        }
        Values::Categories(categories) => {
            file.frequent_items = Some(STANDARD.encode(categories.frequent.serialize()));
            file.distinct_hll = STANDARD.encode(categories.distinct.serialize());
        }
    }
    file
}

/// Reads a profile's file.
///
/// # Errors
/// The file, the column and what is wrong with it.
pub fn read(path: &Path) -> Result<Profile, Error> {
    let unreadable = |source| Error::Unreadable { path: path.to_owned(), source };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut text = String::new();
    file.take(MOST_BYTES + 1).read_to_string(&mut text).map_err(unreadable)?;
    if text.len() as u64 > MOST_BYTES {
        return Err(Error::malformed(path.display().to_string(), "more than 1 GiB, which no profile takes"));
    }
    parse(&path.display().to_string(), &text)
}

/// Reads a profile from the file's text; `name` is what errors call it.
///
/// # Errors
/// The column and what is wrong with it.
pub fn parse(name: &str, text: &str) -> Result<Profile, Error> {
    let file: File = serde_json::from_str(text).map_err(|error| Error::malformed(name, error))?;
    if file.version != VERSION {
        let found = format!("version {}, and this program reads version {VERSION}", file.version);
        return Err(Error::malformed(name, found));
    }
    let mut columns = BTreeMap::new();
    for (column, written) in file.columns {
        let at = format!("{name}: column `{column}`");
        if written.rows != file.rows || written.nulls > written.rows {
            let found = format!("{} rows and {} nulls of {} rows", written.rows, written.nulls, file.rows);
            return Err(Error::malformed(at, found));
        }
        columns.insert(column, restored(&at, &written)?);
    }
    Ok(Profile { rows: file.rows, columns })
}

fn restored(at: &str, written: &Column) -> Result<ColumnProfile, Error> {
    let distinct = hll(at, &bytes(at, &written.distinct_hll)?)?;
    let (values, seen) = match (written.kind, &written.numbers, &written.quantiles_kll, &written.frequent_items) {
        (Kind::Numbers | Kind::Times, Some(numbers), Some(quantiles), None) => {
            let bytes = bytes(at, quantiles)?;
            if bytes.len() > 4 && u16::from_le_bytes([bytes[4], bytes.get(5).copied().unwrap_or(0)]) > MOST_KLL_K {
                return Err(Error::malformed(at, format!("a KLL sketch of k above {MOST_KLL_K}")));
            }
            let quantiles = decoded(at, "KLL", || KllSketch::deserialize(&bytes).map_err(|error| error.to_string()))?;
            let Numbers { nans, positive_infinities, negative_infinities, moments } = *numbers;
            if quantiles.n() != moments.count {
                let found = format!("{} numbers counted and {} sketched", moments.count, quantiles.n());
                return Err(Error::malformed(at, found));
            }
            let profile =
                NumberProfile { nans, positive_infinities, negative_infinities, moments, quantiles, distinct };
            let infinities = positive_infinities.checked_add(negative_infinities);
            let seen = infinities.and_then(|sum| sum.checked_add(nans)).and_then(|sum| sum.checked_add(moments.count));
            (Values::Numbers(profile), seen)
        }
        (Kind::Categories, None, None, Some(frequent)) => {
            let bytes = bytes(at, frequent)?;
            if bytes.get(3).is_some_and(|lg| *lg > MOST_LG_COUNTERS) {
                return Err(Error::malformed(at, format!("frequent items with 2^{} counters", bytes[3])));
            }
            let frequent = decoded(at, "frequent items", || {
                FrequentItemsSketch::<String>::deserialize(&bytes).map_err(|error| error.to_string())
            })?;
            let seen = frequent.total_weight();
            (Values::Categories(CategoryProfile { frequent, distinct }), Some(seen))
        }
        _ => return Err(Error::malformed(at, "sketches that do not belong to its kind")),
    };
    if seen.and_then(|seen| seen.checked_add(written.nulls)) != Some(written.rows) {
        return Err(Error::malformed(at, "values and nulls that do not add up to its rows"));
    }
    Ok(ColumnProfile { kind: written.kind, rows: written.rows, nulls: written.nulls, values })
}

fn bytes(at: &str, text: &str) -> Result<Vec<u8>, Error> {
    STANDARD.decode(text).map_err(|error| Error::malformed(at, format!("no base64: {error}")))
}

fn hll(at: &str, bytes: &[u8]) -> Result<HllSketch, Error> {
    if bytes.get(3).is_some_and(|lg| *lg > MOST_LG_K) {
        return Err(Error::malformed(at, format!("HyperLogLog of 2^{} registers; ours have 2^{LG_K}", bytes[3])));
    }
    decoded(at, "HyperLogLog", || HllSketch::deserialize(bytes).map_err(|error| error.to_string()))
}

/// A decoder that panics has met a malformed sketch, and that is all it is.
fn decoded<T>(at: &str, what: &str, decode: impl FnOnce() -> Result<T, String>) -> Result<T, Error> {
    let decoded = unpanicked(decode).unwrap_or_else(|| Err("its parts contradict each other".to_owned()));
    decoded.map_err(|error| Error::malformed(at, format!("{what}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::super::{ColumnProfile, Error, Kind, Profile, Values};
    use super::{parse, write};
    use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray};
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;
    use std::sync::{Arc, LazyLock};

    static TEXT: LazyLock<String> = LazyLock::new(|| write(&profile()));

    fn profile() -> Profile {
        let mut random = fastrand::Rng::with_seed(5);
        let numbers: ArrayRef = Arc::new(Float64Array::from_iter_values((0..5_000).map(|_| random.f64())));
        let words: ArrayRef =
            Arc::new(StringArray::from_iter((0..5_000).map(|row| (row % 7 > 0).then(|| format!("w{}", row % 50)))));
        let mut profile = Profile::default();
        profile.see(&RecordBatch::try_from_iter([("n", numbers), ("w", words)]).unwrap()).unwrap();
        profile.columns.insert(
            "empty".to_owned(),
            ColumnProfile { rows: 5_000, nulls: 5_000, ..ColumnProfile::new(Kind::Numbers) },
        );
        profile
    }

    #[test]
    fn a_profile_comes_back_from_its_file() {
        let (there, back) = (profile(), parse("profile.json", &write(&profile())));
        let back = back.unwrap();
        assert_eq!(back.rows, there.rows);
        for (name, column) in &there.columns {
            match (&column.values, &back.columns[name].values) {
                (Values::Numbers(left), Values::Numbers(right)) => {
                    assert_eq!(left.moments, right.moments);
                    assert_eq!(left.quantile(0.5).is_some(), right.quantile(0.5).is_some());
                }
                (Values::Categories(left), Values::Categories(right)) => assert_eq!(left.frequent(), right.frequent()),
                _ => panic!("`{name}` changed its kind"),
            }
        }
    }

    #[test]
    fn a_broken_file_is_named_with_its_column() {
        fn check(change: impl Fn(&mut serde_json::Value), expected: &str) {
            let mut file: serde_json::Value = serde_json::from_str(&TEXT).unwrap();
            change(&mut file);
            let error = parse("p.json", &file.to_string()).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
        check(|file| file["version"] = 2.into(), "p.json: version 2, and this program reads version 1");
        check(
            |file| file["columns"]["n"]["nulls"] = 1.into(),
            "p.json: column `n`: values and nulls that do not add up",
        );
        check(|file| file["columns"]["n"]["quantiles_kll"] = "!".into(), "p.json: column `n`: no base64");
        check(
            |file| file["columns"]["n"]["kind"] = "categories".into(),
            "p.json: column `n`: sketches that do not belong",
        );
        check(
            |file| file["columns"]["n"]["distinct_hll"] = STANDARD.encode([10, 1, 7, 21]).into(),
            "p.json: column `n`: HyperLogLog of 2^21",
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]
        /// Bytes of a sketch changed, cut or appended: an error or a profile, never a panic or a gigabyte.
        #[test]
        fn no_sketch_brings_the_reader_down(
            sketch in 0_usize..4,
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
            cut in prop::option::of(any::<prop::sample::Index>()),
            head in prop::option::of(prop::collection::vec(any::<u8>(), 0..40)),
        ) {
            let (column, field) = [("n", "quantiles_kll"), ("n", "distinct_hll"), ("w", "frequent_items"), ("w", "distinct_hll")][sketch];
            let mut file: serde_json::Value = serde_json::from_str(&TEXT).unwrap();
            let mut bytes = STANDARD.decode(file["columns"][column][field].as_str().unwrap()).unwrap();
            for (place, value) in changes {
                // Most of what decides stands in front.
                let place = if value % 2 == 0 { place.index(bytes.len()) } else { place.index(bytes.len().min(40)) };
                bytes[place] = value;
            }
            if let Some(cut) = cut {
                bytes.truncate(cut.index(bytes.len()));
            }
            if let Some(head) = head {
                let end = head.len().min(bytes.len());
                bytes[..end].copy_from_slice(&head[..end]);
            }
            file["columns"][column][field] = STANDARD.encode(&bytes).into();
            match parse("p.json", &file.to_string()) {
                Ok(profile) => prop_assert_eq!(profile.rows, 5_000),
                Err(Error::Malformed { what, .. }) => prop_assert!(what.contains(column)),
                Err(other) => prop_assert!(false, "{}", other),
            }
        }

        #[test]
        fn no_text_brings_the_reader_down(text in ".{0,200}") {
            prop_assert!(parse("p.json", &text).is_err());
        }
    }
}
