//! The world that the model knows: payments as they come, and which of them are fraud. Everything is drawn from a seed, so that
//! training, traffic and rehearsals are the same on every machine.
//!
//! Fraud follows a logistic law over the features, with noise that no model can learn: the best possible accuracy is well below one,
//! as it is in life.

use crate::inference_log::Value;
use fastrand::Rng;
use std::collections::BTreeMap;

/// Where a payment came from, with its share and what it adds to the log odds of fraud.
pub(super) const CHANNELS: [(&str, f64, f64); 3] = [("web", 0.5, 0.5), ("app", 0.35, -0.6), ("phone", 0.15, 0.9)];
/// What was bought.
pub(super) const MERCHANTS: [(&str, f64, f64); 4] =
    [("groceries", 0.4, -0.8), ("travel", 0.2, 0.4), ("electronics", 0.25, 0.7), ("gaming", 0.15, 1.1)];

/// One payment, with the truth that comes to be known later.
#[derive(Clone, Debug, PartialEq)]
pub struct Payment {
    /// The amount in US dollars.
    pub amount_usd: f64,
    /// How old the paying account is.
    pub account_age_days: f64,
    /// Payments that the account tried within the last day.
    pub attempts_24h: f64,
    /// The hour of the day, 0 to 23.
    pub hour: f64,
    /// Where it came from.
    pub channel: &'static str,
    /// What was bought.
    pub merchant: &'static str,
    /// Whether it was fraud.
    pub fraud: bool,
}

/// An endless row of payments.
#[derive(Debug)]
pub struct Population {
    random: Rng,
}

impl Population {
    /// The row that this seed stands for.
    pub fn new(seed: u64) -> Self {
        Self { random: Rng::with_seed(seed) }
    }

    /// The next payment.
    pub fn draw(&mut self) -> Payment {
        let amount_usd = (3.6 + 1.0 * self.normal()).exp();
        let account_age_days = (-self.random.f64().max(1e-12).ln() * 400.0).min(4_000.0);
        let attempts_24h = self.poisson(1.3);
        let hour = f64::from(self.random.u32(0..24));
        let (channel, _, by_channel) = self.one_of(&CHANNELS);
        let (merchant, _, by_merchant) = self.one_of(&MERCHANTS);
        let night = if hour < 6.0 { 0.8 } else { 0.0 };
        let log_odds = -3.4 + 1.1 * (amount_usd.ln_1p() - 3.6) - 0.004 * account_age_days.min(700.0)
            + 0.75 * attempts_24h
            + by_channel
            + by_merchant
            + night;
        let fraud = self.random.f64() < 1.0 / (1.0 + (-log_odds).exp());
        let amount_usd = (amount_usd * 100.0).round() / 100.0;
        Payment { amount_usd, account_age_days: account_age_days.round(), attempts_24h, hour, channel, merchant, fraud }
    }

    /// By Box and Muller (1958).
    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * self.random.f64().max(1e-300).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.random.f64()).cos()
    }

    /// By Knuth (The Art of Computer Programming 2, 3.4.1): good enough for small means.
    fn poisson(&mut self, mean: f64) -> f64 {
        let limit = (-mean).exp();
        let (mut count, mut product) = (0_u32, self.random.f64());
        while product > limit {
            count += 1;
            product *= self.random.f64();
        }
        f64::from(count)
    }

    fn one_of<const N: usize>(&mut self, among: &[(&'static str, f64, f64); N]) -> (&'static str, f64, f64) {
        let mut left = self.random.f64();
        for one in among {
            left -= one.1;
            if left <= 0.0 {
                return *one;
            }
        }
        among[N - 1]
    }
}

impl Payment {
    /// The features as a caller sends them.
    pub fn features(&self) -> BTreeMap<String, Value> {
        let numbers = [
            ("amount_usd", self.amount_usd),
            ("account_age_days", self.account_age_days),
            ("attempts_24h", self.attempts_24h),
            ("hour", self.hour),
        ];
        let numbers = numbers.map(|(name, value)| (name.to_owned(), Value::Number(value)));
        let texts = [("channel", self.channel), ("merchant", self.merchant)];
        let texts = texts.map(|(name, value)| (name.to_owned(), Value::Text(value.to_owned())));
        numbers.into_iter().chain(texts).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Population;

    #[test]
    fn some_payments_are_fraud_and_a_seed_is_a_seed() {
        let draw = |seed| {
            let mut population = Population::new(seed);
            (0..5_000).map(|_| population.draw()).collect::<Vec<_>>()
        };
        let payments = draw(3);
        let share = payments.iter().filter(|payment| payment.fraud).count() as f64 / 5_000.0;
        assert!((0.08..0.30).contains(&share), "{share}");
        assert_eq!(payments, draw(3));
        assert_ne!(payments[0], draw(4)[0]);
    }
}
