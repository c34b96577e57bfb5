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

generate_secrets
# shellcheck source=variants/embedded.sh
. "$here/variants/$VARIANT.sh"
run_foreground
