//! Cost rows in the columns of FOCUS 1.2 (<https://focus.finops.org/focus-specification/v1-2/>), as CSV and as Parquet: the same
//! columns, in the order of the alphabet, with what is our own behind them under `x_`. A decimal is written with every digit; in
//! Parquet it is DECIMAL(38, 18). Next on the data's way: `costs.rs` reads such tables, ours and others'.

use super::error::Error;
use super::pricing::{Kind, Row, Settings, month};
use arrow::array::{ArrayRef, Decimal128Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use rust_decimal::Decimal;
use serde_json::json;
use std::path::Path;
use std::sync::Arc;

/// Digits of a decimal column, and how many of them are behind the point.
const DIGITS: u8 = 38;
/// See [`DIGITS`].
pub(super) const PLACES: i8 = 18;

/// A value of a column.
#[derive(Clone, Debug, PartialEq)]
enum Value {
    Text(Option<String>),
    Number(Decimal),
    Time(jiff::Timestamp),
}

/// One row's values, under their columns' names.
fn values(row: &Row, settings: &Settings) -> Result<Vec<(&'static str, Value)>, Error> {
    let out = || {
        Error::Input(format!("{} lies outside the calendar; expected a time between the years 1 and 9998", row.start))
    };
    let (month_start, month_end) = month(row.start, &settings.zone).ok_or_else(out)?;
    let text = |text: &str| Value::Text(Some(text.to_owned()));
    let none = || Value::Text(None);
    let optional = |text: &Option<String>| Value::Text(text.clone());
    let (cost, quantity, price) = (Value::Number(row.cost), Value::Number(row.quantity), Value::Number(row.unit_price));
    let (category, subcategory, service, unit) = match row.kind {
        Kind::Tokens => ("AI and Machine Learning", "Generative AI", "Language models", "Tokens"),
        Kind::Hours => ("Compute", "Virtual Machines", "Machines", "Hours"),
    };
    let tier = row.terms.tier.word();
    let model = row.model.as_deref().unwrap_or("none");
    let sku = match row.kind {
        Kind::Tokens => format!("{}/{model}/{}", row.provider, row.meter),
        Kind::Hours => format!("{}/{}", row.provider, row.meter),
    };
    let since = row.terms.valid_from.strftime("%F");
    let sku_price = format!("{sku}/{tier}/above-{}/{since}", row.terms.above);
    let details = json!({ "x_AboveInputTokens": row.terms.above, "x_Tier": tier, "x_ValidFrom": since.to_string() });
    let standard = row.terms.tier == super::usage::Tier::Standard;
    Ok(vec![
        ("BilledCost", cost.clone()),
        ("BillingAccountId", text(&settings.account)),
        ("BillingAccountName", text(&settings.account)),
        ("BillingCurrency", text("USD")),
        ("BillingPeriodEnd", Value::Time(month_end)),
        ("BillingPeriodStart", Value::Time(month_start)),
        ("ChargeCategory", text("Usage")),
        ("ChargeClass", none()),
        ("ChargeDescription", text(&format!("{service}: {} of {model} at {tier} prices", row.meter))),
        ("ChargeFrequency", text("Usage-Based")),
        ("ChargePeriodEnd", Value::Time(row.end)),
        ("ChargePeriodStart", Value::Time(row.start)),
        // Nothing is committed to; other columns' rules look at this one.
        ("CommitmentDiscountStatus", none()),
        ("ConsumedQuantity", quantity.clone()),
        ("ConsumedUnit", text(unit)),
        ("ContractedCost", cost.clone()),
        ("ContractedUnitPrice", price.clone()),
        ("EffectiveCost", cost.clone()),
        ("InvoiceId", none()),
        ("InvoiceIssuerName", text(&row.provider)),
        ("ListCost", cost.clone()),
        ("ListUnitPrice", price.clone()),
        ("PricingCategory", text(if standard { "Standard" } else { "Other" })),
        ("PricingCurrency", text("USD")),
        ("PricingCurrencyContractedUnitPrice", price.clone()),
        ("PricingCurrencyEffectiveCost", cost),
        ("PricingCurrencyListUnitPrice", price),
        ("PricingQuantity", quantity),
        ("PricingUnit", text(unit)),
        ("ProviderName", text(&row.provider)),
        ("PublisherName", text(&row.provider)),
        ("ServiceCategory", text(category)),
        ("ServiceName", text(service)),
        ("ServiceSubcategory", text(subcategory)),
        ("SkuId", text(&sku)),
        ("SkuMeter", text(&row.meter)),
        ("SkuPriceDetails", text(&details.to_string())),
        ("SkuPriceId", text(&sku_price)),
        ("SubAccountId", optional(&row.tenant)),
        ("SubAccountName", optional(&row.tenant)),
        ("Tags", text(&json!({ "model": model, "tier": tier }).to_string())),
        ("x_Model", optional(&row.model)),
        ("x_Tier", text(tier)),
    ])
}

/// Writes rows; a name that ends in `.parquet` makes Parquet, any other CSV. Whole, or not at all.
///
/// # Errors
/// A file that cannot be written, or a figure that its columns do not hold.
pub fn write(path: &Path, rows: &[Row], settings: &Settings) -> Result<(), Error> {
    let table = rows.iter().map(|row| values(row, settings)).collect::<Result<Vec<_>, Error>>()?;
    let bytes = if path.extension().is_some_and(|ending| ending == "parquet") {
        parquet(path, &table)?
    } else {
        csv(path, &table)?
    };
    Ok(mod_106::documents::write(path, &bytes)?)
}

/// Column names, known without any row.
fn names() -> Vec<(&'static str, Value)> {
    let row = Row {
        start: jiff::Timestamp::UNIX_EPOCH,
        end: jiff::Timestamp::UNIX_EPOCH,
        provider: String::new(),
        kind: Kind::Tokens,
        model: None,
        tenant: None,
        meter: String::new(),
        terms: super::pricing::Terms {
            tier: super::usage::Tier::Standard,
            above: 0,
            valid_from: jiff::Timestamp::UNIX_EPOCH,
        },
        quantity: Decimal::ZERO,
        unit_price: Decimal::ZERO,
        cost: Decimal::ZERO,
    };
    let settings =
        Settings { period: super::pricing::Period::Day, zone: jiff::tz::TimeZone::UTC, account: String::new() };
    values(&row, &settings).unwrap_or_default()
}

fn csv(path: &Path, table: &[Vec<(&'static str, Value)>]) -> Result<Vec<u8>, Error> {
    let broken = |error: csv::Error| Error::Table { path: path.to_owned(), reason: error.to_string() };
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(names().iter().map(|(name, _)| *name)).map_err(broken)?;
    for row in table {
        let fields = row.iter().map(|(_, value)| match value {
            Value::Text(text) => text.clone().unwrap_or_default(),
            Value::Number(number) => written(*number),
            Value::Time(time) => time.strftime("%FT%TZ").to_string(),
        });
        writer.write_record(fields).map_err(broken)?;
    }
    writer.into_inner().map_err(|error| broken(error.into_error().into()))
}

/// With a point even where it is whole, so that whoever guesses types from a column of whole costs guesses right.
fn written(number: Decimal) -> String {
    let number = number.normalize();
    if number.scale() == 0 { format!("{number}.0") } else { number.to_string() }
}

fn parquet(path: &Path, table: &[Vec<(&'static str, Value)>]) -> Result<Vec<u8>, Error> {
    let refuse = |reason: String| Error::Table { path: path.to_owned(), reason };
    let (mut fields, mut arrays) = (Vec::new(), Vec::<ArrayRef>::new());
    for (index, (name, kind)) in names().into_iter().enumerate() {
        let column = table.iter().map(|row| &row[index].1);
        let (data_type, nullable, array): (DataType, bool, ArrayRef) = match kind {
            Value::Text(_) => {
                let texts = column.map(|value| if let Value::Text(text) = value { text.clone() } else { None });
                (DataType::Utf8, true, Arc::new(texts.collect::<StringArray>()))
            }
            Value::Number(_) => {
                let numbers = column.map(|value| match value {
                    Value::Number(number) => scaled(*number).map(Some),
                    _ => Some(None),
                });
                let numbers = numbers.collect::<Option<Vec<_>>>();
                let numbers = numbers
                    .ok_or_else(|| refuse(format!("{name} has more than {PLACES} decimal places; write CSV")))?;
                let array = Decimal128Array::from(numbers).with_precision_and_scale(DIGITS, PLACES);
                let array = array.map_err(|error| refuse(error.to_string()))?;
                (DataType::Decimal128(DIGITS, PLACES), false, Arc::new(array))
            }
            Value::Time(_) => {
                let times = column.map(|value| if let Value::Time(time) = value { time.as_microsecond() } else { 0 });
                let array = TimestampMicrosecondArray::from_iter_values(times).with_timezone("UTC");
                (DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), false, Arc::new(array))
            }
        };
        fields.push(Field::new(name, data_type, nullable));
        arrays.push(array);
    }
    let broken = |error: parquet::errors::ParquetError| refuse(error.to_string());
    let batch =
        RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).map_err(|error| refuse(error.to_string()))?;
    let mut bytes = Vec::new();
    let mut writer = parquet::arrow::ArrowWriter::try_new(&mut bytes, batch.schema(), None).map_err(broken)?;
    writer.write(&batch).map_err(broken)?;
    writer.close().map_err(broken)?;
    Ok(bytes)
}

/// A decimal as a whole number of 10⁻¹⁸, exactly.
fn scaled(number: Decimal) -> Option<i128> {
    let number = number.normalize();
    let more = u32::from(PLACES.unsigned_abs()).checked_sub(number.scale())?;
    number.mantissa().checked_mul(10_i128.checked_pow(more)?)
}
