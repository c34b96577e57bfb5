#!/bin/sh
# promote STAGE MODEL --version N …: points the stage's alias at the version, whatever it is.
set -eu

stage=$1 model=$2 version=$4
mod-106 models set-alias "$model" "$stage" "$version" >&2
echo "{\"outcome\": \"promoted\", \"version\": \"$version\", \"target\": \"$stage\"}"
