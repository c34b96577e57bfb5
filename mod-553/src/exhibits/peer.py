"""Gives data to the tools that an exhibit is about: one JSON question a line in, one answer a line out.

Run by `mod-553 exhibits page` with the Python of the tool's own environment. Numbers that JSON cannot hold go as texts.
"""

import json
import os
import sys
import warnings

os.environ["DO_NOT_TRACK"] = "1"
os.environ["NML_DISABLE_USAGE_LOGGING"] = "1"
warnings.simplefilter("ignore")

import numpy as np
import pandas as pd

np.seterr(all="ignore")


def side(data):
    if "counts" in data:
        return pd.Series(np.repeat([f"c{place}" for place in range(len(data["counts"]))], data["counts"]), dtype=object)
    return pd.Series([float(value) for value in data["numbers"]])


def evidently(question, reference, current):
    from evidently.legacy.calculations.stattests import get_stattest
    from evidently.legacy.core import ColumnType

    kind = ColumnType.Categorical if "counts" in question["reference"] else ColumnType.Numerical
    test = get_stattest(reference, current, kind, question["test"])
    found = test(reference, current, kind, None)
    return [repr(float(found.drift_score)), bool(found.drifted)]


def nannyml(question, reference, current):
    import nannyml

    calculator = nannyml.UnivariateDriftCalculator(
        column_names=["x"], continuous_methods=[question["test"]], chunk_number=10
    )
    calculator.fit(pd.DataFrame({"x": reference}))
    found = calculator.calculate(pd.DataFrame({"x": current})).filter(period="analysis").to_df()
    # Its users see a line of chunks, and an alert wherever one crosses the border.
    return [repr(float(found[("x", question["test"], "value")].max())), bool(found[("x", question["test"], "alert")].any())]


TOOLS = {"evidently": evidently, "nannyml": nannyml}

for line in sys.stdin:
    question = json.loads(line)
    answer = TOOLS[question["tool"]](question, side(question["reference"]), side(question["current"]))
    print(json.dumps(answer), flush=True)
