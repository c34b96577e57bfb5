#!/usr/bin/env bash
# usage: training-set.sh ENTITIES.csv OUT.csv RUN   (the tracking server is in MLFLOW_TRACKING_URI)
set -euo pipefail
exec mod-106 features join --repository "$LAB_WORK/features.yaml" --service fraud_v1 --entities "$1" --out "$2" --log-to-run "$3"
