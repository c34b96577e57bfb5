#!/usr/bin/env bash
# Serves features on LAB_PORT and the registry on a port of its own, in the foreground: one that ends takes the other along.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
python=$LAB_TOOLS/feast/bin/python feast=$LAB_TOOLS/feast/bin/feast repository=$LAB_WORK/repository

mkdir -p "$repository/data" "$LAB_WORK/logs"
cp "$here/feature_store.yaml" "$here/definitions.py" "$here/store.py" "$repository/"
cd "$repository"
export FEAST_USAGE=False HOME=$LAB_WORK
"$python" store.py apply

# Feast cannot say which port it took; this one is free now, and nobody else is told of it.
registry_port=$("$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$feast" serve_registry --rest-api --no-grpc --host 127.0.0.1 --rest-port "$registry_port" >>"$LAB_WORK/logs/registry.log" 2>&1 &
registry=$!
echo "http://127.0.0.1:$registry_port" >"$LAB_WORK/registry-url"
server=
trap 'kill "$registry" ${server:+"$server"} 2>/dev/null || true' EXIT
trap 'exit 0' TERM INT
"$python" store.py await "http://127.0.0.1:$registry_port/api/v1/projects"
"$feast" serve --host "$LAB_HOST" --port "$LAB_PORT" >>"$LAB_WORK/logs/features.log" 2>&1 &
server=$!
wait -n "$registry" "$server" || true
