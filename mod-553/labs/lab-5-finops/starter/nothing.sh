#!/bin/sh
# Answers every question with nothing.
set -eu
echo "asked: $*" >&2
echo "{}"
