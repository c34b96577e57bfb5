//! How much a service can take, and when it needs more: an M/M/c queue (Erlang, 1917; Erlang C as in Kleinrock, "Queueing Systems", vol.
//! 1, 1975, 3.5), or a measured saturation with its source named. M/M/c assumes that calls come by chance and take an exponential time;
//! real ones come in bursts, so the limits of utilisation stay below 1, and a measured saturation is to be preferred where there is one.

use super::error::Error;
use super::money;
use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Hours of a month, as clouds bill it.
const HOURS: u32 = 730;
/// The share of calls that must not wait longer.
const QUANTILE: f64 = 0.95;
/// Nobody plans for more servers.
const MOST_SERVERS: u64 = 100_000;

/// What is known of a service, and what if it were otherwise.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    service: String,
    /// At the busiest time that must still go well.
    arrivals_per_s: f64,
    /// How long one server is busy with one call, on average.
    service_time_ms: Option<f64>,
    /// How many calls one replica works on at a time.
    #[serde(default = "one")]
    servers_per_replica: u64,
    /// What a replica was seen to take; it stands in for the two figures above.
    saturation: Option<Saturation>,
    replicas: u64,
    target: Target,
    usd_per_replica_hour: String,
    /// 0.1 is ten percent more each month.
    #[serde(default)]
    growth_per_month: f64,
    #[serde(default)]
    what_if: Vec<WhatIf>,
}

fn one() -> u64 {
    1
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Saturation {
    requests_per_s_per_replica: f64,
    source: String,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Target {
    utilisation: f64,
    wait_ms_p95: f64,
}

/// Factors on what is so now.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WhatIf {
    name: String,
    #[serde(default = "same")]
    traffic: f64,
    #[serde(default = "same")]
    service_time: f64,
    #[serde(default = "same")]
    price: f64,
}

fn same() -> f64 {
    1.0
}

/// The plan.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Plan {
    /// Of which service.
    pub service: String,
    /// What it rests on: the queue's assumptions, or who measured.
    pub rests_on: String,
    /// As it is.
    pub now: Outlook,
    /// As it might be.
    pub what_if: Vec<Outlook>,
}

/// One case.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outlook {
    /// `now`, or what is supposed.
    pub case: String,
    /// The share of time that servers are busy; above 1 the queue grows without end.
    pub utilisation: f64,
    /// The probability that a call waits; absent where the queue grows without end.
    pub wait_probability: Option<f64>,
    /// 95 % wait no longer, in milliseconds.
    pub wait_ms_p95: Option<f64>,
    /// Replicas that there are.
    pub replicas: u64,
    /// The fewest that keep the targets.
    pub replicas_needed: u64,
    /// Whether there are enough.
    pub enough: bool,
    /// The most calls a second that the replicas take within the targets, less those that come; below zero they are too many.
    pub headroom_per_s: f64,
    /// Months until a replica is to be added; 0 is now, absent without growth.
    pub months_until_more: Option<f64>,
    /// US dollars a month, for those needed.
    pub usd_per_month: Decimal,
}

/// A service at one moment.
#[derive(Clone, Copy)]
struct Load {
    arrivals: f64,
    /// Calls a second that one server ends.
    rate: f64,
    servers_per_replica: u64,
    target: Target,
}

/// Reads a spec and plans.
///
/// # Errors
/// The file, and what is wrong in it.
pub fn plan(path: &Path) -> Result<Plan, Error> {
    let spec: Spec = super::yaml::read(path)?;
    let refuse = |found: String, expected: &str| Err(Error::malformed(path.display(), found, expected));
    let price = money::parse(&spec.usd_per_replica_hour).filter(|price| !price.is_sign_negative());
    let Some(price) = price else {
        return refuse(format!("usd_per_replica_hour is {}", spec.usd_per_replica_hour), "a decimal number");
    };
    let (rate, servers_per_replica, rests_on) = match (&spec.saturation, spec.service_time_ms) {
        (Some(measured), None) if measured.requests_per_s_per_replica > 0.0 && !measured.source.trim().is_empty() => {
            (measured.requests_per_s_per_replica, 1, format!("saturation measured: {}", measured.source))
        }
        (None, Some(ms)) if ms > 0.0 => {
            (1_000.0 / ms, spec.servers_per_replica, "M/M/c: random arrivals, exponential service times".to_owned())
        }
        _ => {
            return refuse(
                "neither or both of service_time_ms and saturation".to_owned(),
                "one of them, above zero; a saturation with its source",
            );
        }
    };
    let figures = [spec.arrivals_per_s, spec.target.utilisation, spec.target.wait_ms_p95, spec.growth_per_month];
    let whole = figures.iter().all(|figure| figure.is_finite() && *figure >= 0.0);
    let factors = spec.what_if.iter().flat_map(|what| [what.traffic, what.service_time, what.price]);
    if !whole
        || spec.target.utilisation >= 1.0
        || spec.target.utilisation <= 0.0
        || spec.replicas == 0
        || servers_per_replica == 0
    {
        return refuse(
            format!("{figures:?}, {} replicas", spec.replicas),
            "figures not below zero, a utilisation between 0 and 1, a replica or more",
        );
    }
    if !factors.clone().all(|factor| factor.is_finite() && factor > 0.0) {
        return refuse("a factor under what_if that is not above zero".to_owned(), "2.0 for twice as much");
    }
    let load = Load { arrivals: spec.arrivals_per_s, rate, servers_per_replica, target: spec.target };
    let case = |name: &str, load: Load, factor: f64| {
        outlook(name, load, &spec, price, factor)
            .ok_or_else(|| Error::Input(format!("{name}: more than {MOST_SERVERS} servers; are the units right?")))
    };
    let what_if = spec.what_if.iter().map(|what| {
        let load = Load { arrivals: load.arrivals * what.traffic, rate: load.rate / what.service_time, ..load };
        case(&what.name, load, what.price)
    });
    Ok(Plan {
        service: spec.service.clone(),
        rests_on,
        now: case("now", load, 1.0)?,
        what_if: what_if.collect::<Result<_, _>>()?,
    })
}

fn outlook(name: &str, load: Load, spec: &Spec, price: Decimal, factor: f64) -> Option<Outlook> {
    let servers = spec.replicas * load.servers_per_replica;
    let utilisation = load.arrivals / (servers as f64 * load.rate);
    let needed = (1..=MOST_SERVERS / load.servers_per_replica).find(|replicas| load.keeps_target(*replicas))?;
    let most = load.most(spec.replicas);
    let months_until_more = if needed > spec.replicas {
        Some(0.0)
    } else if spec.growth_per_month > 0.0 && load.arrivals > 0.0 {
        Some((most / load.arrivals).ln() / spec.growth_per_month.ln_1p())
    } else {
        None
    };
    let hours = Decimal::from(needed) * Decimal::from(HOURS);
    let usd = money::times(money::times(hours, price)?, Decimal::from_f64(factor)?)?;
    let wait = load.wait_probability(servers);
    Some(Outlook {
        case: name.to_owned(),
        utilisation,
        wait_probability: wait,
        wait_ms_p95: wait.map(|probability| load.wait_ms(servers, probability)),
        replicas: spec.replicas,
        replicas_needed: needed,
        enough: needed <= spec.replicas,
        headroom_per_s: most - load.arrivals,
        months_until_more,
        usd_per_month: usd.round_dp(6).normalize(),
    })
}

impl Load {
    /// Erlang C, by way of Erlang B's recursion, which does not overflow; none where the queue grows without end.
    fn wait_probability(&self, servers: u64) -> Option<f64> {
        let (offered, count) = (self.arrivals / self.rate, servers as f64);
        if offered >= count {
            return None;
        }
        let blocked =
            (1..=servers).fold(1.0, |blocked, server| offered * blocked / (server as f64 + offered * blocked));
        Some(blocked / (1.0 - offered / count * (1.0 - blocked)))
    }

    fn wait_ms(&self, servers: u64, probability: f64) -> f64 {
        let spare = servers as f64 * self.rate - self.arrivals;
        ((probability / (1.0 - QUANTILE)).ln() / spare * 1_000.0).max(0.0)
    }

    fn keeps_target(&self, replicas: u64) -> bool {
        let servers = replicas * self.servers_per_replica;
        let busy = self.arrivals / (servers as f64 * self.rate);
        let wait = || self.wait_probability(servers).map(|probability| self.wait_ms(servers, probability));
        busy <= self.target.utilisation && wait().is_some_and(|wait| wait <= self.target.wait_ms_p95)
    }

    /// The most arrivals that so many replicas take within the targets.
    fn most(&self, replicas: u64) -> f64 {
        let (mut low, mut high) = (0.0, (replicas * self.servers_per_replica) as f64 * self.rate);
        for _ in 0..200 {
            let middle = f64::midpoint(low, high);
            if (Self { arrivals: middle, ..*self }).keeps_target(replicas) { low = middle } else { high = middle }
        }
        low
    }
}

impl Plan {
    /// In lines that people read.
    pub fn lines(&self) -> Vec<String> {
        let shown = |outlook: &Outlook| {
            let wait = outlook.wait_ms_p95.map_or_else(|| "without end".to_owned(), |wait| format!("{wait:.1} ms"));
            let more = match outlook.months_until_more {
                Some(months) if months > 0.0 => format!("; add one in {months:.1} months"),
                Some(_) => "; add now".to_owned(),
                None => String::new(),
            };
            format!(
                "{}: {:.1} % busy, p95 wait {wait}, {} of {} replicas needed, headroom {:.1}/s, ${:.2} a month{more}",
                outlook.case,
                outlook.utilisation * 100.0,
                outlook.replicas_needed,
                outlook.replicas,
                outlook.headroom_per_s,
                outlook.usd_per_month.to_f64().unwrap_or(f64::NAN)
            )
        };
        let first = format!("{} ({})", self.service, self.rests_on);
        std::iter::once(first).chain(std::iter::once(&self.now).chain(&self.what_if).map(shown)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Load, Target};

    fn load(arrivals: f64, rate: f64) -> Load {
        Load { arrivals, rate, servers_per_replica: 1, target: Target { utilisation: 0.8, wait_ms_p95: 1_000.0 } }
    }

    /// Erlang C of two Erlangs on three servers is 4/9, and of one server it is its utilisation.
    #[test]
    fn waiting_is_as_erlang_said() {
        assert!((load(2.0, 1.0).wait_probability(3).unwrap() - 4.0 / 9.0).abs() < 1e-12);
        assert!((load(0.7, 1.0).wait_probability(1).unwrap() - 0.7).abs() < 1e-12);
        assert_eq!(load(1.0, 1.0).wait_probability(1), None);
        assert_eq!(load(0.0, 1.0).wait_probability(4), Some(0.0));
    }

    #[test]
    fn the_most_is_where_the_next_one_is_too_many() {
        let most = load(1.0, 10.0).most(4);
        assert!(load(most * 0.999, 10.0).keeps_target(4) && !load(most * 1.001, 10.0).keeps_target(4), "{most}");
    }
}
