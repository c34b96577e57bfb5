//! Queues, computed here a second time: by adding up the probabilities of all states instead of Erlang's recursion.

use super::desk::{ASKS, Desk, decimal, float, money, named};
use crate::{
    check::{Check, Fault, Need},
    context::Context,
    expect,
};
use rust_decimal::Decimal;
use serde_json::Value;

pub(super) const QUEUE: Check = Check {
    id: "waiting-is-counted",
    title: "Utilisation, the probability to wait, the wait of 95 % and the replicas that are needed are those of an M/M/c queue",
    needs: &[Need::Command("capacity")],
    run: |ctx| Box::pin(queue(ctx)),
    ..ASKS
};
pub(super) const WHAT_IF: Check = Check {
    id: "what-if-is-answered",
    title: "Twice the traffic, another tier and another price are planned for; too few replicas are told",
    run: |ctx| Box::pin(what_if(ctx)),
    ..QUEUE
};

/// A service: calls a second, calls a second that one server ends, and what it promises.
#[derive(Clone, Copy)]
struct Service {
    arrivals: f64,
    rate: f64,
    wait_ms: f64,
}

impl Service {
    /// The probability that all of so many servers are busy: states below, and the geometric tail above.
    fn waits(self, servers: u32) -> f64 {
        let (offered, mut term, mut below) = (self.arrivals / self.rate, 1.0, 0.0);
        for busy in 0..servers {
            below += term;
            term *= offered / f64::from(busy + 1);
        }
        let above = term / (1.0 - offered / f64::from(servers));
        above / (below + above)
    }

    /// 95 % wait no longer than this, in milliseconds.
    fn p95(self, servers: u32) -> f64 {
        ((self.waits(servers) / 0.05).ln() / (f64::from(servers) * self.rate - self.arrivals) * 1_000.0).max(0.0)
    }

    /// The fewest servers that are busy for at most seven tenths of the time, and keep nobody waiting too long.
    fn needed(self) -> u32 {
        let keeps = |servers: &u32| {
            let busy = self.arrivals / (f64::from(*servers) * self.rate);
            busy <= 0.7 && self.p95(*servers) <= self.wait_ms
        };
        (1..10_000).find(keeps).unwrap_or(0)
    }
}

fn spec(service: Service, replicas: u32, price: &str, what_if: &str) -> String {
    format!(
        "service: inference\narrivals_per_s: {}\nservice_time_ms: {}\nservers_per_replica: 1\nreplicas: {replicas}\n\
         target: {{ utilisation: 0.7, wait_ms_p95: {} }}\nusd_per_replica_hour: \"{price}\"\n{what_if}",
        service.arrivals,
        1_000.0 / service.rate,
        service.wait_ms
    )
}

fn near(what: &str, expected: f64, outlook: &Value, pointer: &str) -> Result<(), Fault> {
    let found = float(outlook, pointer)?;
    let close = (found - expected).abs() <= 1e-6 * expected.abs().max(1e-3);
    expect::holds(what, close, &expected.to_string(), found)
}

async fn queue(ctx: Context) -> Result<(), Fault> {
    let mut rng = ctx.rng();
    for _ in 0..4 {
        let rate = 4.0 + 8.0 * rng.f64();
        // Few servers and a short wait: what decides is waiting, not how busy they are.
        let service = Service { arrivals: rate * (1.2 + 2.0 * rng.f64()), rate, wait_ms: 2.0 };
        let replicas = service.needed();
        let desk = Desk::new(&ctx)?;
        let path = desk.file("capacity.yaml", &spec(service, replicas, "0.5", ""))?;
        let found = desk.json(&ctx, "capacity", &[&path, "--json"], 0).await?;
        let now = expect::at(&found, "/now")?;
        near("utilisation", service.arrivals / (f64::from(replicas) * rate), now, "/utilisation")?;
        near("wait_probability", service.waits(replicas), now, "/wait_probability")?;
        near("wait_ms_p95", service.p95(replicas), now, "/wait_ms_p95")?;
        expect::equal("replicas_needed", &i64::from(replicas), &expect::integer(now, "/replicas_needed")?)?;
        let headroom = float(now, "/headroom_per_s")?;
        expect::holds("headroom_per_s", headroom >= 0.0, "0 or more where there are enough", headroom)?;
    }
    Ok(())
}

async fn what_if(ctx: Context) -> Result<(), Fault> {
    let mut rng = ctx.rng();
    let service = Service { arrivals: 40.0 + 30.0 * rng.f64(), rate: 10.0, wait_ms: 50.0 };
    let price = Decimal::new(rng.i64(1_000..9_999), 4);
    let cases = "what_if:\n  - { name: twice the traffic, traffic: 2.0 }\n  - { name: a cheaper tier, service_time: 1.5, price: 0.25 }\n";
    let doubled = Service { arrivals: service.arrivals * 2.0, ..service };
    let slower = Service { rate: service.rate / 1.5, ..service };
    let few = service.needed() - 1;
    let desk = Desk::new(&ctx)?;
    let path = desk.file("capacity.yaml", &spec(service, few, &price.to_string(), cases))?;
    let found = desk.json(&ctx, "capacity", &[&path, "--json"], 1).await?;
    expect::holds(
        "now.enough",
        found["now"]["enough"] == false,
        "false: a replica is missing",
        &found["now"]["enough"],
    )?;
    let quarter = decimal("a quarter", "0.25")?;
    let all = [
        ("now", service, Decimal::ONE, &found["now"]),
        ("twice the traffic", doubled, Decimal::ONE, named(&found["what_if"], "case", "twice the traffic")?),
        ("a cheaper tier", slower, quarter, named(&found["what_if"], "case", "a cheaper tier")?),
    ];
    for (case, service, factor, outlook) in all {
        let needed = service.needed();
        expect::equal(
            &format!("replicas_needed, {case}"),
            &i64::from(needed),
            &expect::integer(outlook, "/replicas_needed")?,
        )?;
        let usd = (Decimal::from(needed) * Decimal::from(730) * price * factor).normalize();
        expect::equal(
            &format!("usd_per_month, {case}: 730 hours of those needed"),
            &usd,
            &money(outlook, "/usd_per_month")?,
        )?;
    }
    Ok(())
}
