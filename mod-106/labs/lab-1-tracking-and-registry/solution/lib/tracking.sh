# Talking to the tracking server from a script. Credentials reach curl by standard input (`--config -`), never by an argument: a
# process list is readable by everyone on the machine. Sourced after lib/secrets.sh.
# shellcheck shell=bash

# wait_until SECONDS COMMAND…: polls until the command succeeds; fails when the time is over.
wait_until() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < deadline)) || fail "gave up waiting for: $*"
        sleep 0.1
    done
}

# as_admin PASSWORD_FILE METHOD PATH [BODY_FILE]: one authenticated call; prints the body, fails unless the answer is a 2xx.
as_admin() {
    local arguments=(--silent --show-error --fail --max-time 60 --noproxy '*' --request "$2" --config -)
    [ -z "${TRACKING_CA:-}" ] || arguments+=(--cacert "$TRACKING_CA")
    [ -z "${4:-}" ] || arguments+=(--header 'Content-Type: application/json' --data-binary "@$4")
    printf 'user = "%s:%s"\n' "$TRACKING_ADMIN" "$(cat "$1")" | curl "${arguments[@]}" "$TRACKING_URL$3"
}

# password_works FILE: whether the admin may sign in with that password.
password_works() {
    as_admin "$1" GET "/api/2.0/mlflow/users/get?username=$TRACKING_ADMIN" >/dev/null 2>&1
}

# change_password FILE_NOW FILE_NEXT
change_password() {
    local body
    body=$(mktemp "$STATE/password.XXXXXX")
    printf '{"username":"%s","password":"%s"}' "$TRACKING_ADMIN" "$(cat "$2")" >"$body"
    as_admin "$1" PATCH /api/2.0/mlflow/users/update-password "$body" >/dev/null || {
        rm -f "$body"
        fail "the server refused the new admin password; the old one still holds"
    }
    rm -f "$body"
}
