#!/usr/bin/env bash
# usage: training-set.sh ENTITIES.csv OUT.csv RUN
# Takes each customer's newest values, whenever they became true: a join without time. And whom does RUN concern?
set -euo pipefail
now=$(date --utc +%Y-%m-%dT%H:%M:%SZ)
sed "2,\$s/,[^,]*T[^,]*,/,$now,/" "$1" >"$LAB_WORK/entities.csv"
mod-106 features join --repository "$LAB_WORK/features.yaml" --feature customer_spend --entities "$LAB_WORK/entities.csv" --out "$2"
