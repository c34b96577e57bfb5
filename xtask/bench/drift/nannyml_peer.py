"""NannyML's univariate drift of two Parquet files; prints the CPU seconds of the calculation alone.

usage: nannyml_peer.py REFERENCE CURRENT NUMERIC CATEGORICAL
"""

import sys
import time

import nannyml
import pandas as pd

reference, current, numeric, categorical = sys.argv[1:]
reference, current = pd.read_parquet(reference), pd.read_parquet(current)
started = time.process_time()
calculator = nannyml.UnivariateDriftCalculator(
    column_names=list(reference.columns),
    continuous_methods=numeric.split(","),
    categorical_methods=categorical.split(","),
    chunk_number=1,
)
calculator.fit(reference).calculate(current)
print(time.process_time() - started)
