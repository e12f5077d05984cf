#!/bin/sh
# Runs all tests: the pages', then the program's; those with cargo-nextest where it is installed,
# which runs each in a process of its own, so that an engine that brings its process down fails one
# test and not all.
set -eu
cd "$(dirname "$0")/.."
# Arguments choose among the program's tests.
[ $# -gt 0 ] || npm test --prefix web --silent
if cargo nextest --version >/dev/null 2>&1; then
    exec cargo nextest run --release --locked --no-fail-fast "$@"
fi
echo "cargo-nextest is not installed; using cargo test. To have it:"
echo "    cargo install cargo-nextest --locked"
exec cargo test --release --locked --no-fail-fast "$@"
