#!/bin/sh
# postmortem.sh FINGERPRINT --events FILE --policy FILE --out FOLDER [--actions FILE --root FOLDER --on DATE] [--security FILE]
# Knows what everybody knew anyway.
set -eu
mkdir -p "$7"
echo '# Payments are slow: human error' > "$7/postmortem.md"
echo '{ "facts": { "factors": ["human error"] }, "actions": [] }' > "$7/postmortem.json"
