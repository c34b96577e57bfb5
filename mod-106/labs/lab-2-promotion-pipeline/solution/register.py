"""Registers a run's model, with what the gates ask for as tags, and prints the version. A job that runs again registers nothing twice.

    python register.py churn RUN --author NAME

The workflow calls this after the unit tests passed; what the validation said is read from the run, never told by whoever calls.
"""

import argparse
import sys

from tracking import Refused, mod_106

VALIDATION = ["validation.status", "validation.report_digest", "validation.time"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("run")
    parser.add_argument("--author", required=True, help="whose change it is; they cannot approve it")
    given = parser.parse_args()

    said = {tag["key"]: tag["value"] for tag in mod_106("runs", "get", given.run)["data"]["tags"]}
    missing = [key for key in VALIDATION if key not in said]
    if missing:
        sys.exit(f"run {given.run} has no {', '.join(missing)}: run `mod-106 validate … --log-to-run {given.run}` first")

    version = registered(given.model, given.run)
    tags = {key: said[key] for key in VALIDATION} | {"tests.status": "passed", "promotion.author": given.author}
    for key, value in tags.items():
        mod_106("models", "set-tag", given.model, key, value, "--version", version)
    print(version)


def registered(model, run):
    """The version that this run became, which is made where there is none."""
    try:
        mod_106("models", "get", model)
    except Refused:
        mod_106("models", "create", model)
    known = mod_106("models", "versions", "--filter", f"run_id = '{run}'")
    for version in known:
        if version["name"] == model:
            return str(version["version"])
    made = mod_106("models", "create-version", model, "--source", f"runs:/{run}/model", "--run", run)
    return str(made["version"])


if __name__ == "__main__":
    main()
