#!/usr/bin/env bash
# Replaces gunicorn's workers by new ones and returns when the last old one is gone. New ones are forked before old ones are told to
# finish, and the listening socket stays open all the while, so no request is refused.
set -euo pipefail

master=$(cat "$TRACKING_RUN/gunicorn.pid")
old=$(cat "/proc/$master/task/$master/children")
kill -HUP "$master"
deadline=$((SECONDS + 60))
for worker in $old; do
    while [ -e "/proc/$worker" ]; do
        ((SECONDS < deadline)) || { echo "worker $worker does not finish" >&2; exit 1; }
        sleep 0.1
    done
done
