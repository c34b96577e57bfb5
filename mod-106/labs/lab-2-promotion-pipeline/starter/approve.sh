#!/bin/sh
# approve MODEL --version N --approver NAME …: notes the name on the version, whoever it is.
set -eu

mod-106 models set-tag "$1" approved_by "$5" --version "$3" >&2
