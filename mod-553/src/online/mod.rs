//! Online detectors: one value in, one signal out, and a state that is a few numbers. They find the moment at which a stream of
//! errors, scores or feature values stopped being what it was, without keeping the stream.
//!
//! | File | Detector | Takes |
//! |---|---|---|
//! | `adwin` | ADWIN: a window that grows while its mean stands still, and shrinks when it moved | numbers |
//! | `page_hinkley` | Page–Hinkley: what was above or below the mean so far, summed up | numbers |
//! | `kswin` | KSWIN: the newest values against a sample of the older ones, by Kolmogorov–Smirnov | numbers |
//! | `ddm` | DDM: the error rate against the lowest it ever was | errors, 0 or 1 |
//! | `eddm` | EDDM: the distance between errors against the longest it ever was | errors, 0 or 1 |
//! | `hddm_a` | HDDM-A: Hoeffding's bound on averages | values in 0 to 1 |
//! | `hddm_w` | HDDM-W: McDiarmid's bound on exponentially weighted averages | values in 0 to 1 |
//! | `mean` | the running mean that four of them share | |
//! | `twister` | the random numbers of Python, which KSWIN draws its sample with | |
//! | `error` | what a detector refuses | |
//!
//! All have River's names, defaults and semantics, to the same alarm at the same index. Two of these surprise: after an alarm a
//! detector starts from nothing with the next value (also ADWIN, whose paper keeps the newer half), and a DDM that has seen no error
//! in its warm-up alarms at the first one.

mod adwin;
mod ddm;
mod eddm;
mod error;
mod hddm_a;
mod hddm_w;
mod kswin;
mod mean;
mod page_hinkley;
mod twister;

pub use adwin::Settings as AdwinSettings;
pub use ddm::Settings as DdmSettings;
pub use eddm::Settings as EddmSettings;
pub use error::Error;
pub use hddm_a::Settings as HddmASettings;
pub use hddm_w::Settings as HddmWSettings;
pub use kswin::Settings as KswinSettings;
pub use page_hinkley::{Direction, Settings as PageHinkleySettings};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The largest magnitude that is taken: its square, summed over any stream, is still a number.
pub const LARGEST: f64 = 1e140;

/// What a detector says after a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Signal {
    /// Nothing to say.
    #[default]
    Quiet,
    /// Something may be changing; only DDM, EDDM and both HDDM warn.
    Warning,
    /// The stream changed. The detector starts anew with the next value.
    Drift,
}

/// Which detector, and how it is set: data of a monitor's spec. What is left out has River's default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "detector", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the table above says what each is")]
pub enum Settings {
    Adwin(AdwinSettings),
    PageHinkley(PageHinkleySettings),
    Kswin(KswinSettings),
    Ddm(DdmSettings),
    Eddm(EddmSettings),
    HddmA(HddmASettings),
    HddmW(HddmWSettings),
}

/// A detector and all that it remembers. Serialised and read back, it goes on as if nothing had happened.
///
/// ```
/// use mod_553::online::{AdwinSettings, Detector, Settings, Signal};
///
/// let mut detector = Detector::new(&Settings::Adwin(AdwinSettings::default()))?;
/// let values = (0..500).map(|_| 0.0).chain((0..6).map(|_| 1.0));
/// for value in values {
///     assert_eq!(detector.update(value)?, Signal::Quiet);
/// }
/// let kept = serde_json::to_string(&detector).expect("states are plain numbers");
/// let mut resumed: Detector = serde_json::from_str(&kept).expect("what we wrote");
/// let at = (506..).find(|_| resumed.update(1.0) == Ok(Signal::Drift));
/// assert_eq!(at, Some(511));
/// # Ok::<(), mod_553::online::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "State", into = "State")]
pub struct Detector(State);

/// A state as it is written. Only a checked one becomes a detector: no file can make `update` panic.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "detector", rename_all = "snake_case")]
enum State {
    Adwin(adwin::Adwin),
    PageHinkley(page_hinkley::PageHinkley),
    Kswin(Box<kswin::Kswin>),
    Ddm(ddm::Ddm),
    Eddm(eddm::Eddm),
    HddmA(hddm_a::HddmA),
    HddmW(hddm_w::HddmW),
}

impl Detector {
    /// A detector that has seen nothing.
    ///
    /// # Errors
    /// A setting outside its range.
    pub fn new(settings: &Settings) -> Result<Self, Error> {
        let state = match settings.clone() {
            Settings::Adwin(settings) => State::Adwin(adwin::Adwin::new(settings)),
            Settings::PageHinkley(settings) => State::PageHinkley(page_hinkley::PageHinkley::new(settings)),
            Settings::Kswin(settings) => State::Kswin(Box::new(kswin::Kswin::new(settings))),
            Settings::Ddm(settings) => State::Ddm(ddm::Ddm::new(settings)),
            Settings::Eddm(settings) => State::Eddm(eddm::Eddm::new(settings)),
            Settings::HddmA(settings) => State::HddmA(hddm_a::HddmA::new(settings)),
            Settings::HddmW(settings) => State::HddmW(hddm_w::HddmW::new(settings)),
        };
        Self::try_from(state)
    }

    /// How it is set.
    pub fn settings(&self) -> Settings {
        match &self.0 {
            State::Adwin(detector) => Settings::Adwin(detector.settings.clone()),
            State::PageHinkley(detector) => Settings::PageHinkley(detector.settings.clone()),
            State::Kswin(detector) => Settings::Kswin(detector.settings.clone()),
            State::Ddm(detector) => Settings::Ddm(detector.settings.clone()),
            State::Eddm(detector) => Settings::Eddm(detector.settings.clone()),
            State::HddmA(detector) => Settings::HddmA(detector.settings.clone()),
            State::HddmW(detector) => Settings::HddmW(detector.settings.clone()),
        }
    }

    /// Takes the next value of the stream.
    ///
    /// # Errors
    /// A value that is not a number, that is beyond [`LARGEST`], or that is none of those which this detector takes; then nothing
    /// has changed, and the next value may be given.
    #[inline]
    pub fn update(&mut self, value: f64) -> Result<Signal, Error> {
        if value.is_nan() || value.abs() > LARGEST {
            return Err(Error::unusable(value));
        }
        match &mut self.0 {
            State::Adwin(detector) => Ok(detector.update(value)),
            State::PageHinkley(detector) => Ok(detector.update(value)),
            State::Kswin(detector) => Ok(detector.update(value)),
            State::Ddm(detector) => Ok(detector.update(bit("ddm", value)?)),
            State::Eddm(detector) => Ok(detector.update(bit("eddm", value)?)),
            State::HddmA(detector) => Ok(detector.update(share("hddm_a", value)?)),
            State::HddmW(detector) => Ok(detector.update(share("hddm_w", value)?)),
        }
    }
}

impl TryFrom<State> for Detector {
    type Error = Error;

    fn try_from(state: State) -> Result<Self, Error> {
        match &state {
            State::Adwin(detector) => detector.check()?,
            State::PageHinkley(detector) => detector.settings.check()?,
            State::Kswin(detector) => detector.check()?,
            State::Ddm(detector) => detector.settings.check()?,
            State::Eddm(detector) => detector.settings.check()?,
            State::HddmA(detector) => detector.settings.check()?,
            State::HddmW(detector) => detector.settings.check()?,
        }
        Ok(Self(state))
    }
}

impl From<Detector> for State {
    fn from(detector: Detector) -> Self {
        detector.0
    }
}

/// An error of a model, or none.
fn bit(detector: &'static str, value: f64) -> Result<bool, Error> {
    match value {
        0.0 => Ok(false),
        1.0 => Ok(true),
        _ => Err(Error::NotABit { detector, value }),
    }
}

/// A loss within the range that Hoeffding's bounds are for.
fn share(detector: &'static str, value: f64) -> Result<f64, Error> {
    if (0.0..=1.0).contains(&value) { Ok(value) } else { Err(Error::NotAShare { detector, value }) }
}

#[cfg(test)]
mod tests;
