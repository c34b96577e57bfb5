"""The official Python client on the other side of the table.

Reads one JSON request a line from standard input, `{"do": NAME, ...}`, and answers one JSON line, `{"ok": VALUE}` or
`{"error": TEXT, "code": ERROR_CODE}`. Floats travel as the hexadecimal digits of their bits, so that nothing is rounded on the
way. What it writes and reads is described in `story.json`, which the Rust side reads too.
"""

import hashlib
import json
import os
import struct
import sys
import tempfile

# Answers go to the pipe that was standard output; MLflow's own remarks go where nobody parses them.
ANSWERS = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)

import mlflow
from mlflow import MlflowClient
from mlflow.entities import (
    Dataset,
    DatasetInput,
    InputTag,
    Metric,
    Param,
    RunTag,
    ViewType,
)
from mlflow.exceptions import MlflowException

CLIENT = MlflowClient()
STORY = json.loads(open(os.environ["STORY"], encoding="utf-8").read())


def bits(value):
    return "nan" if value != value else struct.pack(">d", value).hex()


def tags(mapping):
    return sorted([key, value] for key, value in mapping.items())


def points(metrics):
    return [[metric.key, bits(metric.value), metric.timestamp, metric.step] for metric in metrics]


def write_run(name):
    """Tells the whole story to a new experiment with a new run."""
    experiment = CLIENT.create_experiment(name, tags=dict(STORY["experiment_tags"]))
    run = CLIENT.create_run(experiment, start_time=STORY["start_time"], tags=dict(STORY["first_tags"]), run_name=STORY["run_name"])
    run_id = run.info.run_id
    CLIENT.log_batch(
        run_id,
        [Metric(key, float(value), timestamp, step) for key, value, timestamp, step in STORY["metrics"]],
        [Param(key, value) for key, value in STORY["params"]],
        [RunTag(key, value) for key, value in STORY["tags"]],
    )
    key, value, timestamp, step = STORY["single_metric"]
    CLIENT.log_metric(run_id, key, float(value), timestamp, step)
    CLIENT.log_param(run_id, *STORY["single_param"])
    CLIENT.set_tag(run_id, *STORY["single_tag"])
    CLIENT.set_tag(run_id, "gone", "soon")
    CLIENT.delete_tag(run_id, "gone")
    CLIENT.log_inputs(run_id, [dataset(fields) for fields in STORY["datasets"]])
    CLIENT.set_terminated(run_id, "FINISHED", STORY["end_time"])
    return {"experiment": experiment, "run": run_id}


def dataset(fields):
    context = InputTag("mlflow.data.context", fields["context"])
    keys = ("name", "digest", "source_type", "source", "schema", "profile")
    return DatasetInput(Dataset(**{key: fields[key] for key in keys if key in fields}), [context])


def read_run(run):
    """All that the client sees of a run, in the order in which the Rust side puts it."""
    seen = CLIENT.get_run(run)
    experiment = CLIENT.get_experiment(seen.info.experiment_id)
    inputs = [
        [entry.dataset.name, entry.dataset.digest, entry.dataset.source_type, entry.dataset.source, entry.dataset.schema or "",
         entry.dataset.profile or "", tags({tag.key: tag.value for tag in entry.tags})]
        for entry in seen.inputs.dataset_inputs
    ]
    return {
        "experiment": {
            "id": experiment.experiment_id, "name": experiment.name, "stage": experiment.lifecycle_stage,
            "artifacts": experiment.artifact_location, "tags": tags(experiment.tags),
            "created": experiment.creation_time, "updated": experiment.last_update_time,
        },
        "name": seen.info.run_name, "status": seen.info.status, "stage": seen.info.lifecycle_stage,
        "start": seen.info.start_time, "end": seen.info.end_time, "artifacts": seen.info.artifact_uri,
        "metrics": sorted([key, bits(value)] for key, value in seen.data.metrics.items()),
        "params": tags(seen.data.params), "tags": tags(seen.data.tags), "inputs": sorted(inputs),
        "history": {key: points(CLIENT.get_metric_history(run, key)) for key in seen.data.metrics},
    }


def search_runs(experiment, filter, order_by, view, page_size):
    found, token = [], None
    while True:
        page = CLIENT.search_runs([experiment], filter, ViewType.from_string(view.lower()), page_size, order_by, token)
        found += [run.info.run_id for run in page]
        token = page.token
        if not token:
            return found


def write_model(name, run):
    CLIENT.create_registered_model(name, tags=dict(STORY["model_tags"]), description=STORY["description"])
    for _ in range(2):
        CLIENT.create_model_version(name, f"runs:/{run}/model", run, tags=dict(STORY["model_tags"]), description=STORY["description"])
    CLIENT.update_model_version(name, "2", "second")
    CLIENT.set_registered_model_tag(name, "gone", "soon")
    CLIENT.delete_registered_model_tag(name, "gone")
    CLIENT.set_model_version_tag(name, "2", "late", "ja")
    CLIENT.set_registered_model_alias(name, "champion", "1")
    CLIENT.set_registered_model_alias(name, "challenger", "2")
    CLIENT.transition_model_version_stage(name, "1", "Production")
    CLIENT.transition_model_version_stage(name, "2", "Production", archive_existing_versions=True)


def read_model(name):
    model = CLIENT.get_registered_model(name)
    versions = [
        [int(version.version), version.current_stage, version.source, version.run_id, version.status, version.description or "",
         tags(version.tags), sorted(CLIENT.get_model_version(name, version.version).aliases)]
        for version in CLIENT.search_model_versions(f"name = '{name}'")
    ]
    return {
        "description": model.description or "", "tags": tags(model.tags),
        "aliases": sorted([alias, int(version)] for alias, version in model.aliases.items()),
        "created": model.creation_timestamp, "updated": model.last_updated_timestamp,
        "versions": sorted(versions), "champion": int(CLIENT.get_model_version_by_alias(name, "champion").version),
        "production": [int(version.version) for version in CLIENT.get_latest_versions(name, ["Production"])],
    }


def write_artifacts(run):
    with tempfile.TemporaryDirectory() as folder:
        for path, text in STORY["artifacts"]:
            file = os.path.join(folder, path)
            os.makedirs(os.path.dirname(file), exist_ok=True)
            with open(file, "wb") as opened:
                opened.write(text.encode())
        CLIENT.log_artifacts(run, folder)


def read_artifacts(run):
    with tempfile.TemporaryDirectory() as folder:
        CLIENT.download_artifacts(run, "", folder)
        return sorted([os.path.relpath(file, folder), digest(file)] for file in walk(folder))


def walk(folder):
    return [os.path.join(root, name) for root, _, names in os.walk(folder) for name in names]


def digest(file):
    with open(file, "rb") as opened:
        return hashlib.sha256(opened.read()).hexdigest()


def list_artifacts(run, path):
    return sorted([entry.path, entry.is_dir, entry.file_size] for entry in CLIENT.list_artifacts(run, path))


def auth():
    # Imported late: it drags the whole server in.
    from mlflow.server import get_app_client

    return get_app_client("basic-auth", mlflow.get_tracking_uri())


def create_user(username, password, experiment, permission):
    auth().create_user(username, password)
    auth().create_experiment_permission(experiment, username, permission)


def read_user(username, experiment):
    user = auth().get_user(username)
    return [user.username, user.is_admin, auth().get_experiment_permission(experiment, username).permission]


def wrong(call, arguments):
    """Makes a call that must fail, and tells MLflow's code."""
    try:
        getattr(CLIENT, call)(*arguments)
    except MlflowException as error:
        return error.error_code
    return "none"


def main():
    actions = {name: value for name, value in globals().items() if callable(value)}
    print(json.dumps({"ok": mlflow.__version__}), file=ANSWERS, flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = {"ok": actions[request.pop("do")](**request)}
        except Exception as error:  # the Rust side decides what an error means
            answer = {"error": f"{type(error).__name__}: {error}", "code": getattr(error, "error_code", None)}
        print(json.dumps(answer), file=ANSWERS, flush=True)


main()
