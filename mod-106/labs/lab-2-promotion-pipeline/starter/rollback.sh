#!/bin/sh
# rollback MODEL …: takes the champion away, and puts nobody in its place.
set -eu

mod-106 models delete-alias "$1" champion >&2
echo '{"outcome": "rolled-back"}'
