"""Reads a profile's sketches with Apache's own DataSketches, and writes sketches for us to read.

usage: sketches_peer.py read PROFILE      what the sketches of a profile say, as JSON
       sketches_peer.py write PROFILE     a profile whose sketches Python made
"""

import base64
import json
import sys

import datasketches as ds
import numpy as np

SHARES = [0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99]


def read(path):
    answers = {}
    for name, column in json.load(open(path))["columns"].items():
        answer = {"distinct": ds.hll_sketch.deserialize(base64.b64decode(column["distinct_hll"])).get_estimate()}
        if "quantiles_kll" in column:
            sketch = ds.kll_doubles_sketch.deserialize(base64.b64decode(column["quantiles_kll"]))
            answer |= {
                "n": sketch.n,
                "k": sketch.k,
                "quantiles": [float(sketch.get_quantile(share, True)) for share in SHARES],
                "error": sketch.normalized_rank_error(False),
            }
        if "frequent_items" in column:
            sketch = ds.frequent_strings_sketch.deserialize(base64.b64decode(column["frequent_items"]))
            items = sketch.get_frequent_items(ds.frequent_items_error_type.NO_FALSE_NEGATIVES)
            answer |= {"n": sketch.total_weight, "items": sorted((item[0], item[1]) for item in items)}
        answers[name] = answer
    json.dump(answers, sys.stdout)


def write(path):
    random = np.random.default_rng(553)
    numbers = random.normal(size=60_000)
    words = [f"level-{level}" for level in random.integers(0, 40, size=60_000)]
    kll = ds.kll_doubles_sketch(1000)
    kll.update(numbers)
    numbers_hll, words_hll = ds.hll_sketch(12, ds.HLL_8), ds.hll_sketch(12, ds.HLL_8)
    frequent = ds.frequent_strings_sketch(13)
    for number, word in zip(numbers, words):
        numbers_hll.update(float(number))
        words_hll.update(word)
        frequent.update(word)
    text = lambda data: base64.b64encode(data).decode()
    moments = {
        "count": len(numbers),
        "mean": float(numbers.mean()),
        "m2": float(((numbers - numbers.mean()) ** 2).sum()),
        "min": float(numbers.min()),
        "max": float(numbers.max()),
    }
    counted = {"nans": 0, "positive_infinities": 0, "negative_infinities": 0, "moments": moments}
    columns = {
        "number": {
            "kind": "numbers",
            "rows": 60_000,
            "nulls": 0,
            "numbers": counted,
            "quantiles_kll": text(kll.serialize()),
            "distinct_hll": text(numbers_hll.serialize_compact()),
        },
        "word": {
            "kind": "categories",
            "rows": 60_000,
            "nulls": 0,
            "distinct_hll": text(words_hll.serialize_compact()),
            "frequent_items": text(frequent.serialize()),
        },
    }
    json.dump({"version": 1, "rows": 60_000, "columns": columns}, open(path, "w"))
    truth = {
        "quantiles": [float(kll.get_quantile(share, True)) for share in SHARES],
        "distinct": [numbers_hll.get_estimate(), words_hll.get_estimate()],
        "items": sorted((word, words.count(word)) for word in set(words)),
    }
    json.dump(truth, sys.stdout)


{"read": read, "write": write}[sys.argv[1]](sys.argv[2])
