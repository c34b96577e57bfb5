# The containers variant: compose.yaml, brought up by whichever compose this machine has. Secrets go into volumes that only one user of one
# container can read, and PostgreSQL's superuser is reached through its container, so nothing secret passes through compose.
# shellcheck shell=bash disable=SC2034
# shellcheck source=../lib/database.sh
. "$SOLUTION/lib/database.sh"
# shellcheck source=../lib/stores.sh
. "$SOLUTION/lib/stores.sh"
# shellcheck source=../lib/tls.sh
. "$SOLUTION/lib/tls.sh"

SERVICE_USER=$(id -un)
DATABASE_HOST=postgres
# Compose reads these; a name of its own for each deployment on this machine.
export COMPOSE_PROJECT_NAME=${LAB_PROJECT:-${COMPOSE_PROJECT_NAME:-mlops-tracking}}
export TRACKING_HOST TRACKING_PORT TRACKING_ADMIN TRACKING_DEFAULT_PERMISSION TRACKING_ARTIFACTS TRACKING_NAMES S3_ENDPOINT S3_REGION

compose() {
    if docker compose version >/dev/null 2>&1; then
        docker compose --file "$SOLUTION/compose.yaml" "$@"
    elif command -v docker-compose >/dev/null; then
        docker-compose --file "$SOLUTION/compose.yaml" "$@"
    else
        fail "neither \`docker compose\` nor \`docker-compose\` is here"
    fi
}

# The container of a service, by the labels that every compose sets: a second faster than asking compose. Commands go to it through
# `docker exec`, whose streams are binary with every version.
container_of() {
    local id project=com.docker.compose.project=$COMPOSE_PROJECT_NAME
    id=$(docker ps --quiet --filter "label=$project" --filter "label=com.docker.compose.service=$1")
    [ -n "$id" ] || fail "the service $1 is not up"
    printf '%s' "$id"
}

superuser_tool() {
    local tool=$1
    shift
    docker exec -i "$(container_of postgres)" "$tool" --host=/run/postgresql --username=postgres --no-password "$@"
}

superuser_sql() {
    superuser_tool psql --no-psqlrc --quiet --no-align --tuples-only --set=ON_ERROR_STOP=1 --dbname="$1"
}

in_tracking() {
    local script=$1 run=bash
    shift
    [[ $script != *.py ]] || run=/opt/mlflow/bin/python
    docker exec -i "$(container_of mlflow)" "$run" "/opt/tracking/$script" "$@"
}

# deliver FOLDER IMAGE USER VOLUME PATH: the folder's files into a volume, each replaced in one step, by a container without network.
deliver() {
    tar --create --directory "$1" --mode=0400 . | docker run --rm --interactive --network none --read-only --cap-drop ALL \
        --security-opt no-new-privileges:true --user "$3" --mount "type=volume,source=${COMPOSE_PROJECT_NAME}_$4,target=$5" \
        --entrypoint sh "$2" -euc "
            umask 077
            rm -rf '$5/.next'
            mkdir '$5/.next'
            tar --extract --no-same-owner --no-overwrite-dir --directory '$5/.next'
            for file in '$5/.next'/*; do mv -f \"\$file\" '$5/'; done
            rmdir '$5/.next'"
}

deliver_secrets() {
    deliver "$RENDERED" mlops-labs/mlflow:2.22 10001:10001 secrets /run/secrets
}

run_foreground() {
    local followers
    trap 'compose stop --timeout 8 >/dev/null 2>&1; kill %% 2>/dev/null || true; exit 0' TERM INT
    # Volumes first, so that they exist with their owners when the secrets come; then the database, then what needs it.
    compose up --no-start >>"$LOGS/compose.log" 2>&1
    render_secrets
    deliver "$STATE/tls" mlops-labs/proxy:1 10003:10001 tls /run/tls
    compose up --detach postgres >>"$LOGS/compose.log" 2>&1
    wait_until 60 superuser_tool psql --dbname=postgres --command='SELECT 1'
    ensure_databases
    compose up --detach >>"$LOGS/compose.log" 2>&1
    compose logs --follow --no-color >"$LOGS/containers.log" 2>&1 &
    followers=$!
    # `wait` rather than the foreground, so that a signal is answered at once.
    wait "$followers" || true
    fail "the containers have ended; see $LOGS"
}

make_certificate
