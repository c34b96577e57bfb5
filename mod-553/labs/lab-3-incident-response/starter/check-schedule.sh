#!/bin/sh
# check-schedule.sh SCHEDULE --from INSTANT --to INSTANT
# Finds nothing, without having looked.
set -eu
echo "looked at $1" >&2
echo '{ "findings": [] }'
