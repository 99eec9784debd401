#!/bin/sh
# Mutation testing, from the project's folder: sh tests/mutate.sh <folder of the virtual environment's programs>
# mutmut looks for a package under its own path or under src/, so a copy is laid out in that way.
set -eu
bin=$(cd "$1" && pwd)
stage=mutants/project
rm -rf mutants
mkdir -p $stage/src
cp -R provider/stream_encryption cli/stream_encryption_cli failure_responder/*.py $stage/src/
cp -R tests docs template.yaml $stage/
rm -rf $stage/tests/stack
sed 's/^pythonpath = .*/pythonpath = ["src", "."]/' pyproject.toml > $stage/pyproject.toml
cd $stage
"$bin/python" -m tests.mutate run --max-children 2 > run.log 2>&1 || { tail -50 run.log; exit 1; }
tail -1 run.log
"$bin/mutmut" results
"$bin/mutmut" export-cicd-stats > /dev/null
cat mutants/mutmut-cicd-stats.json
echo
