//! What can be broken on purpose, to rehearse what people do about it. A fault is visible: `inference_fault_active` says so, and so
//! does every log line of the service, lest somebody take a rehearsal for the real thing.

use super::error::Error;
use crate::inference_log::Value;
use fastrand::Rng;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// All knobs. The default is none of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Faults {
    /// Each prediction waits this long, in milliseconds.
    pub latency_ms: u64,
    /// This share of predictions is answered with 500.
    pub error_share: f64,
    /// An upstream pipeline changed a unit: numbers are multiplied by this.
    pub scale: BTreeMap<String, f64>,
    /// An upstream pipeline lost a column: this share of its values is null.
    pub null_share: BTreeMap<String, f64>,
    /// The stable version is replaced by one that was deployed with the wrong standardisation.
    pub bad_deploy: bool,
    /// Explanations cost so many times more tokens.
    pub token_factor: f64,
}

impl Default for Faults {
    fn default() -> Self {
        let (scale, null_share) = (BTreeMap::new(), BTreeMap::new());
        Self { latency_ms: 0, error_share: 0.0, scale, null_share, bad_deploy: false, token_factor: 1.0 }
    }
}

/// What keeps a rehearsal from becoming an outage of the rehearsal itself.
const LONGEST_MS: u64 = 60_000;

impl Faults {
    /// Refuses what makes no sense, with the knob's name.
    ///
    /// # Errors
    /// [`Error::Setting`].
    pub fn check(&self) -> Result<(), Error> {
        let refuse = |setting, found: String, expected| Err(Error::Setting { setting, found, expected });
        let share = |value: &f64| (0.0..=1.0).contains(value);
        if self.latency_ms > LONGEST_MS {
            return refuse("latency_ms", self.latency_ms.to_string(), "at most 60000");
        }
        if !share(&self.error_share) {
            return refuse("error_share", self.error_share.to_string(), "a share between 0 and 1");
        }
        if let Some((feature, value)) = self.null_share.iter().find(|(_, value)| !share(value)) {
            return refuse("null_share", format!("{value} for {feature}"), "a share between 0 and 1");
        }
        if let Some((feature, value)) = self.scale.iter().find(|(_, value)| !value.is_finite()) {
            return refuse("scale", format!("{value} for {feature}"), "a finite number");
        }
        if !(self.token_factor.is_finite() && (1.0..=1_000.0).contains(&self.token_factor)) {
            return refuse("token_factor", self.token_factor.to_string(), "a number between 1 and 1000");
        }
        Ok(())
    }

    /// Each knob's name and whether it is turned.
    pub fn active(&self) -> [(&'static str, bool); 6] {
        [
            ("latency", self.latency_ms > 0),
            ("error", self.error_share > 0.0),
            ("scale", !self.scale.is_empty()),
            ("null", !self.null_share.is_empty()),
            ("bad_deploy", self.bad_deploy),
            ("token", self.token_factor > 1.0),
        ]
    }

    /// What the upstream pipeline makes of the features before the model sees them.
    pub fn upstream(&self, features: &mut BTreeMap<String, Value>, random: &mut Rng) {
        for (name, factor) in &self.scale {
            if let Some(Value::Number(number)) = features.get_mut(name) {
                *number *= factor;
            }
        }
        for (name, share) in &self.null_share {
            if let Some(value) = features.get_mut(name)
                && random.f64() < *share
            {
                *value = Value::Null;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Faults;
    use crate::inference::Population;
    use crate::inference_log::Value;

    #[test]
    fn a_unit_changes_and_a_column_is_lost() {
        let text = r#"{"scale":{"amount_usd":100.0,"absent":2.0},"null_share":{"channel":1.0}}"#;
        let faults: Faults = serde_json::from_str(text).unwrap();
        faults.check().unwrap();
        let payment = Population::new(1).draw();
        let mut features = payment.features();
        faults.upstream(&mut features, &mut fastrand::Rng::with_seed(1));
        assert_eq!(features["amount_usd"], Value::Number(payment.amount_usd * 100.0));
        assert_eq!(features["channel"], Value::Null);
        assert!(!features.contains_key("absent"));
        assert_eq!(faults.active().iter().filter(|(_, on)| *on).count(), 2);
    }

    #[test]
    fn knobs_have_ends() {
        let check = |text: &str, expected: &str| {
            let faults: Faults = serde_json::from_str(text).unwrap();
            assert!(faults.check().unwrap_err().to_string().contains(expected));
        };
        check(r#"{"latency_ms":600000}"#, "latency_ms is 600000; expected at most 60000");
        check(r#"{"error_share":2}"#, "error_share is 2; expected a share");
        check(r#"{"null_share":{"channel":-1}}"#, "-1 for channel");
        check(r#"{"token_factor":0}"#, "token_factor is 0");
        assert!(serde_json::from_str::<Faults>(r#"{"latency":1}"#).is_err());
    }
}
