#!/bin/sh
# escalate.sh POLICY EVENTS --until INSTANT
# Tells nobody anything.
set -eu
echo "would follow $1" >&2
echo '{ "notifications": [], "incidents": [] }'
