"""What the process variant does with Feast beyond serving: apply the definitions, ingest rows, make training sets, log their lineage.

usage: store.py apply | await URL | ingest VIEW ROWS.csv | training-set ENTITIES.csv OUT.csv RUN
"""

import csv
import fcntl
import hashlib
import json
import os
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import requests
from definitions import EVERYTHING, customer_spend, fraud_v1, merchant_risk

VIEWS = {view.name: view for view in (customer_spend, merchant_risk)}
TYPES = {"Int64": "Int64", "Float64": "float64", "String": "string"}
TIMES = ["event_timestamp", "created_timestamp"]
ROW = "__row"


def refuse(problem: str):
    """Ends with exit code 2: the input is at fault."""
    print(f"error: {problem}", file=sys.stderr)
    raise SystemExit(2)


def read_csv(path: str, required: dict, times: list) -> pd.DataFrame:
    """A CSV table with typed columns. Pandas fills short lines with nothing and reads a time without a zone as it likes; we do not."""
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    if not rows:
        refuse(f"{path}: empty; give a header and rows")
    header, *rows = rows
    for name in [*required, *times]:
        if name not in header:
            refuse(f"{path}: no column {name!r}; found {', '.join(header)}")
    for number, row in enumerate(rows, start=2):
        if len(row) != len(header):
            refuse(f"{path}, line {number}: {len(row)} fields, the header has {len(header)}")
    table = pd.DataFrame(rows, columns=header, dtype="string").replace("", pd.NA)
    for name, kind in required.items():
        table[name] = table[name].astype(kind)
    for name in times:
        parsed = [pd.Timestamp(text) for text in table[name]]
        for number, moment in enumerate(parsed, start=2):
            if moment is pd.NaT or moment.tzinfo is None:
                refuse(f"{path}, line {number}, column {name!r}: {table[name][number - 2]!r} has no zone; write 2026-03-01T09:30:00Z")
        table[name] = pd.to_datetime(pd.Series(parsed, dtype="object"), utc=True)
    return table


def columns(view) -> dict:
    return {field.name: TYPES[str(field.dtype)] for field in [*view.entity_columns, *view.features]}


def replace(path: Path, write) -> None:
    """Beside its place first, then renamed: a reader finds the old file or the new one."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".writing-", delete=False) as file:
        beside = Path(file.name)
    try:
        write(beside)
        beside.chmod(0o644)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def source(view) -> Path:
    return Path("data") / f"{view.name}.parquet"


def ingest(view, table: pd.DataFrame) -> None:
    """Adds rows; two at once take turns."""
    with open(f"data/{view.name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        path = source(view)
        table = table[[*columns(view), *TIMES]]
        whole = pd.concat([pd.read_parquet(path), table], ignore_index=True) if path.exists() else table
        # Of two rows for one moment Feast takes now this one, now that: it sorts by creation time and then, with a sort that is not
        # stable, by event time. So it is given only the one created last.
        key = [field.name for field in view.entity_columns]
        whole = whole.sort_values([*key, *TIMES], ignore_index=True)
        whole = whole.drop_duplicates([*key, "event_timestamp"], keep="last", ignore_index=True)
        replace(path, lambda beside: whole.to_parquet(beside, index=False))


def store():
    from feast import FeatureStore

    return FeatureStore(repo_path=".")


def apply() -> None:
    for view in VIEWS.values():
        if not source(view).exists():
            empty = pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in columns(view).items()})
            for name in TIMES:
                empty[name] = pd.Series(dtype="datetime64[ns, UTC]")
            ingest(view, empty)
    store().apply(EVERYTHING)


def training_set(entities: str, out: str, run: str) -> None:
    keys = {"customer_id": "Int64", "merchant_id": "string"}
    wanted = read_csv(entities, keys, ["event_timestamp"])
    for name in keys:
        if wanted[name].isna().any():
            refuse(f"{entities}: an empty {name}; each row needs one")
    # Feast reads the files at its leisure; what is digested must be what was read.
    digests = {view.name: digest(source(view)) for view in VIEWS.values()}
    features = [field.name for projection in fraud_v1.feature_view_projections for field in projection.features]
    wanted[ROW] = range(len(wanted))
    asked = wanted[[ROW, *keys, "event_timestamp"]].astype({"customer_id": "int64"})
    found = store().get_historical_features(entity_df=asked, features=store().get_feature_service("fraud_v1")).to_df()
    # Feast drops rows whose feature rows are all too old or too new, and orders the rest as it likes: back to what was asked.
    found = found.drop_duplicates(ROW).set_index(ROW)[features].reindex(wanted[ROW])
    table = pd.concat([wanted.drop(columns=ROW).reset_index(drop=True), found.reset_index(drop=True)], axis=1)
    table["event_timestamp"] = table["event_timestamp"].map(lambda moment: moment.isoformat().replace("+00:00", "Z"))
    replace(Path(out), lambda beside: table.to_csv(beside, index=False))
    log(run, entities, out, table, digests)


def digest(path) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:32]


def dataset(context: str, name: str, path, value: str, tags=(), **more) -> dict:
    tags = [("mlflow.data.context", context), *tags]
    uri = str(Path(path).resolve())
    about = {"name": name, "digest": value, "source_type": "local", "source": json.dumps({"uri": uri}), **more}
    return {"tags": [{"key": key, "value": text} for key, text in tags], "dataset": about}


def log(run: str, entities: str, out: str, table: pd.DataFrame, digests: dict) -> None:
    projections = fraud_v1.feature_view_projections
    names = ",".join(f"{projection.name}:{field.name}" for projection in projections for field in projection.features)
    tags = [("features.names", names), ("features.project", "payments"), ("features.service", "fraud_v1")]
    schema = {"mlflow_colspec": [{"name": name, "type": str(kind), "required": False} for name, kind in table.dtypes.items()]}
    inputs = [
        dataset(
            "training", "fraud_v1", out, digest(out), tags, schema=json.dumps(schema), profile=json.dumps({"num_rows": len(table)})
        ),
        dataset("entities", "entities", entities, digest(entities)),
        *(dataset("features", view, source(VIEWS[view]), value, [("features.view", view)]) for view, value in digests.items()),
    ]
    tell("runs/log-inputs", {"run_id": run, "datasets": inputs})
    for key, value in [*tags, ("features.training_set_digest", digest(out))]:
        tell("runs/set-tag", {"run_id": run, "key": key, "value": value})


def tell(route: str, body: dict) -> None:
    user = (os.environ["MLFLOW_TRACKING_USERNAME"], os.environ["MLFLOW_TRACKING_PASSWORD"])
    url = f"{os.environ['MLFLOW_TRACKING_URI']}/api/2.0/mlflow/{route}"
    answer = requests.post(url, json=body, auth=user, timeout=60)
    if not answer.ok:
        raise SystemExit(f"error: {route}: {answer.status_code} {answer.text[:300]}")


def wait_for(url: str) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        try:
            if requests.get(url, timeout=5).ok:
                return
        except requests.RequestException:
            pass
        time.sleep(0.2)
    raise SystemExit(f"error: {url} does not answer; see the logs")


match sys.argv[1:]:
    case ["apply"]:
        apply()
    case ["await", url]:
        wait_for(url)
    case ["ingest", name, rows] if name in VIEWS:
        ingest(VIEWS[name], read_csv(rows, columns(VIEWS[name]), TIMES))
    case ["training-set", entities, out, run]:
        training_set(entities, out, run)
    case _:
        refuse(f"{__doc__}\nviews: {', '.join(VIEWS)}")
