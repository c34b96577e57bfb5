#!/usr/bin/env bash
# Starts the feature server in the foreground. usage: start.sh embedded|process
set -euo pipefail
cd "$(dirname "$0")"

case $1 in
embedded)
    # Data and online store lie beside the repository's file: in LAB_WORK they survive a restart.
    mkdir -p "$LAB_WORK/data"
    cp features.yaml "$LAB_WORK/features.yaml"
    exec mod-106 features serve --repository "$LAB_WORK/features.yaml" --host "$LAB_HOST" --port "$LAB_PORT"
    ;;
process) exec ./feast/serve.sh ;;
*) echo "usage: start.sh embedded|process" >&2 && exit 2 ;;
esac
