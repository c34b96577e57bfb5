#!/bin/sh
# retrain.sh COMMAND POLICY --repository REPO --now TIME …
# Says that nothing is due, without having looked.
set -eu
echo "$1 was asked for" >&2
echo '{ "outcome": "wait", "why": "nobody has looked", "reason": "calm", "silent": [], "ignored": [] }'
