#!/usr/bin/env bash
# Becomes gunicorn with MLflow inside. PYTHON is the interpreter that has MLflow; the rest is TRACKING_* (see gunicorn.conf.py).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mkdir -p "$TRACKING_RUN"
# PGSERVICEFILE and AWS_SHARED_CREDENTIALS_FILE name files that libpq and boto3 read at each new connection, so a rotation needs no new
# arguments and no new environment.
export PYTHONPATH=$here PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
# The environment of the machine must not bend the way to a bucket or turn on the instance's own role.
export AWS_EC2_METADATA_DISABLED=true GIT_PYTHON_REFRESH=quiet
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_PROFILE
# A leftover of a crash would be taken for a running server.
rm -f "$TRACKING_RUN/gunicorn.pid"
exec "$PYTHON" -m gunicorn --config "$here/gunicorn.conf.py"
