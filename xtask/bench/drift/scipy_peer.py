"""scipy's kernels on the columns of numbers of two Parquet files; prints the CPU seconds of the tests alone.

usage: scipy_peer.py REFERENCE CURRENT
"""

import sys
import time

import pandas as pd
from scipy import stats

reference, current = (pd.read_parquet(path) for path in sys.argv[1:])
numbers = reference.select_dtypes("number").columns
started = time.process_time()
for column in numbers:
    stats.ks_2samp(reference[column].to_numpy(), current[column].to_numpy())
    stats.wasserstein_distance(reference[column].to_numpy(), current[column].to_numpy())
print(time.process_time() - started)
