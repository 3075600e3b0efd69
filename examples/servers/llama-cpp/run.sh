#!/bin/sh
# Sets up llama-cpp-python's server (built from source: minutes) and a tiny model, and runs the gate.
set -eu
cd "$(dirname "$0")"
if [ ! -x venv/bin/ops002 ]; then
    "${PYTHON:-python3}" -m venv venv
    venv/bin/python -m pip install --quiet "llama-cpp-python[server]==0.3.36" gguf ../../..
fi
[ -f model/huge.json ] || venv/bin/python make_model.py model
exec venv/bin/ops002 run --config ops002.yml "$@"
