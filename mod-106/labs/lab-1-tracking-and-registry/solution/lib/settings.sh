# Where things are, for every script here: read once, from the lab's environment or from `.env`, and from nowhere else.
# The settings are for the files sourced after this one. A script sets VARIANT (embedded, process or containers) and sources this file. No secret is ever a setting: those live in
# files under $SECRETS, because the environment shows in `docker inspect`, in /proc and in every child process.
# Next on the way: lib/secrets.sh.
# shellcheck shell=bash disable=SC2034

SOLUTION=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# Outside the lab, the settings come from `.env`; inside it, the harness hands them over as LAB_*.
if [ -z "${LAB_WORK:-}" ] && [ -r "$SOLUTION/.env" ]; then
    set -a
    # shellcheck source=/dev/null  # made by the operator from .env.template
    . "$SOLUTION/.env"
    set +a
fi

STATE=${LAB_WORK:-${TRACKING_STATE:-$SOLUTION/state}}
# A relative folder is the solution's, wherever the script is called from.
[[ $STATE == /* ]] || STATE=$SOLUTION/$STATE
SECRETS=$STATE/secrets
LOGS=$STATE/logs

TRACKING_HOST=${LAB_HOST:-${TRACKING_HOST:-127.0.0.1}}
TRACKING_PORT=${LAB_PORT:-${TRACKING_PORT:-8443}}
TRACKING_ADMIN=${TRACKING_ADMIN:-admin}
TRACKING_DEFAULT_PERMISSION=${TRACKING_DEFAULT_PERMISSION:-NO_PERMISSIONS}

S3_ENDPOINT=${LAB_S3_ENDPOINT:-${S3_ENDPOINT:-}}
S3_BUCKET=${LAB_S3_BUCKET:-${S3_BUCKET:-}}
S3_REGION=${LAB_S3_REGION:-${S3_REGION:-us-east-1}}
IAM_ENDPOINT=${LAB_IAM_ENDPOINT:-${IAM_ENDPOINT:-https://iam.amazonaws.com}}
TRACKING_ARTIFACTS=${TRACKING_ARTIFACTS:-s3://$S3_BUCKET/artifacts}

# Everything made here is for its owner alone, unless a script widens it on purpose.
umask 077

# Says what went wrong and ends the script.
fail() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

# Says what happens, on standard error, without any secret.
say() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
}

# For the scripts that work on a deployment: it must be there, and the key that it was first given is no longer anybody's business.
require_deployment() {
    [ -e "$SECRETS/admin-password" ] || fail "no deployment in $STATE; ./start.sh makes one"
    unset LAB_S3_ACCESS_KEY_ID LAB_S3_SECRET_ACCESS_KEY AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
}
