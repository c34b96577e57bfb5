#!/usr/bin/env bash
# Starts the deployment in the foreground: `./start.sh embedded|process|containers`. Makes the secrets that are missing, then hands
# over to variants/$VARIANT.sh. SIGTERM stops all of it.
set -euo pipefail

VARIANT=${1:?"usage: start.sh embedded|process|containers"}
here=$(dirname "${BASH_SOURCE[0]}")
# shellcheck source=lib/settings.sh
. "$here/lib/settings.sh"
# shellcheck source=lib/secrets.sh
. "$here/lib/secrets.sh"
# shellcheck source=lib/tracking.sh
. "$here/lib/tracking.sh"

mkdir -p "$SECRETS" "$LOGS"
generate_secrets
# The key that came by the environment is in a file by now. Starting over without it takes it out of /proc, for this script and all it starts.
if [ -n "${LAB_S3_SECRET_ACCESS_KEY:-}${AWS_SECRET_ACCESS_KEY:-}" ]; then
    exec env -u LAB_S3_ACCESS_KEY_ID -u LAB_S3_SECRET_ACCESS_KEY -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY "$BASH" "$0" "$@"
fi
# shellcheck source=variants/embedded.sh
. "$here/variants/$VARIANT.sh"
run_foreground
