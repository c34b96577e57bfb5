#!/usr/bin/env bash
# usage: store.sh ingest VIEW ROWS.csv | training-set ENTITIES.csv OUT.csv RUN
set -euo pipefail
cd "$LAB_WORK/repository"
exec env FEAST_USAGE=False "HOME=$LAB_WORK" "$LAB_TOOLS/feast/bin/python" store.py "$@"
