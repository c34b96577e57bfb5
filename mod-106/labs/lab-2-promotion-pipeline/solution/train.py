"""Trains a model and leaves a run on the tracking server: params, losses, the model with its signature, and scored data to validate.

    python train.py --experiment churn --commit SHA --write-run-to "$GITHUB_OUTPUT" [--seed N]
"""

import argparse
import json
import pathlib
import tempfile

import churn
from tracking import Refused, mod_106

ROWS = 3000


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--experiment", required=True)
    parser.add_argument("--commit", required=True, help="the code's revision")
    parser.add_argument("--write-run-to", required=True, type=pathlib.Path, help="receives the line run=ID")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()

    model, losses = churn.train(churn.draw(ROWS, given.seed))
    held_out = churn.draw(ROWS, given.seed + 1_000_003)
    later = churn.draw(ROWS, given.seed + 2_000_003)

    tags = ["--tag", f"mlflow.source.git.commit={given.commit}"]
    created = mod_106("runs", "create", "--experiment", experiment(given.experiment), "--name", "train", *tags)
    run = created["info"]["run_id"]
    try:
        params = [f"--param=rows={ROWS}", f"--param=epochs={len(losses)}", f"--param=seed={given.seed}"]
        mod_106("runs", "log", run, *params, f"--metric=test.auc={churn.auc(model, held_out):.6f}")
        for step in range(0, len(losses), 20):
            mod_106("runs", "log", run, f"--metric=train.loss={losses[step]:.6f}", "--step", str(step))
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            churn.write(folder / "reference.csv", held_out, model)
            churn.write(folder / "current.csv", later, model)
            save(folder / "model", model)
            mod_106("artifacts", "upload", run, str(folder))
    except BaseException:
        mod_106("runs", "finish", run, "--status", "failed")
        raise
    mod_106("runs", "finish", run)
    with given.write_run_to.open("a") as file:
        file.write(f"run={run}\n")


def experiment(name):
    """The id of the experiment, which whoever comes first makes."""
    try:
        return mod_106("experiments", "get", "--name", name)["experiment_id"]
    except Refused:
        return mod_106("experiments", "create", name)["experiment_id"]


def save(folder, model):
    """The model as MLflow lays it out; the signature says what goes in and what comes out."""
    folder.mkdir()
    (folder / "model.json").write_text(json.dumps(model, indent=2))
    inputs = [{"name": name, "type": "double"} for name in churn.FEATURES]
    description = {
        "artifact_path": "model",
        "flavors": {"python_function": {"loader_module": "churn", "data": "model.json"}},
        "signature": {"inputs": json.dumps(inputs), "outputs": json.dumps([{"name": "score", "type": "double"}])},
    }
    # JSON is YAML, which is what MLflow reads.
    (folder / "MLmodel").write_text(json.dumps(description, indent=2))


if __name__ == "__main__":
    main()
