#!/bin/sh
# validate.sh SPEC --report FOLDER [--log-to-run RUN --model NAME --version VERSION]
# Says that everything passed, without having looked.
set -eu
spec=$1
folder=$3
echo "looked at $spec" >&2
mkdir -p "$folder"
cat > "$folder/report.json" <<'JSON'
{ "suite": "lab", "verdict": "passed", "expectations": [] }
JSON
