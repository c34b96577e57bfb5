"""Evidently's drift report of two Parquet files, from reading them to its HTML and JSON.

usage: peer.py REFERENCE CURRENT FOLDER NUMERIC_TEST CATEGORICAL_TEST
"""

import sys

import pandas as pd
from evidently import Report
from evidently.presets import DataDriftPreset

reference, current, folder, numeric, categorical = sys.argv[1:]
report = Report([DataDriftPreset(num_method=numeric, cat_method=categorical)])
result = report.run(pd.read_parquet(current), pd.read_parquet(reference))
result.save_html(f"{folder}/evidently.html")
result.save_json(f"{folder}/evidently.json")
