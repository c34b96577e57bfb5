"""Writes reference.parquet and current.parquet: 40 columns of numbers and 10 of categories.

usage: generate.py FOLDER ROWS

Every other column drifts a little. Values have three decimals, as measurements do; one seed, so everyone measures the same data.
"""

import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

folder, rows = sys.argv[1], int(sys.argv[2])
STEP = 1_000_000
WORDS = [np.array([f"level-{level}" for level in range(levels)]) for levels in (3, 5, 8, 10, 12, 15, 20, 30, 50, 100)]


def batch(random, count, drift):
    columns = {}
    for index in range(40):
        shift = drift * 0.05 * (index % 4)
        draw = random.standard_normal(count) if index % 2 else random.gamma(2.0, 1.0, count)
        columns[f"number_{index}"] = np.round(draw + shift, 3)
    for index, words in enumerate(WORDS):
        weights = 1.0 / np.arange(1, len(words) + 1) ** (1 + drift * 0.1 * (index % 3))
        columns[f"category_{index}"] = words[random.choice(len(words), count, p=weights / weights.sum())]
    return pa.table(columns)


for name, seed, drift in (("reference", 1, 0), ("current", 2, 1)):
    random = np.random.default_rng(seed)
    writer, done = None, 0
    while done < rows:
        count = min(STEP, rows - done)
        table = batch(random, count, drift)
        writer = writer or pq.ParquetWriter(f"{folder}/{name}.parquet", table.schema, compression="snappy")
        writer.write_table(table, row_group_size=STEP)
        done += count
    writer.close()
