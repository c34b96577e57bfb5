#!/usr/bin/env bash
# Makes the cluster if the volume is empty, then becomes PostgreSQL. The superuser comes in through the socket of this container only, as
# its own user; everybody else needs a SCRAM password.
set -euo pipefail

data=/var/lib/postgresql/data
if [ ! -e "$data/cluster/PG_VERSION" ]; then
    # Under another name until it is whole: a container that dies while initialising leaves nothing half made.
    rm -rf "$data/partial"
    initdb --pgdata "$data/partial" --username=postgres --encoding=UTF8 --locale=C.UTF-8 --auth-local=peer --auth-host=scram-sha-256
    printf 'local all postgres peer\nhost all all all scram-sha-256\n' >"$data/partial/pg_hba.conf"
    mv "$data/partial" "$data/cluster"
fi
exec postgres -D "$data/cluster" -c listen_addresses='*' -c unix_socket_directories=/run/postgresql -c shared_buffers=64MB -c max_connections=60 \
    -c password_encryption=scram-sha-256 -c log_min_error_statement=panic
