#!/bin/sh
# Hands the given GitHub to `mod-106` under the names that GitHub's own runners use.
set -eu

export GITHUB_API_URL="$LAB_GITHUB_URL" GITHUB_TOKEN="$LAB_GITHUB_TOKEN" GITHUB_REPOSITORY="$LAB_GITHUB_REPOSITORY"
exec mod-106 "$@"
