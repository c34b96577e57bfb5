#!/usr/bin/env bash
# Puts a backup back: `./restore.sh embedded|process|containers FOLDER`. Checks every checksum before it touches anything.
#
# The database becomes what it was. Artifacts of the backup are put back where they were; artifacts written since then stay in the
# bucket, unreferenced: a restore that deletes is one more way to lose data.
set -euo pipefail

VARIANT=${1:?"usage: restore.sh embedded|process|containers FOLDER"}
source=${2:?"usage: restore.sh embedded|process|containers FOLDER"}
here=$(dirname "${BASH_SOURCE[0]}")
# shellcheck source=lib/settings.sh
. "$here/lib/settings.sh"
# shellcheck source=lib/secrets.sh
. "$here/lib/secrets.sh"
# shellcheck source=lib/tracking.sh
. "$here/lib/tracking.sh"
require_deployment
# shellcheck source=variants/embedded.sh
. "$here/variants/$VARIANT.sh"

[ -r "$source/SHA256SUMS" ] || fail "$source is no backup: it has no SHA256SUMS"
(cd "$source" && sha256sum --quiet --check SHA256SUMS) || fail "$source is damaged; nothing was touched"
restore_stores "$source"
say "restored from $source"
