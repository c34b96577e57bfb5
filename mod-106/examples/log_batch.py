"""The official client's side of the logging bench; `log_batch.rs` is ours. The arguments and the answer are the same.

    python log_batch.py TRACKING_URI [RUNS] [METRICS]

Prints JSON: CPU seconds (user and system) of all that follows the imports, and the wall time of the same.
"""

import json
import resource
import sys
import time

from mlflow import MlflowClient
from mlflow.entities import Metric


def cpu_s():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main():
    uri = sys.argv[1]
    runs, metrics = (int(text) for text in (sys.argv[2:] + ["100", "1000"][len(sys.argv) - 2 :]))
    cpu_before, wall_before = cpu_s(), time.monotonic()
    client = MlflowClient(uri)
    experiment = client.create_experiment(f"bench-{time.time_ns()}")
    for _ in range(runs):
        run = client.create_run(experiment, start_time=1).info.run_id
        client.log_batch(run, metrics=[Metric("loss", 1.0 / (step + 1), 1_700_000_000_000 + step, step) for step in range(metrics)])
    print(json.dumps({"cpu_s": cpu_s() - cpu_before, "wall_s": time.monotonic() - wall_before}))


main()
