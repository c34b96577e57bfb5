# Making, keeping and replacing secrets: one file each, mode 0600, replaced by an atomic rename, so that a reader sees the old
# one or the new one and never half of either. Sourced after lib/settings.sh; what is rendered from the secrets for a particular
# server is in variants/.
# shellcheck shell=bash

# 256 random bits that need no quoting in a URL, a shell, an INI file or SQL.
new_secret() {
    head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n'
}

# write_secret FILE: standard input becomes the file's content, in one step.
write_secret() {
    cat >"$1.writing"
    sync "$1.writing" 2>/dev/null || sync
    mv -f "$1.writing" "$1"
}

# field FILE KEY: the value of KEY in a file of KEY=VALUE lines.
field() {
    sed -n "s/^$2=//p" "$1"
}

# The S3 credentials that a bucket's owner handed over become a file the first time; afterwards the file is the truth, since a
# rotation has replaced what the environment still says.
adopt_s3_credentials() {
    [ -e "$SECRETS/s3-credentials" ] && return
    local id=${LAB_S3_ACCESS_KEY_ID:-${AWS_ACCESS_KEY_ID:-}} secret=${LAB_S3_SECRET_ACCESS_KEY:-${AWS_SECRET_ACCESS_KEY:-}}
    if [ -z "$id" ] || [ -z "$secret" ]; then
        fail "no S3 credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY for this one call, or write $SECRETS/s3-credentials"
    fi
    printf 'AWS_ACCESS_KEY_ID=%s\nAWS_SECRET_ACCESS_KEY=%s\n' "$id" "$secret" | write_secret "$SECRETS/s3-credentials"
}

# missing_secret NAME: standard input becomes that secret, unless it is there already.
missing_secret() {
    if [ -e "$SECRETS/$1" ]; then cat >/dev/null; else write_secret "$SECRETS/$1"; fi
}

# Makes what is missing and leaves alone what is there: safe to call at every start. The embedded variant has neither a database server nor
# Flask; a secret that opens nothing would only be one more to lose.
generate_secrets() {
    [[ $TRACKING_ARTIFACTS != s3://* ]] || adopt_s3_credentials
    new_secret | missing_secret admin-password
    [ "${VARIANT:-containers}" != embedded ] || return 0
    new_secret | missing_secret flask-secret-key
    printf 'user=tracking_a\npassword=%s\n' "$(new_secret)" | missing_secret database-login
}
