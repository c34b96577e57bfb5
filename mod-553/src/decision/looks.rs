//! Daily looks at one column: its e-process and what it found.

use crate::statistics::conformal::Process;
use serde::{Deserialize, Serialize};

/// The watch over one column: keep it between windows, as JSON. Give `Evidence::e_value` what `look` answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Watch(Process);

impl Watch {
    /// A watch that compares with a reference. NaN are left out; the seed breaks ties.
    pub fn new(reference: &[f64], seed: u64) -> Self {
        Self(Process::new(reference, seed))
    }

    /// Looks at the values of one window, in the order of their arrival, and says what the bet against "no drift" is worth since
    /// the first look.
    pub fn look(&mut self, values: &[f64]) -> f64 {
        self.0.look(values)
    }

    /// What it is worth; 1 before the first look.
    pub fn e_value(&self) -> f64 {
        self.0.e_value()
    }

    /// How often it looked.
    pub fn looks(&self) -> usize {
        self.0.looks()
    }
}
