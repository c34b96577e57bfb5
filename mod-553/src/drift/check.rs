//! One comparison from end to end: which columns belong together, how each is collected within the memory that there is, on all cores,
//! and what came of it.

use super::decide::{self, Compared, Found};
use super::error::Error;
use super::input::{Data, Table};
use super::measure::{Collector, Sample, Shape, Values, compare};
use super::order;
use super::outcome::{Counts, Dataset, Family, Outcome, VERSION, Verdict, Window};
use super::pairs::{Pair, Paired, pairs};
use super::spec::Spec;
use crate::decision::{Evidence, Looks};
use crate::profile::{ColumnProfile, Kind as ProfileKind, Profile};
use mod_106::validation::read::{Kind, Source, Unwatched, Watch};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A column of so few different numbers is compared as categories, when nobody names its method.
const FEW_NUMBERS: f64 = 10.0;
/// Numbers of both sides and what sorting the longer one takes, in bytes a row.
const BYTES_A_ROW: u64 = 32;

/// What a comparison is done with.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Bytes that collected columns may take; beyond it, columns are sketched.
    pub memory_limit: u64,
    /// Cores to use.
    pub threads: usize,
    /// The time it is.
    pub now: jiff::Timestamp,
}

/// What is known of data that are a window of a stream.
#[derive(Clone, Debug)]
pub struct Stream {
    /// From when to when.
    pub window: Window,
    /// What a watch over a column says of all its windows so far, by column.
    pub e_values: BTreeMap<String, f64>,
    /// Evidence that took the order of values into account, by column.
    pub in_order: BTreeMap<String, Evidence>,
}

/// Compares.
///
/// # Errors
/// When the data cannot be read, or the watch asks to stop; what the data are like is in the outcome.
pub fn check(
    spec: &Spec,
    reference: &Data,
    current: &Data,
    stream: Option<Stream>,
    settings: Settings,
    watch: &(dyn Watch + Sync),
) -> Result<Outcome, Error> {
    let started = std::time::Instant::now();
    let Paired { pairs, broken, new, mut notes } = pairs(spec, reference, current)?;
    let rows = reference.rows().max(current.rows());
    let fits = |columns: u64| columns.saturating_mul(rows).saturating_mul(BYTES_A_ROW) <= settings.memory_limit;
    let at_once = if [reference, current].iter().any(|data| is_read_whole(data)) { pairs.len() } else { 1 };
    let threads = (1..=settings.threads.max(1)).rev().find(|threads| fits(*threads as u64)).unwrap_or(1);
    let exact = fits(at_once.max(threads).max(1) as u64);
    let sides = [reference, current].map(|data| Held::of(data, &pairs, exact, settings.threads, watch));
    let [reference_held, current_held] = sides;
    let (left, right) = (reference_held?, current_held?);
    let (window, e_values, in_order) = match stream {
        Some(it) => (Some(it.window), it.e_values, it.in_order),
        None => (None, BTreeMap::new(), order::evidence(spec, &pairs, (reference, current), watch)?),
    };
    if !exact {
        notes.push("the data do not fit into the memory limit and were sketched".to_owned());
    }
    let found = on_all_cores(pairs.len(), threads, |place, scratch| {
        let pair = &pairs[place];
        let (one, two) =
            (left.sample(pair, pair.reference, scratch, watch)?, right.sample(pair, pair.current, scratch, watch)?);
        Ok(judge_alone(spec, pair, pairs.len(), one, two, in_order.get(&pair.name)))
    })?;
    let mut compared = Vec::new();
    for found in found {
        match found {
            Ok(one) => compared.push(one),
            Err(note) => notes.push(note),
        }
    }
    compared.extend(broken);
    if spec.policy.looks == Looks::Repeated && window.is_none() {
        notes.push(
            "this is one look; for verdicts that hold over many, `drift serve` keeps a watch over each column"
                .to_owned(),
        );
    }
    let mut columns = decide::decide(spec, compared, &e_values);
    columns.sort_by_key(|column| pairs.iter().position(|pair| pair.name == column.column).unwrap_or(usize::MAX));
    let counts = Counts::of(&columns);
    let verdict = columns.iter().map(|column| column.verdict).max().unwrap_or(Verdict::Inconclusive);
    Ok(Outcome {
        version: VERSION,
        monitor: spec.monitor.clone(),
        tool: concat!("mod-553 ", env!("CARGO_PKG_VERSION")).to_owned(),
        started_at: settings.now.to_string(),
        duration_seconds: started.elapsed().as_secs_f64(),
        verdict,
        why: sentence(verdict, counts, columns.len()),
        window,
        reference: dataset(reference),
        current: dataset(current),
        family: Family { policy: spec.policy, counts },
        columns,
        new_columns: new,
        notes,
    })
}

/// Profiles a table, column by column on all cores where the file allows it.
///
/// # Errors
/// When the data cannot be read, or the watch asks to stop.
pub fn profile(table: &Table, threads: usize, watch: &(dyn Watch + Sync)) -> Result<Profile, Error> {
    let source = &table.source;
    let columns: Vec<usize> = (0..source.fields.len()).collect();
    let groups: Vec<&[usize]> = if source.is_text() { vec![&columns] } else { columns.chunks(1).collect() };
    let parts = on_all_cores(groups.len(), threads, |place, _| profile_of(source, groups[place], watch))?;
    let mut profile = Profile { rows: source.rows, ..Profile::default() };
    for (name, column) in parts.into_iter().flatten() {
        profile.columns.insert(name, column);
    }
    Ok(profile)
}

/// Measures all columns one after the other on one core and returns the time that sorting, walking and counting took, without reading:
/// what a benchmark sets beside the kernels of other libraries. The clock is passed in.
///
/// # Errors
/// When the data cannot be read.
pub fn kernels(spec: &Spec, reference: &Data, current: &Data, clock: impl Fn() -> f64) -> Result<f64, Error> {
    let Paired { pairs, .. } = pairs(spec, reference, current)?;
    let (mut seconds, mut scratch) = (0.0, Vec::new());
    for pair in &pairs {
        let (Data::Table(left), Data::Table(right)) = (reference, current) else { continue };
        let one = collect(&left.source, &[(pair.reference, pair.shape)], &Unwatched)?;
        let two = collect(&right.source, &[(pair.current, pair.shape)], &Unwatched)?;
        let started = clock();
        let samples: Vec<Sample> = one.into_iter().chain(two).map(|it| it.finish(&mut scratch)).collect();
        if let [one, two] = samples.as_slice() {
            std::hint::black_box(compare(one, two, spec.policy.bins, spec.max_categories));
        }
        seconds += clock() - started;
    }
    Ok(seconds)
}

fn profile_of(source: &Source, columns: &[usize], watch: &dyn Watch) -> Result<Vec<(String, ColumnProfile)>, Error> {
    let kind = |column: &usize| match source.fields[*column].kind {
        Kind::Integer | Kind::Float => ProfileKind::Numbers,
        Kind::Boolean | Kind::Text => ProfileKind::Categories,
        Kind::Timestamp => ProfileKind::Times,
    };
    let mut profiles: Vec<ColumnProfile> = columns.iter().map(|column| ColumnProfile::new(kind(column))).collect();
    let mut refused = None;
    source.scan_dictionaries(columns, watch, &mut |arrays| {
        for (profile, array) in profiles.iter_mut().zip(arrays) {
            if let Err(error) = profile.see(array) {
                refused.get_or_insert(error);
            }
        }
        Ok(())
    })?;
    if let Some(error) = refused {
        return Err(error.into());
    }
    let names = columns.iter().map(|column| source.fields[*column].name.clone());
    Ok(names.zip(profiles).collect())
}

fn is_read_whole(data: &Data) -> bool {
    matches!(data, Data::Table(table) if table.source.is_text())
}

/// One side while columns are compared: read column by column, or held already.
enum Held<'a> {
    Columns(&'a Source),
    Samples(Vec<Mutex<Option<Collector>>>),
    Profile(Profile),
    Given(&'a Profile),
}

impl<'a> Held<'a> {
    fn of(
        data: &'a Data,
        pairs: &[Pair],
        exact: bool,
        threads: usize,
        watch: &(dyn Watch + Sync),
    ) -> Result<Self, Error> {
        let table = match data {
            Data::Profile { profile, .. } => return Ok(Self::Given(profile)),
            Data::Table(table) => table,
        };
        if !exact {
            return profile(table, threads, watch).map(Self::Profile);
        }
        if !table.source.is_text() {
            return Ok(Self::Columns(&table.source));
        }
        let places: Vec<(usize, Shape)> =
            pairs.iter().filter_map(|pair| Some((table.source.column(&pair.name)?, pair.shape))).collect();
        Ok(Self::Samples(collect(&table.source, &places, watch)?.into_iter().map(|it| Mutex::new(Some(it))).collect()))
    }

    fn sample(&self, pair: &Pair, column: usize, scratch: &mut Vec<u64>, watch: &dyn Watch) -> Result<Sample, Error> {
        let nothing = || Collector::new(pair.shape, 0);
        let profiled = match self {
            Self::Profile(profile) => Some(profile),
            Self::Given(profile) => Some(*profile),
            Self::Columns(_) | Self::Samples(_) => None,
        };
        if let Some(profile) = profiled {
            let column = profile.columns.get(&pair.name);
            return Ok(match column.filter(|column| column.nulls < column.rows) {
                Some(column) => Sample::of_profile(column),
                None => {
                    let mut sample = nothing().finish(scratch);
                    let rows = column.map_or(0, |column| column.rows);
                    (sample.facts.rows, sample.facts.nulls) = (rows, rows);
                    sample
                }
            });
        }
        Ok(match self {
            Self::Columns(source) => {
                let collected = collect(source, &[(column, pair.shape)], watch)?;
                let mut collected = collected.into_iter();
                collected.next().unwrap_or_else(nothing).finish(scratch)
            }
            Self::Samples(samples) => {
                let taken = samples.get(pair.place).and_then(|sample| sample.lock().ok()?.take());
                taken.unwrap_or_else(nothing).finish(scratch)
            }
            Self::Profile(_) | Self::Given(_) => nothing().finish(scratch),
        })
    }
}

fn collect(source: &Source, columns: &[(usize, Shape)], watch: &dyn Watch) -> Result<Vec<Collector>, Error> {
    let mut collectors: Vec<Collector> = columns.iter().map(|(_, shape)| Collector::new(*shape, source.rows)).collect();
    let places: Vec<usize> = columns.iter().map(|(place, _)| *place).collect();
    source.scan_dictionaries(&places, watch, &mut |arrays| {
        for (collector, array) in collectors.iter_mut().zip(arrays) {
            collector.see(array).map_err(|error| mod_106::validation::Error::Data {
                at: source.given.clone(),
                found: error.to_string(),
                advice: "write the file again".to_owned(),
            })?;
        }
        Ok(())
    })?;
    Ok(collectors)
}

/// Measures one column, and says which evidence it gives; or why it was left out.
fn judge_alone(
    spec: &Spec,
    pair: &Pair,
    tests: usize,
    mut one: Sample,
    mut two: Sample,
    in_order: Option<&Evidence>,
) -> Result<Compared, String> {
    let own = spec.of_column(&pair.name);
    let holds_nothing = |sample: &Sample| sample.facts.rows == sample.missing();
    if holds_nothing(&one) && holds_nothing(&two) {
        return Err(format!("`{}` was not compared: neither side has a value", pair.name));
    }
    let distinct = one.facts.distinct.unwrap_or(f64::INFINITY);
    let is_categorical = matches!(one.values, Values::Categories(_));
    if own.is_none() && is_categorical && distinct > 1000.0 && distinct > 0.5 * one.n as f64 {
        let name = &pair.name;
        return Err(format!(
            "`{name}` was not compared: nearly every value is another one, as of an identifier; list it under `columns` to compare it"
        ));
    }
    let wanted = own.and_then(|own| own.method);
    let few = distinct <= FEW_NUMBERS
        && one.n > 0
        && one.error == 0.0
        && two.facts.distinct.is_some_and(|other| other <= 10.0 * FEW_NUMBERS);
    let mut numbers = !is_categorical;
    if numbers
        && (wanted.is_some_and(|method| !method.compares_numbers()) || (wanted.is_none() && few && two.error == 0.0))
    {
        one.as_categories();
        two.as_categories();
        numbers = false;
    }
    let method = wanted.unwrap_or(if numbers { spec.numeric } else { spec.categorical });
    let effect = own.and_then(|own| own.effect).unwrap_or(spec.effect);
    let question = spec.policy.question(method, effect, tests);
    let kind = if numbers { "numbers" } else { "categories" }.to_owned();
    let found = match compare(&one, &two, spec.policy.bins, spec.max_categories) {
        Some(measured) => {
            let evidence = match in_order.filter(|_| numbers) {
                Some(evidence) => evidence.clone(),
                None => decide::evidence(&pair.name, &measured, (&one, &two), &question),
            };
            let missing = decide::missing(&pair.name, &one, &two, &question);
            Found::Measured(Box::new((measured, evidence, missing)))
        }
        None => Found::Broken(format!("`{}` holds numbers on one side and categories on the other", pair.name)),
    };
    Ok(Compared { column: pair.name.clone(), kind, found })
}

/// Does a list of things on all cores; each core keeps its scratch. The first error ends it.
fn on_all_cores<T: Send>(
    count: usize,
    threads: usize,
    each: impl Fn(usize, &mut Vec<u64>) -> Result<T, Error> + Sync,
) -> Result<Vec<T>, Error> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, T)>> = Mutex::new(Vec::with_capacity(count));
    let failed: Mutex<Option<Error>> = Mutex::new(None);
    let work = || {
        let mut scratch = Vec::new();
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            if place >= count {
                return;
            }
            match each(place, &mut scratch) {
                Ok(one) => done.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((place, one)),
                Err(error) => {
                    next.store(count, Ordering::Relaxed);
                    failed.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get_or_insert(error);
                    return;
                }
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads.min(count) {
            scope.spawn(work);
        }
        work();
    });
    if let Some(error) = failed.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner) {
        return Err(error);
    }
    let mut done = done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    done.sort_by_key(|(place, _)| *place);
    Ok(done.into_iter().map(|(_, one)| one).collect())
}

fn dataset(data: &Data) -> Dataset {
    let columns = match data {
        Data::Table(table) => table.source.fields.len(),
        Data::Profile { profile, .. } => profile.columns.len(),
    };
    let digest = match data {
        Data::Table(table) => Some(table.source.digest.clone()),
        Data::Profile { .. } => None,
    };
    Dataset { location: data.given().to_owned(), format: data.format().to_owned(), digest, rows: data.rows(), columns }
}

fn sentence(verdict: Verdict, counts: Counts, all: usize) -> String {
    let of = |count: usize| format!("{count} of {all} columns");
    match verdict {
        Verdict::Drift => format!("{} drifted", of(counts.drift)),
        Verdict::Broken => format!("{} cannot be compared any more", of(counts.broken)),
        Verdict::Unresolved => {
            format!("of {} only the data can tell, for the sketches are too coarse", of(counts.unresolved))
        }
        Verdict::Inconclusive if all == 0 => "no column was compared".to_owned(),
        Verdict::Inconclusive => format!("{} have too few values to tell", of(counts.inconclusive)),
        Verdict::Stable => format!("none of {all} columns drifted"),
    }
}
