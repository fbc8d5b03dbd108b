#!/bin/sh
# Make a virtual environment hold exactly what a lock file names.
#
#   tools/environment.sh DIRECTORY LOCK        e.g. tools/environment.sh .venv requirements.lock
#
# The hash of the lock and the Python version are recorded inside the environment when it is complete.
# While both still match, nothing is installed and no network is needed; otherwise it is built anew, so
# that it never holds more than the lock names. File times are never looked at.
set -eu

directory=$1
lock=$2
root=$(cd "$(dirname "$0")/.." && pwd)
record=$directory/lock.sha256

say() { printf '%s\n' "$*" >&2; }

is_usable() { "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

find_python() {
    for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
        if is_usable "$candidate"; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    say "No Python 3.11 or newer with venv was found (tried: ${PYTHON:-python3, python3.14 ... python3.11})."
    say "Install it, for instance with:  apt install python3-venv make"
    return 1
}

# What the environment must have been built from: the lock's hash and its own Python's version.
# It fails where the environment's Python is gone, as after an upgrade of the system.
fingerprint() {
    "$directory/bin/python" -S -c '
import hashlib, pathlib, sys
print(hashlib.sha256(pathlib.Path(sys.argv[1]).read_bytes()).hexdigest(), "python%d.%d" % sys.version_info[:2])
' "$lock" 2>/dev/null
}

is_current() { [ -f "$record" ] && current=$(fingerprint) && [ "$current" = "$(cat "$record")" ]; }

# The environment finds the project by a path relative to itself, so that the folder can be moved.
link_project() {
    for packages in "$directory"/lib/python3*/site-packages; do
        printf '../../../..\n' >"$packages/project.pth"
    done
    cat >"$directory/bin/fhir-service" <<'EOF'
#!/bin/sh
exec "$(dirname "$(readlink -f "$0")")/python" -m fhir_service "$@"
EOF
    chmod +x "$directory/bin/fhir-service"
}

cd "$root"
is_current && exit 0
python=$(find_python)
say "Preparing $directory from $lock (first start, or the lock has changed) ..."
"$python" -m venv --clear "$directory"
"$directory/bin/python" -m pip install --disable-pip-version-check --no-input \
    --require-hashes --only-binary :all: -r "$lock" >&2
link_project
fingerprint >"$record.new"
mv "$record.new" "$record" # last and whole: an interrupted installation is never taken for a complete one
say "$directory is ready."
