//! What it costs to do nothing, against what retraining costs. Pure, in exact decimals.
//!
//! ```text
//! benefit = loss × recovered × value_per_prediction × predictions_per_day × horizon_days
//! ```
//!
//! `loss` is how much of the metric is gone (its unit: accuracy points as a share, say), `recovered` the share of it that a retraining
//! brings back, `value_per_prediction` money for one unit of the metric and one prediction. Loss and recovery are intervals; the
//! benefit's ends are the products of theirs, which is wide, and wide is honest: nobody knows how they go together.

use super::policy::Policy;
use super::signal::Performance;
use rust_decimal::{Decimal, RoundingStrategy};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is expected, with all that went into it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Impact {
    /// Which metric.
    pub metric: String,
    /// `sha256:` and the digest of the estimates that the loss is from.
    pub estimates: String,
    /// How much of it is lost at least and at most, in the metric's unit; a negative loss is a gain.
    #[schemars(with = "[String; 2]")]
    pub loss: [Decimal; 2],
    /// The share that retraining brings back, at least and at most.
    #[schemars(with = "[String; 2]")]
    pub recovered: [Decimal; 2],
    /// Predictions within the horizon.
    pub predictions: u64,
    /// Money for one unit of the metric and one prediction.
    #[schemars(with = "String")]
    pub value_per_prediction: Decimal,
    /// Money that retraining brings at least and at most; cents, rounded outwards.
    #[schemars(with = "[String; 2]")]
    pub benefit: [Decimal; 2],
    /// Money that it costs.
    #[schemars(with = "String")]
    pub cost: Decimal,
    /// ISO 4217.
    pub currency: String,
}

/// Whether it is worth it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Worth {
    /// The whole interval is above the cost.
    Yes,
    /// The whole interval is at or below it.
    No,
    /// The cost lies within the interval: more data will tell.
    Unclear,
}

/// What this loss is worth under this policy; `estimates` is the digest of the file that says it.
///
/// # Errors
/// Figures so large that no decimal holds them.
pub fn impact(policy: &Policy, seen: &Performance, estimates: &str) -> Result<Impact, String> {
    let terms = &policy.impact;
    let too_large = || "the figures are too large for exact decimals; are the units right?".to_owned();
    let loss = seen.loss.ok_or_else(|| format!("{} is not known", seen.metric.word()))?;
    let [low, high] = [loss.low, loss.high].map(|end| Decimal::try_from(end).map(|end| end.round_dp(12)));
    let loss = [low.map_err(|_| too_large())?, high.map_err(|_| too_large())?];
    let predictions = terms.predictions_per_day.checked_mul(u64::from(terms.horizon_days)).ok_or_else(too_large)?;
    let worth = |loss: Decimal, share: Decimal| {
        loss.checked_mul(share)?.checked_mul(terms.value_per_prediction)?.checked_mul(Decimal::from(predictions))
    };
    // A gain (a negative loss) is lost the more, the more is "brought back": the ends are those of all four products.
    let ends = loss.iter().flat_map(|loss| terms.recovered.iter().map(move |share| worth(*loss, *share)));
    let ends = ends.collect::<Option<Vec<_>>>().ok_or_else(too_large)?;
    let (low, high) = (ends.iter().min().copied().unwrap_or_default(), ends.iter().max().copied().unwrap_or_default());
    let cents = |amount: Decimal, towards| {
        let mut rounded = amount.round_dp_with_strategy(2, towards);
        rounded.rescale(2);
        rounded
    };
    let benefit = [cents(low, RoundingStrategy::ToNegativeInfinity), cents(high, RoundingStrategy::ToPositiveInfinity)];
    Ok(Impact {
        metric: terms.metric.word().to_owned(),
        estimates: estimates.to_owned(),
        loss: loss.map(|end| end.normalize()),
        recovered: terms.recovered,
        predictions,
        value_per_prediction: terms.value_per_prediction,
        benefit,
        cost: cents(policy.cost.total(), RoundingStrategy::ToPositiveInfinity),
        currency: policy.cost.currency.clone(),
    })
}

impl Impact {
    /// Whether it is worth it.
    pub fn worth(&self) -> Worth {
        let [low, high] = self.benefit;
        if low > self.cost {
            Worth::Yes
        } else if high <= self.cost {
            Worth::No
        } else {
            Worth::Unclear
        }
    }

    /// It in words.
    pub fn sentence(&self) -> String {
        let ([low, high], [least, most], Self { cost, currency, metric, .. }) = (self.benefit, self.loss, self);
        format!(
            "losing {least} to {most} of {metric} is worth {low} to {high} {currency}; retraining costs {cost} {currency}"
        )
    }
}
