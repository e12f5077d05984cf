#!/bin/sh
# How many calls this machine holds: tools/load.sh CALLS[,CALLS..]. Starts a server, calls it with a
# few callers first, to know how right their tickets are, and then with CALLS at once, number after
# number.
#
# LANG_PACK=vi   the hotline's language
# DURATION=10m   how long all of them call
# ALONE=10m      how long the few do
# SCENARIOS=24   how many scenarios they follow
# SEED=1         what chance is drawn from
# HTML=FILE      write a page there too
# LINES=N        the server's lines; by itself so many that none of the callers is cut short for
#                want of lines
# CLIPS=FILE     a manifest of recorded speech: callers tell their need at length, so that they
#                speak for a third of a call, and wait for no question's end; without it they speak
#                with a synthesised voice, and little
set -eu
die() { printf 'load: %s\n' "$*" >&2; exit 1; }
[ $# = 1 ] || die "usage: tools/load.sh CALLS[,CALLS..]"
cd "$(dirname "$0")/.."
root=$(pwd)
program=$(tools/program.sh)
language=${LANG_PACK:-vi} seed=${SEED:-1}
. tools/served.sh

scenes=$scratch/scenes
clips=${CLIPS:-../shared/speech/manifest.tsv}
if [ -f "$clips" ]; then
    set -- "$1" --clips "$clips" --sentences 20 --hasty 100
else
    echo "load: no recorded speech ($clips): the callers say little, and the load is light" >&2
fi
calls=$1
shift
"$program" scenario new --seed "$seed" --count "${SCENARIOS:-24}" --hotline "demo-$language" \
    --into "$scenes" "$@" >/dev/null
most=${calls##*,}
start_server "$language" "${LINES:-$((most * 10 / 9 + 2))}"
load() {
    "$program" --config "$config" load "$sip" --scenario "$scenes" --seed "$seed" "$@"
}
alone=${ALONE:-10m}
echo "== 4 callers for $alone, to compare with"
load --calls 4 --duration "$alone" --json > "$scratch/alone.json"
echo "== $calls callers"
load --calls "$calls" --duration "${DURATION:-10m}" --metrics "$metrics" \
    --baseline "$scratch/alone.json" ${HTML:+--html "$HTML"}
