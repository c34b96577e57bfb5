#!/bin/sh
# model-card MODEL VERSION [--trail FILE] --out FOLDER
# A card as people fill it by hand: the names are right, and nothing else is looked up.
set -eu
model=$1
version=$2
out=.
while [ $# -gt 0 ]; do
  if [ "$1" = --out ]; then
    out=$2
  fi
  shift
done
mkdir -p "$out"
printf '# %s, version %s\n\nOwner: the data science team\n' "$model" "$version" > "$out/model-card.md"
printf '<!doctype html><title>Model card</title><h1>%s, version %s</h1><p>Owner: the data science team</p>\n' "$model" "$version" > "$out/model-card.html"
printf '{"model": "%s", "version": "%s"}\n' "$model" "$version" > "$out/model-card.json"
