#!/bin/sh
# check.sh SPEC
# Says that nothing drifted, without having looked.
set -eu
echo "looked at $1" >&2
cat <<'JSON'
{ "monitor": "lab", "verdict": "stable", "why": "nobody looked", "columns": [] }
JSON
