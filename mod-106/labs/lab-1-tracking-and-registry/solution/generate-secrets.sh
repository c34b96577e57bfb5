#!/usr/bin/env bash
# Makes every secret that is missing, each from 256 random bits, in files that only you can read. There is no default password to
# forget: a fresh deployment has none until this has run. start.sh calls the same function, so running this by hand is optional.
set -euo pipefail

here=$(dirname "${BASH_SOURCE[0]}")
# shellcheck source=lib/settings.sh
. "$here/lib/settings.sh"
# shellcheck source=lib/secrets.sh
. "$here/lib/secrets.sh"

mkdir -p "$SECRETS" "$LOGS"
generate_secrets
say "the secrets are in $SECRETS; the admin is \"$TRACKING_ADMIN\", its password in $SECRETS/admin-password"
