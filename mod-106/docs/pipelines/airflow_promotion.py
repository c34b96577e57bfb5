"""Validates a registered model version and promotes it to staging: an Airflow DAG whose tasks call the command mod-106.

Each exit code becomes what Airflow understands: fail at once, try again, or skip what follows.
"""

import json
import subprocess
from datetime import timedelta

from airflow.decorators import dag, task
from airflow.exceptions import AirflowFailException, AirflowSkipException


def mod_106(*words: str) -> str:
    """Runs the command and returns what it printed; raises what its exit code means."""
    done = subprocess.run(["mod-106", *words], capture_output=True, text=True, check=False)
    said = done.stderr.strip()
    print(said)
    if done.returncode in (1, 2):
        # AirflowFailException is not retried: the same call would get the same answer.
        raise AirflowFailException(f"mod-106 {words[0]}: {said}")
    if done.returncode == 4:
        raise AirflowSkipException(f"mod-106 {words[0]} cannot decide yet: {said}")
    if done.returncode != 0:
        # 3 is a server out of reach; whatever else there is may pass, too. Airflow tries again.
        raise RuntimeError(f"mod-106 {words[0]}: exit code {done.returncode}: {said}")
    return done.stdout


@dag(
    schedule=None,
    catchup=False,
    # Two promotions of one model at a time would wait for each other anyway.
    max_active_runs=1,
    default_args={"retries": 3, "retry_delay": timedelta(minutes=1), "retry_exponential_backoff": True},
    params={"model": "churn", "version": "1", "run_id": "", "spec": "validation.yaml"},
)
def promotion():
    @task
    def validate(params: dict) -> str:
        named = ["--model", params["model"], "--version", params["version"]]
        mod_106("validate", params["spec"], "--log-to-run", params["run_id"], *named)
        return params["version"]

    @task
    def promote(version: str, params: dict) -> str:
        # It takes validate's result, and so runs after it, and not at all when validate failed or was skipped.
        printed = mod_106("promote", "to", "staging", params["model"], "--version", version, "--json")
        return json.loads(printed)["outcome"]

    promote(validate())


promotion()
