#!/usr/bin/env bash
# Copies the database and the artifacts of a running deployment into a folder: `./backup.sh embedded|process|containers FOLDER`.
#
# The database first, the artifacts second: a run that ends between the two has artifacts without a row, which harms nobody; the
# other order would keep rows that point at artifacts nobody copied. The folder appears under its name only when it is complete and
# its checksums are written.
set -euo pipefail

VARIANT=${1:?"usage: backup.sh embedded|process|containers FOLDER"}
target=${2:?"usage: backup.sh embedded|process|containers FOLDER"}
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

rm -rf "$target.partial"
mkdir -p "$target.partial"
back_up_stores "$target.partial"
(cd "$target.partial" && find . -type f -print0 | sort -z | xargs -0 sha256sum) >"$target.checksums"
mv "$target.checksums" "$target.partial/SHA256SUMS"

# The previous backup is given up only once its successor is whole.
rm -rf "$target.previous"
[ ! -e "$target" ] || mv "$target" "$target.previous"
mv "$target.partial" "$target"
rm -rf "$target.previous"
say "backed up to $target: $(wc -l <"$target/SHA256SUMS") files"
