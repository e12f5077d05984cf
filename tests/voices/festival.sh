#!/bin/sh
# A festival voice reads a text: festival.sh VOICE < text > wav
set -eu
# Into a pipe it would write its header a second time, at the end, as a click.
file=$(mktemp)
trap 'rm -f "$file"' EXIT
text2wave -eval "(voice_$1)" -o "$file"
cat "$file"
