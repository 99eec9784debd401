#!/bin/sh
# Pins every dependency, with hashes, for every supported Python: lock.sh <path of uv>
set -eu
export UV_CUSTOM_COMPILE_COMMAND="make lock"
compile() { "$1" pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header -o "$3" "$2"; }
compile "$1" requirements/provider.in provider/requirements.txt
for environment in dev engines sam scan cdk; do
  compile "$1" "requirements/$environment.in" "requirements/$environment.txt"
done
