#!/bin/sh
# Trains on the payments that the lab gives, then serves what was learnt. Metrics share the API's port: here nobody else is on the machine.
set -eu
cd "$(dirname "$0")"
mod-553 inference train --data payments.csv --version 1 --out "$LAB_WORK/model.json" --metrics "$LAB_WORK/training.prom"
exec mod-553 inference serve --model "$LAB_WORK/model.json" --log-folder "$LAB_WORK/logs" --tenant-budget 50 \
    --host "$LAB_HOST" --port "$LAB_PORT" --one-door --management-port 0
