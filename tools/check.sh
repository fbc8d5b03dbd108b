#!/bin/sh
# Run the checks named as arguments, or all of them; a failing one does not stop the others.
set -u

cd "$(dirname "$0")/.." || exit 1
python=.venv-test/bin/python
failed=

check() {
    name=$1
    shift
    case " $wanted " in *" $name "*) ;; *) return ;; esac
    printf '\n== %s\n' "$name"
    "$@" || failed="$failed $name"
}

wanted=${*:-lint format types tests}
check lint $python -m ruff check
check format $python -m ruff format --check
check types $python -m mypy
# loadgroup: tests that share something dear, such as a Java process, name one group and run on one worker.
check tests $python -m pytest -n auto --dist loadgroup

if [ -n "$failed" ]; then
    printf '\nFailed:%s\n' "$failed" >&2
    exit 1
fi
