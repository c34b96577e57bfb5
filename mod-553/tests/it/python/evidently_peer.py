"""Answers with Evidently what our parity mode answers: one JSON question a line in, one answer a line out.

What Evidently raises is answered by null. Numbers that JSON cannot hold come and go as texts.
"""

import json
import os
import sys
import warnings

os.environ["DO_NOT_TRACK"] = "1"
warnings.simplefilter("ignore")

import numpy as np
import pandas as pd
from evidently.legacy.calculations.stattests import get_stattest
from evidently.legacy.calculations.stattests.mmd_stattest import kernel_matrix, mmd_2samp
from evidently.legacy.core import ColumnType

np.seterr(all="ignore")


def series(values, kind):
    if kind == "categories":
        return pd.Series(values, dtype=object)
    if kind == "integers":
        return pd.Series([int(value) for value in values], dtype="int64")
    # As Evidently cleans a column before it asks a test.
    return pd.Series([float(value) for value in values]).replace([-np.inf, np.inf], np.nan).dropna()


def one(reference, current, feature, name):
    try:
        if reference.empty or current.empty:
            raise ValueError("an empty column")
        test = get_stattest(reference, current, feature, name)
        found = test(reference.copy(), current.copy(), feature, None)
        return [test.name, repr(float(found.drift_score)), bool(found.drifted)]
    except Exception:
        return None


def column(question):
    kind = question["kind"]
    reference, current = series(question["a"], kind), series(question["b"], kind)
    feature = ColumnType.Categorical if kind == "categories" else ColumnType.Numerical
    answers = {name or "default": one(reference, current, feature, name) for name in question["tests"]}
    if question.get("mmd"):
        # The statistic of `mmd_pval`, without its permutations.
        kernel = kernel_matrix(reference.to_numpy(float).reshape(-1, 1), current.to_numpy(float).reshape(-1, 1))
        kernel = kernel - np.diag(np.diagonal(kernel))
        answers["mmd"] = repr(float(mmd_2samp(kernel, len(current))))
    return answers


def frame(question):
    from evidently import Report
    from evidently.presets import DataDriftPreset

    sides = [pd.DataFrame({name: series(values, kind) for name, kind, values in side}) for side in question["sides"]]
    metrics = Report([DataDriftPreset()]).run(sides[1], sides[0]).dict()["metrics"]
    scores = {metric["metric_name"].split("column=")[1].split(",")[0]: repr(float(metric["value"])) for metric in metrics[1:]}
    return {"scores": scores, "count": metrics[0]["value"]["count"], "share": metrics[0]["value"]["share"]}


for line in sys.stdin:
    question = json.loads(line)
    answer = frame(question) if question["what"] == "frame" else column(question)
    print(json.dumps(answer), flush=True)
