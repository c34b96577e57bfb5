#!/bin/sh
# status MODEL: what the registry says.
set -eu

exec mod-106 models get "$1" --json
