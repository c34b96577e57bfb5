//! Statistics as pure functions: what `mod_106::statistics` does not have. Nothing here knows a column, a spec or a verdict.
//!
//! | Room | What it holds |
//! |---|---|
//! | `sample` | sorted values without NaN, and the walk over two samples with their ties |
//! | `anderson_darling`, `cramer_von_mises`, `mann_whitney`, `epps_singleton`, `student`, `proportions` | tests of two samples |
//! | `contingency`, `fisher` | tests of tables of counts |
//! | `energy`, `distances` | how far apart, of values and of shares |
//! | `binned` | quantile bins with bins of their own for −∞, +∞ and what is missing |
//! | `permutation` | p-values by exchanging units: values, blocks, hours |
//! | `autocorrelation` | how long a series remembers, and what blocks that asks for |
//! | `conformal` | an e-process of two samples that holds at every look |
//! | `e_values` | e-BH |
//! | `power` | the sizes that these tests need |
//! | `bessel`, `binomial`, `normal` | the functions behind them |
//!
//! Every test is held against scipy in `tests/it/statistics.rs`. What is not defined is `None`; nothing panics on an empty sample.

pub mod anderson_darling;
pub mod autocorrelation;
mod bessel;
pub mod binned;
mod binomial;
pub mod conformal;
pub mod contingency;
pub mod cramer_von_mises;
pub mod distances;
pub mod e_values;
pub mod energy;
pub mod epps_singleton;
pub mod fisher;
pub mod mann_whitney;
pub mod normal;
pub mod permutation;
pub mod power;
pub mod proportions;
pub mod sample;
pub mod student;

/// What a test says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Test {
    /// The statistic; which one, the test's file says.
    pub statistic: f64,
    /// How probable a statistic as extreme is without a difference.
    pub p_value: f64,
}
