# The process variant: PostgreSQL 15, MLflow 2.22 in a virtual environment and nginx, as processes of this machine, joined by sockets in a
# private folder, so that the proxy's port is the only one that listens. Where the caller is root, each runs as a user that is not.
# shellcheck shell=bash disable=SC2034
# shellcheck source=../lib/database.sh
. "$SOLUTION/lib/database.sh"
# shellcheck source=../lib/stores.sh
. "$SOLUTION/lib/stores.sh"
# shellcheck source=../lib/tls.sh
. "$SOLUTION/lib/tls.sh"

SERVICE_USER=www-data
DATABASE_USER=postgres
DATABASE_HOST=$STATE/run/database
DATABASE_DATA=$STATE/database
PYTHON=${TRACKING_PYTHON:-${LAB_TOOLS:-$SOLUTION}/mlflow-2.22/bin/python}
# Debian keeps PostgreSQL's programs, and nginx, off the usual path.
PATH=$PATH:/usr/lib/postgresql/15/bin:/usr/sbin

as_database=() as_service=()

# Root hands each server to a user of its own. Where that user cannot walk down to our folder (a private temporary folder belongs to root
# alone), it may look its way through folders, and nothing more.
drop_root() {
    local user reach
    if [ "$(id -u)" != 0 ]; then
        SERVICE_USER=$(id -un) DATABASE_USER=$(id -un)
        return
    fi
    for user in "$DATABASE_USER" "$SERVICE_USER"; do
        reach=(setpriv "--reuid=$user" "--regid=$user" --init-groups --no-new-privs)
        "${reach[@]}" test -x "$STATE" -a -r "$SOLUTION/start.sh" -a -x "$PYTHON" ||
            reach+=("--inh-caps=-all,+dac_read_search" "--ambient-caps=-all,+dac_read_search" "--bounding-set=-all,+dac_read_search")
        [ "$user" = "$DATABASE_USER" ] && as_database=("${reach[@]}") || as_service=("${reach[@]}")
    done
}

# Folders, each for the user that writes there.
prepare_folders() {
    chmod 711 "$STATE" "$LOGS"
    mkdir -p "$RENDERED" "$STATE/run/database" "$STATE/run/tracking" "$STATE/run/proxy" "$DATABASE_DATA"
    chmod 711 "$STATE/run"
    chmod 755 "$STATE/run/database"
    touch "$LOGS/access.log"
    [ "$(id -u)" = 0 ] || return 0
    chown "$DATABASE_USER" "$STATE/run/database" "$DATABASE_DATA"
    chown -R "$SERVICE_USER" "$RENDERED" "$STATE/run/tracking" "$STATE/run/proxy" "$STATE/tls" "$LOGS/access.log"
    chmod 755 "$STATE/tls"
    chmod 644 "$STATE/tls/ca.pem"
}

# The superuser has no password: only its own user of this machine comes in, through the socket.
initialise_database() {
    [ -e "$DATABASE_DATA/PG_VERSION" ] && return
    "${as_database[@]}" initdb --pgdata "$DATABASE_DATA" --username=postgres --encoding=UTF8 --locale=C.UTF-8 \
        --auth-local=peer --auth-host=reject >>"$LOGS/database.log" 2>&1
    printf 'local all postgres peer map=operator\nlocal all all scram-sha-256\n' | "${as_database[@]}" tee "$DATABASE_DATA/pg_hba.conf" >/dev/null
    printf 'operator %s postgres\n' "$DATABASE_USER" | "${as_database[@]}" tee "$DATABASE_DATA/pg_ident.conf" >/dev/null
}

superuser_tool() {
    local tool=$1
    shift
    "${as_database[@]}" env -C / "$tool" --host="$DATABASE_HOST" --username=postgres --no-password "$@"
}

superuser_sql() {
    superuser_tool psql --no-psqlrc --quiet --no-align --tuples-only --set=ON_ERROR_STOP=1 --dbname="$1"
}

# in_tracking SCRIPT…: runs a script of tracking/ with MLflow's settings.
in_tracking() {
    local script=$1 run=(bash)
    shift
    [[ $script != *.py ]] || run=("$PYTHON")
    "${as_tracking[@]}" "${run[@]}" "$SOLUTION/tracking/$script" "$@"
}

# The rendered files are where the server reads them.
deliver_secrets() { :; }

start_database() {
    "${as_database[@]}" postgres -D "$DATABASE_DATA" -k "$DATABASE_HOST" -c listen_addresses= -c shared_buffers=64MB \
        -c max_connections=60 -c password_encryption=scram-sha-256 -c log_min_error_statement=panic >>"$LOGS/database.log" 2>&1 &
    database=$!
    wait_until 60 superuser_tool psql --dbname=postgres --command='SELECT 1'
    ensure_databases
}

start_tracking() {
    # Not through in_tracking: a function in the background is a shell of its own, and a signal for it would end there.
    "${as_tracking[@]}" bash "$SOLUTION/tracking/start.sh" >>"$LOGS/tracking.log" 2>&1 &
    tracking=$!
}

start_proxy() {
    "${as_service[@]}" env -C / "PROXY_RUN=$STATE/run/proxy" "PROXY_TLS=$STATE/tls" "PROXY_LISTEN=$TRACKING_HOST:$TRACKING_PORT" \
        "PROXY_NAMES=127.0.0.1 localhost $TRACKING_NAMES" "PROXY_UPSTREAM=unix:$STATE/run/tracking/http.sock" \
        "PROXY_ACCESS_LOG=$LOGS/access.log" bash "$SOLUTION/proxy/start.sh" >>"$LOGS/proxy.log" 2>&1 &
    proxy=$!
}

# From the door inwards, so that nothing is asked of a server that has gone; PostgreSQL's SIGINT is its fast, clean stop.
stop_all() {
    trap - TERM INT EXIT
    [ -z "${proxy:-}" ] || kill -QUIT "$proxy" 2>/dev/null || true
    [ -z "${tracking:-}" ] || { kill -TERM "$tracking" 2>/dev/null && wait "$tracking" || true; }
    [ -z "${database:-}" ] || { kill -INT "$database" 2>/dev/null && wait "$database" || true; }
}

run_foreground() {
    trap 'stop_all; exit 0' TERM INT
    trap stop_all EXIT
    start_database
    start_tracking
    start_proxy
    # One that ends takes the others along: half a deployment answers nobody well.
    wait -n "$database" "$tracking" "$proxy" || true
    fail "a server has ended; see $LOGS"
}

[ -x "$PYTHON" ] || fail "no MLflow at $PYTHON: run \`cargo xtask images --process\`"
make_certificate
drop_root
prepare_folders
as_tracking=(
    "${as_service[@]}" env -C / "HOME=$STATE/run/tracking" "PYTHON=$PYTHON" "TRACKING_RUN=$STATE/run/tracking" "TRACKING_SECRETS=$RENDERED"
    "TRACKING_BIND=unix:$STATE/run/tracking/http.sock" "TRACKING_ARTIFACTS=$TRACKING_ARTIFACTS"
    "TRACKING_ADMIN=$TRACKING_ADMIN" "TRACKING_DEFAULT_PERMISSION=$TRACKING_DEFAULT_PERMISSION"
    "MLFLOW_S3_ENDPOINT_URL=$S3_ENDPOINT" "AWS_DEFAULT_REGION=$S3_REGION"
    "PGSERVICEFILE=$RENDERED/pg_service.conf" "AWS_SHARED_CREDENTIALS_FILE=$RENDERED/aws-credentials"
)
initialise_database
render_secrets
