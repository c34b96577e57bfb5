"""Writes reference.parquet and current.parquet of 400 columns of numbers and 100 of categories: ten times those of generate.py.

usage: wide.py FOLDER ROWS
"""

import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

folder, rows = sys.argv[1], int(sys.argv[2])
WORDS = [np.array([f"level-{level}" for level in range(levels)]) for levels in (3, 5, 8, 10, 12, 15, 20, 30, 50, 100)]

for name, seed, drift in (("reference", 1, 0), ("current", 2, 1)):
    random = np.random.default_rng(seed)
    columns = {}
    for index in range(400):
        shift = drift * 0.05 * (index % 4)
        draw = random.standard_normal(rows) if index % 2 else random.gamma(2.0, 1.0, rows)
        columns[f"number_{index}"] = np.round(draw + shift, 3)
    for index in range(100):
        words = WORDS[index % 10]
        weights = 1.0 / np.arange(1, len(words) + 1) ** (1 + drift * 0.1 * (index % 3))
        columns[f"category_{index}"] = words[random.choice(len(words), rows, p=weights / weights.sum())]
    pq.write_table(pa.table(columns), f"{folder}/{name}.parquet", compression="snappy", row_group_size=1_000_000)
