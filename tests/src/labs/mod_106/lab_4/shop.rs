//! The shop whose payments are looked at: feature rows and entity rows by seed, the lab's four commands, and the feature server's answers
//! read by name. Each check has customers and merchants of its own, so that all can share one store.

use crate::{
    check::Fault,
    context::{Call, Context},
    expect,
    wire::{Answer, Request},
};
use http::Method;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::{collections::BTreeMap, fmt::Write as _, path::PathBuf, time::Duration};

/// What `customer_spend` and `merchant_risk` of the service offer, as columns.
pub(super) const FEATURES: [&str; 4] = ["payments_7d", "amount_mean_7d", "country", "chargeback_rate"];
/// The same as `view:feature`.
pub(super) const REFERENCES: [&str; 4] = [
    "customer_spend:payments_7d",
    "customer_spend:amount_mean_7d",
    "customer_spend:country",
    "merchant_risk:chargeback_rate",
];
/// A command may have to start an interpreter and read files; a busy machine takes its time.
const COMMAND_LIMIT: Duration = Duration::from_secs(120);

/// A customer and a merchant nobody else uses, and a clock that stands still.
pub(super) struct Shop {
    ctx: Context,
    /// The minute in which the check began.
    pub(super) now: Timestamp,
    /// Its random numbers.
    pub(super) random: fastrand::Rng,
    folder: PathBuf,
    files: usize,
    customer: i64,
}

/// One row of `customer_spend`.
#[derive(Clone, Debug)]
pub(super) struct Spend {
    pub(super) customer: i64,
    pub(super) event: Timestamp,
    pub(super) created: Timestamp,
    pub(super) payments: i64,
    pub(super) amount: Option<f64>,
    pub(super) country: &'static str,
}

/// One row of `merchant_risk`.
#[derive(Clone, Debug)]
pub(super) struct Risk {
    pub(super) merchant: String,
    pub(super) event: Timestamp,
    pub(super) created: Timestamp,
    pub(super) rate: f64,
}

/// A row that is asked about.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) customer: i64,
    pub(super) merchant: String,
    pub(super) at: Timestamp,
}

/// A training set as it was read back: one map for each row, in order.
pub(super) struct TrainingSet {
    pub(super) path: PathBuf,
    pub(super) rows: Vec<BTreeMap<String, String>>,
}

impl Shop {
    pub(super) fn open(ctx: &Context) -> Result<Self, Fault> {
        let mut random = ctx.rng();
        let second = Timestamp::now().as_second();
        let now = Timestamp::from_second(second - second % 60).map_err(|error| Fault::Harness(error.to_string()))?;
        let customer = random.i64(1_000_000..1_000_000_000) * 1000;
        Ok(Self { now, random, folder: ctx.scratch()?, files: 0, customer, ctx: ctx.clone() })
    }

    /// A customer nobody else uses.
    pub(super) fn customer(&mut self) -> i64 {
        self.customer += 1;
        self.customer
    }

    /// A merchant nobody else uses.
    pub(super) fn merchant(&self) -> String {
        self.ctx.name("merchant")
    }

    /// This long before the check began.
    pub(super) fn ago(&self, seconds: i64) -> Timestamp {
        self.now - SignedDuration::from_secs(seconds)
    }

    /// A row with values of its own, written a minute after its event.
    pub(super) fn spend(&mut self, customer: i64, event: Timestamp) -> Spend {
        Spend {
            customer,
            event,
            created: event + SignedDuration::from_secs(60),
            payments: self.random.i64(1..1_000_000),
            amount: Some(self.random.i64(1..1_000_000) as f64 / 4.0),
            country: ["AT", "DE", "FR", "PT"][self.random.usize(..4)],
        }
    }

    /// A row with a rate of its own, written a minute after its event.
    pub(super) fn risk(&mut self, merchant: &str, event: Timestamp) -> Risk {
        let rate = self.random.i64(1..1_000_000) as f64 / 1_048_576.0;
        Risk { merchant: merchant.to_owned(), event, created: event + SignedDuration::from_secs(60), rate }
    }

    /// A path in the check's folder that no file has yet.
    pub(super) fn path(&mut self, name: &str) -> PathBuf {
        self.files += 1;
        self.folder.join(format!("{}-{name}", self.files))
    }

    fn write(&mut self, name: &str, text: &str) -> Result<String, Fault> {
        let path = self.path(name);
        std::fs::write(&path, text).map_err(|error| Fault::Harness(format!("{}: {error}", path.display())))?;
        Ok(path.display().to_string())
    }

    /// Hands rows of `customer_spend` to the submission.
    pub(super) async fn ingest_spend(&mut self, rows: &[Spend]) -> Result<(), Fault> {
        let mut text =
            String::from("customer_id,event_timestamp,created_timestamp,payments_7d,amount_mean_7d,country\n");
        for row in rows {
            let Spend { customer, event, created, payments, amount, country } = row;
            let amount = amount.map(|amount| amount.to_string()).unwrap_or_default();
            let _ = writeln!(text, "{customer},{event},{created},{payments},{amount},{country}");
        }
        let path = self.write("spend.csv", &text)?;
        self.did("ingest", &["customer_spend", &path]).await
    }

    /// Hands rows of `merchant_risk` to the submission.
    pub(super) async fn ingest_risk(&mut self, rows: &[Risk]) -> Result<(), Fault> {
        let mut text = String::from("merchant_id,event_timestamp,created_timestamp,chargeback_rate,reviews\n");
        for Risk { merchant, event, created, rate } in rows {
            let _ = writeln!(text, "{merchant},{event},{created},{rate},7");
        }
        let path = self.write("risk.csv", &text)?;
        self.did("ingest", &["merchant_risk", &path]).await
    }

    /// Fills the online store up to a moment.
    pub(super) async fn materialize(&self, until: Timestamp) -> Result<(), Fault> {
        self.did("materialize", &[&until.to_string()]).await
    }

    /// Entity rows in a file, each with its number and a label.
    pub(super) fn entities(&mut self, wanted: &[Wanted]) -> Result<String, Fault> {
        let mut text = String::from("row,customer_id,merchant_id,event_timestamp,label\n");
        for (row, Wanted { customer, merchant, at }) in wanted.iter().enumerate() {
            let _ = writeln!(text, "{row},{customer},{merchant},{at},{}", label(row));
        }
        self.write("entities.csv", &text)
    }

    /// A training set for entity rows, logged to a run.
    pub(super) async fn training_set(&mut self, wanted: &[Wanted], run: &str) -> Result<TrainingSet, Fault> {
        let entities = self.entities(wanted)?;
        self.training_set_of(&entities, run).await
    }

    /// A training set for a file of entity rows, logged to a run.
    pub(super) async fn training_set_of(&mut self, entities: &str, run: &str) -> Result<TrainingSet, Fault> {
        let path = self.path("training.csv");
        self.did("training-set", &[entities, &path.display().to_string(), run]).await?;
        let text = std::fs::read_to_string(&path).map_err(|error| {
            Fault::failed("the training set", "a CSV file where it was asked for", error.to_string())
        })?;
        Ok(TrainingSet { path, rows: parse(&text) })
    }

    /// A run of the tracking server for a training set.
    pub(super) async fn run(&self) -> Result<crate::tracking::Run, Fault> {
        let server = self.ctx.tracking()?;
        let experiment = server.experiment(&self.ctx.name("training")).await?;
        server.run(&experiment).await
    }

    /// Runs a command that must succeed.
    pub(super) async fn did(&self, command: &str, arguments: &[&str]) -> Result<(), Fault> {
        let call = Call { limit: COMMAND_LIMIT, ..Call::of(command, arguments) };
        expect::exit(&self.ctx.call(call).await?, command, 0)
    }

    /// `POST` to the feature server.
    pub(super) async fn post(&self, path: &str, body: &Value) -> Result<Answer, Fault> {
        let request = Request::new(Method::POST, self.ctx.endpoint("features")?, path).json(body);
        Ok(self.ctx.wire().send(request).await?)
    }

    /// The newest values of one customer and one merchant, by feature: value and status.
    pub(super) async fn online(
        &self,
        customer: i64,
        merchant: &str,
    ) -> Result<BTreeMap<String, (Value, String)>, Fault> {
        let entities = json!({"customer_id": [customer], "merchant_id": [merchant]});
        let body = json!({"features": REFERENCES, "entities": entities});
        let answer = expect::json(&self.post("/get-online-features", &body).await?)?;
        let mut found = BTreeMap::new();
        for (index, name) in expect::list(&answer, "/metadata/feature_names").iter().enumerate() {
            let value = expect::at(&answer, &format!("/results/{index}/values/0"))?.clone();
            let status = expect::text(&answer, &format!("/results/{index}/statuses/0"))?.to_owned();
            found.insert(name.as_str().unwrap_or_default().to_owned(), (value, status));
        }
        Ok(found)
    }

    /// Requires that the feature server answers with this row for its customer.
    pub(super) async fn serves(&self, what: &str, row: &Spend) -> Result<(), Fault> {
        let found = self.online(row.customer, "nobody").await?;
        let found = |name: &str| found.get(name).map(|(value, _)| value.clone()).unwrap_or_default();
        expect::equal(&format!("payments_7d {what}"), &Some(row.payments), &found("payments_7d").as_i64())?;
        expect::equal(&format!("amount_mean_7d {what}"), &row.amount, &found("amount_mean_7d").as_f64())?;
        expect::equal(&format!("country {what}"), &Some(row.country), &found("country").as_str())
    }
}

impl TrainingSet {
    /// The number in a column of a row; nothing where the field is empty.
    pub(super) fn number(&self, row: usize, column: &str) -> Option<f64> {
        self.text(row, column).parse().ok()
    }

    /// The text in a column of a row.
    pub(super) fn text(&self, row: usize, column: &str) -> &str {
        self.rows.get(row).and_then(|row| row.get(column)).map_or("", String::as_str)
    }

    /// Requires that a row holds these values of a customer, or nothing.
    pub(super) fn holds(&self, what: &str, row: usize, expected: Option<&Spend>) -> Result<(), Fault> {
        let expected_payments = expected.map(|row| row.payments as f64);
        expect::equal(&format!("payments_7d {what}"), &expected_payments, &self.number(row, "payments_7d"))?;
        let expected_amount = expected.and_then(|row| row.amount);
        expect::equal(&format!("amount_mean_7d {what}"), &expected_amount, &self.number(row, "amount_mean_7d"))?;
        expect::equal(&format!("country {what}"), expected.map_or("", |row| row.country), self.text(row, "country"))
    }
}

/// A label that a join must carry along.
pub(super) fn label(row: usize) -> &'static str {
    if row.is_multiple_of(3) { "fraud" } else { "fine" }
}

/// The lab's CSV: no field holds a comma or a quote, though a writer may quote all the same.
fn parse(text: &str) -> Vec<BTreeMap<String, String>> {
    let fields = |line: &str| line.split(',').map(|field| field.trim_matches('"').to_owned()).collect::<Vec<_>>();
    let mut lines = text.lines();
    let header = lines.next().map(fields).unwrap_or_default();
    lines.map(|line| header.iter().cloned().zip(fields(line)).collect()).collect()
}
