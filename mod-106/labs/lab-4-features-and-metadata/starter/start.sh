#!/usr/bin/env bash
# Starts the feature server.
set -euo pipefail
cp "$(dirname "$0")/features.yaml" "$LAB_WORK/features.yaml"
exec mod-106 features serve --repository "$LAB_WORK/features.yaml" --host "$LAB_HOST" --port "$LAB_PORT"
