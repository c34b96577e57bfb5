#!/bin/sh
# Stands in for a command until you write it; it writes an empty document, which says nothing.
set -eu
name=$1
out=.
while [ $# -gt 0 ]; do
  if [ "$1" = --out ]; then
    out=$2
  fi
  shift
done
mkdir -p "$out"
echo '{}' > "$out/$name.json"
echo "# To do: $name" > "$out/$name.md"
echo "<!doctype html><title>To do</title><h1>To do: $name</h1>" > "$out/$name.html"
