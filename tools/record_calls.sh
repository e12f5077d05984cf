#!/bin/sh
# A set of recorded calls that knows what is true of each: tools/record_calls.sh SCENARIOS INTO.
#
# For each language of the scenarios SCENARIOS/*-LANG.toml (made by `spillway scenario new`) it
# starts a server of the hotline demo-LANG on this machine, with data of its own, and calls it.
# INTO/calls gets the calls; what is there already is not called again, so it can be stopped and
# gone on with.
#
# AT_ONCE=4      calls at the same time
# LANGS="en vi"  only these languages
# SPILLWAY_PROGRAM=...  another program than the release build
set -eu
die() { printf 'record_calls: %s\n' "$*" >&2; exit 1; }
[ $# = 2 ] || die "usage: tools/record_calls.sh SCENARIOS INTO"
[ -d "$1" ] || die "$1: is no folder; make one: spillway scenario new --help"
mkdir -p "$2"
scenarios=$(cd "$1" && pwd)
into=$(cd "$2" && pwd)
cd "$(dirname "$0")/.."
root=$(pwd)
program=${SPILLWAY_PROGRAM:-$(tools/program.sh)}
found=$(cd "$scenarios" && ls | sed -n 's/^.*-\([a-z][a-z]\)\.toml$/\1/p' | sort -u)
[ -n "$found" ] || die "$scenarios: there is no scenario called NUMBER-LANG.toml in it"

. tools/served.sh

failed=0
for language in ${LANGS:-$found}; do
    start_server "$language" 60
    echo "== demo-$language"
    "$program" --config "$config" scenario record "$sip" "$scenarios"/*-"$language".toml \
        --into "$into" --at-once "${AT_ONCE:-4}" || failed=1
    stop_server
done
exit "$failed"
