#!/usr/bin/env bash
# usage: catalogue.sh FOLDER
set -euo pipefail
exec mod-106 catalogue --registry "$(cat "$LAB_WORK/registry-url")" --project payments --out "$1"
