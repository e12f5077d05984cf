#!/bin/sh
# Runs a command beside a PostgreSQL of its own, in a temporary folder on loopback; the word
# POSTGRES among its arguments becomes the database's address. Where PostgreSQL is not installed,
# it says so, and the command runs without that word and the one before it (its option).
set -eu

bin=$(for initdb in "$(command -v initdb || true)" /usr/lib/postgresql/*/bin/initdb; do
    if [ -x "$initdb" ]; then dirname "$(readlink -f "$initdb")"; fi
done | tail -n 1)

if [ -z "$bin" ]; then
    echo "PostgreSQL is not installed and left out; to have it: apt-get install postgresql" >&2
    count=$#
    while [ "$count" -gt 0 ]; do
        if [ "${2:-}" = POSTGRES ]; then
            shift 2
            count=$((count - 2))
            continue
        fi
        set -- "$@" "$1"
        shift
        count=$((count - 1))
    done
    exec "$@"
fi

dir=$(mktemp -d)
server=
finish() {
    if [ -n "$server" ]; then
        kill -INT "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    rm -rf "$dir"
}
trap finish EXIT INT TERM

# PostgreSQL does not run as root.
as=
if [ "$(id -u)" = 0 ]; then
    user=$(id -un postgres 2>/dev/null || echo nobody)
    chown "$user" "$dir"
    as="setpriv --reuid=$user --regid=$(id -g "$user") --clear-groups"
fi
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])')
cd /
# shellcheck disable=SC2086
$as "$bin/initdb" -D "$dir/data" -U spillway -A trust -E UTF8 --locale=C.UTF-8 >/dev/null
# shellcheck disable=SC2086
$as "$bin/postgres" -D "$dir/data" -h 127.0.0.1 -p "$port" -k "" >/dev/null 2>&1 &
server=$!
tries=0
until "$bin/pg_isready" -q -h 127.0.0.1 -p "$port"; do
    tries=$((tries + 1))
    if [ "$tries" -gt 600 ]; then
        echo "PostgreSQL does not start" >&2
        exit 1
    fi
    sleep 0.1
done
cd "$OLDPWD"

count=$#
while [ "$count" -gt 0 ]; do
    word=$1
    shift
    if [ "$word" = POSTGRES ]; then
        word=postgres://spillway@127.0.0.1:$port/postgres
    fi
    set -- "$@" "$word"
    count=$((count - 1))
done
"$@"
