#!/bin/sh
# Starts a tracking server that anybody may use, and that keeps its artifacts where no second machine can read them.
set -eu

mkdir -p "$LAB_WORK/artifacts"
exec mod-106 serve --host "$LAB_HOST" --port "$LAB_PORT" \
    --database "sqlite://$LAB_WORK/mlflow.db" --artifacts "file://$LAB_WORK/artifacts" --auth none
