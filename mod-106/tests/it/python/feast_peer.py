"""The real Feast over the same rows. `history` joins a training set; `apply` makes a repository that `feast serve` can serve.

usage: feast_peer.py history|apply ROWS.csv [ENTITIES.csv OUT.csv]   (in an empty folder, which becomes the feature repository)
"""

import sys
from datetime import timedelta
from pathlib import Path

import pandas as pd
from feast import Entity, FeatureService, FeatureStore, FeatureView, Field, FileSource, PushSource, ValueType
from feast.types import Float64, Int64, String

action, rows, *others = sys.argv[1:]
Path("data").mkdir()
Path("feature_store.yaml").write_text(
    "project: payments\nprovider: local\nregistry: data/registry.db\nonline_store: {type: sqlite, path: data/online.db}\n"
    "offline_store: {type: dask}\nentity_key_serialization_version: 3\n"
)
table = pd.read_csv(rows, parse_dates=["event_timestamp", "created_timestamp"], dtype={"country": "string"})
table["payments_7d"] = table["payments_7d"].astype("Int64")
table.to_parquet("data/customer_spend.parquet")

customer = Entity(name="customer", join_keys=["customer_id"], value_type=ValueType.INT64, owner="fraud@example.com")
spend_file = FileSource(
    name="customer_spend_file",
    path="data/customer_spend.parquet",
    timestamp_field="event_timestamp",
    created_timestamp_column="created_timestamp",
)
spend_push = PushSource(name="customer_spend_push", batch_source=spend_file)
spend = FeatureView(
    name="customer_spend",
    entities=[customer],
    ttl=timedelta(hours=3),
    schema=[
        Field(name="customer_id", dtype=Int64),
        Field(name="payments_7d", dtype=Int64),
        Field(name="amount_mean_7d", dtype=Float64),
        Field(name="country", dtype=String),
    ],
    source=spend_push,
)
store = FeatureStore(repo_path=".")
store.apply([customer, spend_file, spend_push, spend, FeatureService(name="fraud_v1", features=[spend])])

if action == "history":
    entities, out = others
    wanted = pd.read_csv(entities, parse_dates=["event_timestamp"])
    found = store.get_historical_features(entity_df=wanted, features=store.get_feature_service("fraud_v1")).to_df()
    found.to_csv(out, index=False)
