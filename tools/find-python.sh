#!/bin/sh
# Prints a Python that this project supports, on the PATH or kept by pyenv: Lambda's, because the benchmarks and a test of
# the artifact run its bytecode, or else the newest.
for version in 3.13 3.14 3.12 3.11; do
  for candidate in "python$version" "$(ls -d "${PYENV_ROOT:-$HOME/.pyenv}"/versions/$version.*/bin/python 2>/dev/null | tail -n 1)"; do
    if [ -n "$candidate" ] && "$candidate" -c 'import venv, ensurepip' 2>/dev/null; then
      echo "$candidate"
      exit 0
    fi
  done
done
echo "This project needs Python 3.11, 3.12, 3.13 or 3.14 (with its venv module), and found none." >&2
exit 1
