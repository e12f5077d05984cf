#!/bin/sh
# Whatever the REST API is sent, it answers as its OpenAPI document says: Schemathesis makes
# thousands of requests of that document, right ones and wrong ones, as a user of each role.
#
#   tests/schemathesis/run.sh [--postgres URL] [--role ROLE]... [OPTION]...
#
# On SQLite, and on an empty PostgreSQL where there is one, as an operator, a supervisor and an
# administrator. Further options are Schemathesis's: --include-path, --phases, --report and so on.
# SPILLWAY names the program (default: the one that was built). SEED=N makes other requests (default
# 1), EXAMPLES=N more of them for each operation.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
venv=${XDG_CACHE_HOME:-$HOME/.cache}/spillway/schemathesis

die() { printf 'test-api: %s\n' "$*" >&2; exit 1; }

program=${SPILLWAY:-$("$here/../../tools/program.sh")}
[ -x "$program" ] || die "no program at $program; build it: make setup"
if ! cmp -s "$here/requirements.txt" "$venv/made-of"; then
    echo "test-api: installing Schemathesis into $venv"
    rm -rf "$venv"
    python3 -m venv "$venv" && "$venv/bin/pip" install --quiet --disable-pip-version-check \
        --only-binary :all: --require-hashes --requirement "$here/requirements.txt" ||
        die "cannot install Schemathesis; its wheels need CPython 3.11 to 3.13 on x86-64 Linux"
    cp "$here/requirements.txt" "$venv/made-of"
fi
exec "$venv/bin/python" "$here/run.py" "$program" "$@"
