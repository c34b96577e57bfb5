# What the two MLflow variants have in common: PostgreSQL and a bucket, rendered secrets, backup and restore of both. A variant supplies
# `superuser_sql`, `superuser_tool`, `in_tracking` (a script where MLflow's Python is) and `deliver_secrets`. Sourced after lib/database.sh.
# shellcheck shell=bash disable=SC2034

TRACKING_URL=https://$TRACKING_HOST:$TRACKING_PORT
TRACKING_CA=$STATE/tls/ca.pem
TRACKING_NAMES=${TRACKING_NAMES:-}
ROTATES=(database admin)
# On Google Cloud Storage the key is a file that Google's own tools replace.
[[ $TRACKING_ARTIFACTS != s3://* ]] || ROTATES=(s3 database admin)
RENDERED=$STATE/rendered

# The files that MLflow reads, in the forms in which libpq and boto3 want them. Each is replaced in one step.
render_secrets() {
    local database
    mkdir -p "$RENDERED"
    for database in tracking accounts; do
        printf '[%s]\nhost=%s\ndbname=%s\n' "$database" "$DATABASE_HOST" "$database"
        cat "$SECRETS/database-login"
    done | publish pg_service.conf
    [ ! -e "$SECRETS/s3-credentials" ] || {
        echo '[default]'
        sed -e 's/^AWS_ACCESS_KEY_ID=/aws_access_key_id = /' -e 's/^AWS_SECRET_ACCESS_KEY=/aws_secret_access_key = /' "$SECRETS/s3-credentials"
    } | publish aws-credentials
    publish admin-password <"$SECRETS/admin-password"
    publish flask-secret-key <"$SECRETS/flask-secret-key"
    [ ! -e "$SECRETS/gcs-credentials.json" ] || publish gcs-credentials.json <"$SECRETS/gcs-credentials.json"
    deliver_secrets
}

# publish NAME: standard input becomes a rendered file that the service's user can read, and nobody else.
publish() {
    write_secret "$RENDERED/$1.next"
    [ "$(id -u)" != 0 ] || chown "$SERVICE_USER" "$RENDERED/$1.next"
    chmod 400 "$RENDERED/$1.next"
    mv -f "$RENDERED/$1.next" "$RENDERED/$1"
}

reload() {
    render_secrets
    in_tracking reload.sh
}

back_up_stores() {
    back_up_database tracking "$1/tracking.dump"
    back_up_database accounts "$1/accounts.dump"
    in_tracking artifacts.py export >"$1/artifacts.tar"
}

# The artifacts first: when the rows come back, what they point at is there.
restore_stores() {
    in_tracking artifacts.py import <"$1/artifacts.tar"
    restore_database tracking "$1/tracking.dump"
    restore_database accounts "$1/accounts.dump"
    keep_admin_password
    swap_databases
    reload
    wait_until 30 password_works "$SECRETS/admin-password"
}
