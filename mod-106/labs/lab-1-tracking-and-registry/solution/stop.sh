#!/usr/bin/env bash
# Takes the containers down and keeps their volumes: `./stop.sh containers`. With `--volumes` it deletes those too, and with them
# every run. The other variants end with start.sh.
set -euo pipefail

VARIANT=${1:?"usage: stop.sh containers [--volumes]"}
here=$(dirname "${BASH_SOURCE[0]}")
# shellcheck source=lib/settings.sh
. "$here/lib/settings.sh"
# shellcheck source=lib/secrets.sh
. "$here/lib/secrets.sh"
[ "$VARIANT" = containers ] || fail "end start.sh instead"
require_deployment
# shellcheck source=variants/containers.sh
. "$here/variants/containers.sh"

compose down --remove-orphans --timeout 20 ${2:+"$2"}
