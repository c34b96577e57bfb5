"""whylogs' profile of one Parquet file, written to a file.

usage: whylogs_peer.py DATA PROFILE
"""

import sys

import pandas as pd
import whylogs

data, profile = sys.argv[1:]
whylogs.log(pd.read_parquet(data)).writer("local").option(base_dir=".", base_name=profile).write()
