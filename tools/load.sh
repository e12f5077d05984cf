#!/bin/sh
# How many calls this machine holds: tools/load.sh CALLS[,CALLS..]. Measures what the recogniser
# does by itself, starts a server, calls it with a few callers first, to know how right their
# tickets are, and then with CALLS at once, number after number.
#
# LANG_PACK=vi   the hotline's language
# DURATION=10m   how long all of them call
# ALONE=10m      how long the few do
# SCENARIOS=12   how many scenarios they follow, each of them several times
# SENTENCES=20   how many sentences of recorded speech each caller tells
# SEED=1         what chance is drawn from
# HTML=FILE      write a page there too
# RAMP=TIME      over what time those of one number begin, by itself a quarter of a second for each;
#                with less than a call takes, four minutes, many tell their story at the same time
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
    set -- "$1" --clips "$clips" --sentences "${SENTENCES:-20}" --hasty 100
else
    echo "load: no recorded speech ($clips): the callers say little, and the load is light" >&2
fi
calls=$1
shift
"$program" scenario new --seed "$seed" --count "${SCENARIOS:-12}" --hotline "demo-$language" \
    --into "$scenes" "$@" >/dev/null
most=${calls##*,}
start_server "$language" "${LINES:-$((most * 10 / 9 + 2))}"
echo "== this machine, before anybody calls"
"$program" --config "$config" doctor --capacity --hotline "demo-$language" --json \
    > "$scratch/capacity.json"
load() {
    "$program" --config "$config" load "$sip" --scenario "$scenes" --seed "$seed" "$@"
}
alone=${ALONE:-10m}
echo "== 12 callers for $alone, to compare with"
load --calls 12 --duration "$alone" --json > "$scratch/alone.json"
echo "== $calls callers"
load --calls "$calls" --duration "${DURATION:-10m}" --metrics "$metrics" \
    --baseline "$scratch/alone.json" --capacity "$scratch/capacity.json" \
    ${HTML:+--html "$HTML"} ${RAMP:+--ramp "$RAMP"}
