#!/bin/sh
# Resolve the ranges of pyproject.toml into lock files for every platform and Python 3.11 to 3.14.
#
#   tools/lock.sh               keeps each pin that still fits
#   tools/lock.sh --upgrade     takes the newest that fits
#
# requirements-tools.lock pins uv, the resolver, and thereby itself.
set -eu

cd "$(dirname "$0")/.."
tools/environment.sh .venv-tools requirements-tools.lock
uv=.venv-tools/bin/uv

resolve() {
    output=$1
    shift
    $uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --only-binary :all: \
        --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' \
        "$@" --output-file "$output"
    for python in 3.11 3.12 3.13 3.14; do
        $uv pip compile --quiet --python-version $python --only-binary :all: --generate-hashes \
            "$output" --output-file /dev/null
    done
    printf '%s: wheels for Python 3.11 to 3.14\n' "$output"
}

resolve requirements.lock pyproject.toml "$@"
resolve requirements-test.lock pyproject.toml --group test "$@"
resolve requirements-tools.lock --group tools "$@"
