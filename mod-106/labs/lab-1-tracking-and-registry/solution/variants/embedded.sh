# The embedded variant: one `mod-106 serve` over SQLite. Says how to start it, how to hand it new secrets, and how to copy what it
# keeps; the order of a rotation and of a backup is not decided here but in rotate-secrets.sh and backup.sh.
# shellcheck shell=bash disable=SC2034

TRACKING_URL=http://$TRACKING_HOST:$TRACKING_PORT
TRACKING_DATABASE=${TRACKING_DATABASE:-sqlite://$STATE/mlflow.db}
TRACKING_AUTH=${TRACKING_AUTH:-basic}
# No database server, so no database password to rotate.
ROTATES=(s3 admin)

# Where the bucket is. Which key opens it is said in a file, not here.
export AWS_REGION=$S3_REGION
[ -z "$S3_ENDPOINT" ] || export AWS_ENDPOINT_URL=$S3_ENDPOINT

store_arguments=(--database "$TRACKING_DATABASE" --artifacts "$TRACKING_ARTIFACTS" --s3-credentials-file "$SECRETS/s3-credentials")

# Serves in the foreground, under a small supervisor: SIGHUP stops the server, moves a restored database into place and starts it again.
run_foreground() {
    local server='' again=yes stop='' code=0
    trap 'again=yes; kill -TERM "$server"' HUP
    trap 'stop=yes; [ -z "$server" ] || kill -TERM "$server" 2>/dev/null' TERM INT
    echo $$ >"$STATE/supervisor.pid"
    while [ -n "$again" ] && [ -z "$stop" ]; do
        again=
        take_restored_database
        mod-106 serve --host "$TRACKING_HOST" --port "$TRACKING_PORT" "${store_arguments[@]}" \
            --auth "$TRACKING_AUTH" --default-permission "$TRACKING_DEFAULT_PERMISSION" \
            --admin-username "$TRACKING_ADMIN" --admin-password-file "$SECRETS/admin-password" \
            --ready-file "$STATE/ready" >>"$LOGS/tracking.log" 2>&1 &
        server=$!
        # Told to stop before there was a server to tell?
        [ -z "$stop" ] || kill -TERM "$server"
        # A signal ends `wait` early, so it is asked again until the server is really gone.
        while kill -0 "$server" 2>/dev/null; do
            wait "$server" && code=0 || code=$?
        done
        rm -f "$STATE/ready"
    done
    return "$code"
}

# A write-ahead log belongs to the database that wrote it; beside another one it would be replayed into the wrong file.
take_restored_database() {
    local file=${TRACKING_DATABASE#sqlite://}
    [ -e "$file.restoring" ] || return 0
    rm -f "$file-wal" "$file-shm"
    mv -f "$file.restoring" "$file"
}

# The server reads the files of $SECRETS as they are, and looks at the S3 key again at each call: there is nothing to render or to reload.
render_secrets() { :; }
reload() { :; }

back_up_stores() {
    mod-106 backup "${store_arguments[@]}" "$1"
}

restore_stores() {
    mod-106 restore "${store_arguments[@]}" --admin-username "$TRACKING_ADMIN" "$1"
    rm -f "$STATE/ready"
    kill -HUP "$(cat "$STATE/supervisor.pid")"
    wait_until 30 test -s "$STATE/ready"
}
