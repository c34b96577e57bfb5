#!/usr/bin/env bash
# Fills in nginx.conf.template from PROXY_* and becomes nginx: the container's entry point, and the process variant's too, so that both
# are the same proxy. None of the values is secret.
set -euo pipefail

mkdir -p "$PROXY_RUN"
here=$(dirname "${BASH_SOURCE[0]}")
configuration=$PROXY_RUN/nginx.conf
sed -e "s|@RUN@|$PROXY_RUN|g" -e "s|@TLS@|$PROXY_TLS|g" -e "s|@LISTEN@|$PROXY_LISTEN|g" -e "s|@NAMES@|$PROXY_NAMES|g" \
    -e "s|@UPSTREAM@|$PROXY_UPSTREAM|g" -e "s|@ACCESS_LOG@|$PROXY_ACCESS_LOG|g" \
    -e "s|@ARTIFACT_LIMIT@|${PROXY_ARTIFACT_LIMIT:-20g}|g" "$here/nginx.conf.template" >"$configuration"
# -e: before the configuration is read, errors would go to a file under /var/log that this user may not write.
exec nginx -e stderr -c "$configuration"
