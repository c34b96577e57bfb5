"""The feature repository of the process variant. The embedded variant says the same in ../features.yaml."""

from datetime import timedelta

from feast import Entity, FeatureService, FeatureView, Field, FileSource, PushSource, ValueType
from feast.types import Float64, Int64, String

customer = Entity(
    name="customer",
    join_keys=["customer_id"],
    value_type=ValueType.INT64,
    description="Somebody who pays",
    owner="payments@example.com",
)
merchant = Entity(
    name="merchant",
    join_keys=["merchant_id"],
    value_type=ValueType.STRING,
    description="Somebody who is paid",
    owner="risk@example.com",
)


def file_source(view: str, owner: str) -> FileSource:
    return FileSource(
        name=f"{view}_file",
        path=f"data/{view}.parquet",
        timestamp_field="event_timestamp",
        created_timestamp_column="created_timestamp",
        owner=owner,
    )


customer_spend_file = file_source("customer_spend", "payments@example.com")
merchant_risk_file = file_source("merchant_risk", "risk@example.com")
# Payments are pushed as they happen; reviews and chargebacks come once an hour and are pulled.
customer_spend_push = PushSource(name="customer_spend_push", batch_source=customer_spend_file)

customer_spend = FeatureView(
    name="customer_spend",
    entities=[customer],
    # A week of payments says nothing about a customer who has not paid for a week.
    ttl=timedelta(days=7),
    schema=[
        Field(name="customer_id", dtype=Int64),
        Field(name="payments_7d", dtype=Int64, description="Number of payments"),
        Field(name="amount_mean_7d", dtype=Float64, description="Mean amount in euros"),
        Field(name="country", dtype=String, description="Where the last payment came from"),
    ],
    source=customer_spend_push,
    description="What a customer paid in the last seven days",
    owner="payments@example.com",
)
merchant_risk = FeatureView(
    name="merchant_risk",
    entities=[merchant],
    # Computed hourly: two hours old means that a computation was missed, and that nobody should trust it.
    ttl=timedelta(hours=2),
    schema=[
        Field(name="merchant_id", dtype=String),
        Field(name="chargeback_rate", dtype=Float64, description="Share of payments taken back"),
        Field(name="reviews", dtype=Int64, description="Number of manual reviews"),
    ],
    source=merchant_risk_file,
    description="How often a merchant's payments are taken back",
    owner="risk@example.com",
)

fraud_v1 = FeatureService(
    name="fraud_v1",
    features=[customer_spend, merchant_risk[["chargeback_rate"]]],
    description="What the fraud model reads",
    owner="fraud@example.com",
)

EVERYTHING = [
    customer, merchant, customer_spend_file, merchant_risk_file, customer_spend_push, customer_spend, merchant_risk, fraud_v1,
]
