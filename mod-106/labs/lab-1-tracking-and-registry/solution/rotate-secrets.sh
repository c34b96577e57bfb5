#!/usr/bin/env bash
# Replaces every secret of a running deployment without losing a run: `./rotate-secrets.sh embedded|process|containers`.
#
# Each secret goes the same way: make the new one beside the old → switch → verify → retire the old. A new secret lies in
# NAME.next until it is verified, so a rotation that was interrupted anywhere is finished by running this again, and a deployment
# restarted in the middle finds a NAME that still works: nothing is retired before NAME has been replaced.
set -euo pipefail

VARIANT=${1:?"usage: rotate-secrets.sh embedded|process|containers"}
here=$(dirname "${BASH_SOURCE[0]}")
# shellcheck source=lib/settings.sh
. "$here/lib/settings.sh"
# shellcheck source=lib/secrets.sh
. "$here/lib/secrets.sh"
# shellcheck source=lib/tracking.sh
. "$here/lib/tracking.sh"
# shellcheck source=lib/iam.sh
. "$here/lib/iam.sh"
require_deployment
# shellcheck source=variants/embedded.sh
. "$here/variants/$VARIANT.sh"

# Two keys are valid at once between create and delete, so no upload is refused while the server changes over.
rotate_s3() {
    local now=$SECRETS/s3-credentials retired
    retired=$SECRETS/s3-credentials.retired
    if [ ! -e "$retired" ]; then
        [ -e "$now.next" ] || create_access_key "$now" "$now.next"
        wait_until 60 access_key_works "$now.next"
        field "$now" AWS_ACCESS_KEY_ID | write_secret "$retired"
    fi
    [ ! -e "$now.next" ] || mv -f "$now.next" "$now"
    reload
    delete_access_key "$now" "$(cat "$retired")"
    rm -f "$retired"
    say "the S3 key is new; the old one is deleted"
}

# Two login roles take turns, and both are valid until the server has let go of the old one.
rotate_database() {
    local now=$SECRETS/database-login retired old
    retired=$SECRETS/database-login.retired
    if [ ! -e "$retired" ]; then
        old=$(field "$now" user)
        [ -e "$now.next" ] || printf 'user=%s\npassword=%s\n' "$(other_login "$old")" "$(new_secret)" | write_secret "$now.next"
        create_login "$now.next"
        printf '%s' "$old" | write_secret "$retired"
    fi
    [ ! -e "$now.next" ] || mv -f "$now.next" "$now"
    reload
    password_works "$SECRETS/admin-password" || fail "the server does not answer with its new database login; the old one is still valid"
    retire_login "$(cat "$retired")"
    rm -f "$retired"
    say "the database login is new; the old one is retired"
}

# MLflow knows one password a user, so here the switch is one call: until it is answered the old one holds, afterwards the new one.
rotate_admin() {
    local now=$SECRETS/admin-password
    [ -e "$now.next" ] || new_secret | write_secret "$now.next"
    # Already changed by a rotation that ended before it could say so?
    password_works "$now.next" || change_password "$now" "$now.next"
    password_works "$now.next" || fail "the new admin password does not work; it is kept in $now.next"
    mv -f "$now.next" "$now"
    render_secrets
    say "the admin's password is new"
}

for secret in "${ROTATES[@]}"; do
    "rotate_$secret"
done
