# PostgreSQL's side of the deployment, as SQL on standard input of `superuser_sql DATABASE`, which each variant supplies. Two login
# roles take turns (tracking_a, tracking_b) and both act as the role that owns everything, so a password is changed by creating the
# other login, and never by breaking the one in use. Sourced after lib/secrets.sh.
# shellcheck shell=bash

# A password in SQL must not reach the server's log, not even when the statement fails.
quiet_sql() {
    printf "SET client_min_messages = 'warning'; SET log_statement = 'none'; SET log_min_error_statement = 'panic'; SET log_min_duration_statement = -1;\n"
    cat
}

# Makes the roles and databases that are missing: safe to call at every start.
ensure_databases() {
    {
        cat <<'SQL'
SELECT 'CREATE ROLE tracking NOLOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'tracking') \gexec
SELECT format('CREATE DATABASE %I OWNER tracking', name) FROM unnest(ARRAY['tracking', 'accounts']) AS name
    WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = name) \gexec
REVOKE ALL ON DATABASE tracking, accounts FROM PUBLIC;
SQL
    } | superuser_sql postgres
    create_login "$SECRETS/database-login"
}

# create_login LOGIN_FILE: makes that login work with that password, whether it was there before or not.
create_login() {
    local user password
    user=$(field "$1" user)
    password=$(field "$1" password)
    quiet_sql <<SQL | superuser_sql postgres
SELECT 'CREATE ROLE $user' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '$user') \gexec
ALTER ROLE $user LOGIN PASSWORD '$password';
ALTER ROLE $user SET role = 'tracking';
GRANT tracking TO $user;
SQL
}

# retire_login USER: no new sessions, no password, and the sessions that are left are ended.
retire_login() {
    superuser_sql postgres <<SQL
ALTER ROLE $1 NOLOGIN PASSWORD NULL;
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = '$1' \g /dev/null
SQL
}

# other_login USER: whose turn is next.
other_login() {
    case $1 in tracking_a) echo tracking_b ;; *) echo tracking_a ;; esac
}

# back_up_database DATABASE FILE
back_up_database() {
    superuser_tool pg_dump --format=custom --no-owner --no-privileges --dbname="$1" >"$2"
}

# restore_database DATABASE FILE: fills a new database beside the old one and changes their names, so that a restore that fails half
# way leaves the deployment as it was.
restore_database() {
    superuser_sql postgres <<SQL
SET client_min_messages = 'warning';
DROP DATABASE IF EXISTS $1_before;
DROP DATABASE IF EXISTS $1_restoring;
CREATE DATABASE $1_restoring OWNER tracking;
REVOKE ALL ON DATABASE $1_restoring FROM PUBLIC;
SQL
    superuser_tool pg_restore --no-owner --role=tracking --exit-on-error --dbname="$1_restoring" <"$2"
}

# The admin keeps today's password: the backup may be older than the last rotation.
keep_admin_password() {
    local hash
    hash=$(superuser_sql accounts <<<"SELECT password_hash FROM users WHERE username = '$TRACKING_ADMIN';")
    [ -z "$hash" ] || quiet_sql <<SQL | superuser_sql accounts_restoring
UPDATE users SET password_hash = '$hash' WHERE username = '$TRACKING_ADMIN';
SQL
}

# Both databases change places in one go; the server's sessions end, and its pool connects anew.
swap_databases() {
    superuser_sql postgres <<'SQL'
ALTER DATABASE tracking ALLOW_CONNECTIONS false;
ALTER DATABASE accounts ALLOW_CONNECTIONS false;
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname IN ('tracking', 'accounts') \g /dev/null
BEGIN;
ALTER DATABASE tracking RENAME TO tracking_before;
ALTER DATABASE tracking_restoring RENAME TO tracking;
ALTER DATABASE accounts RENAME TO accounts_before;
ALTER DATABASE accounts_restoring RENAME TO accounts;
COMMIT;
DROP DATABASE tracking_before;
DROP DATABASE accounts_before;
SQL
}
