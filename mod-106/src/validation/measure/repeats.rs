//! Values and rows that occur more than once: exactly, whatever the size. Each row becomes a fingerprint of 128 bits; when not all
//! fingerprints fit into memory, the data are read several times, each time for another part of them.
//!
//! Two of 10¹² different rows share a fingerprint with a probability of 10⁻¹⁵.

use super::super::error::Error;
use super::breaks::Breaks;
use super::cell;
use crate::validation::read::{Source, Watch};
use arrow::array::{Array, ArrayRef};
use std::hash::{DefaultHasher, Hash, Hasher};

/// Bytes that one fingerprint and its row number take.
const BYTES_EACH: u64 = 24;

/// Counts rows that repeat an earlier one in these columns. `skip_nulls`: a row with a null in all of them is no repetition.
pub(in crate::validation) fn measure(
    source: &Source,
    columns: &[usize],
    skip_nulls: bool,
    memory_limit: u64,
    watch: &dyn Watch,
) -> Result<Breaks, Error> {
    let passes = (source.rows * BYTES_EACH).div_ceil((memory_limit / 2).max(BYTES_EACH)).max(1);
    let mut breaks = Breaks::default();
    let mut repeated = Vec::new();
    for pass in 0..passes {
        let mut seen: Vec<(u128, u64)> = Vec::new();
        let mut row = 0;
        source.scan(columns, watch, &mut |arrays| {
            let count = arrays.first().map_or(0, Array::len);
            for at in 0..count {
                let all_null = skip_nulls && arrays.iter().all(|array| array.is_null(at));
                if !all_null {
                    let print = fingerprint(arrays, at);
                    if print as u64 % passes == pass {
                        seen.push((print, row));
                    }
                }
                row += 1;
            }
            Ok(())
        })?;
        seen.sort_unstable();
        breaks.of += seen.len() as u64;
        repeated.extend(seen.windows(2).filter(|pair| pair[0].0 == pair[1].0).map(|pair| (pair[1].1, pair[0].1)));
    }
    repeated.sort_unstable();
    for (row, earlier) in repeated {
        breaks.add(row, || format!("as row {}", earlier + 1));
    }
    Ok(breaks)
}

fn fingerprint(arrays: &[ArrayRef], row: usize) -> u128 {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        salt.hash(&mut hasher);
        for array in arrays {
            match array.as_any().downcast_ref::<arrow::array::StringArray>() {
                Some(texts) if texts.is_valid(row) => (1_u8, texts.value(row)).hash(&mut hasher),
                _ => cell(array, row).hash(&mut hasher),
            }
        }
        hasher.finish()
    };
    u128::from(half(0)) << 64 | u128::from(half(1))
}
