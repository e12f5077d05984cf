#!/bin/sh
# A flite voice reads a text: flite.sh VOICE [STRETCH] < text > wav
set -eu
# It goes back in its output to write the length, which a pipe cannot.
file=$(mktemp)
trap 'rm -f "$file"' EXIT
flite -voice "$1" --setf duration_stretch="${2:-1.0}" -f /dev/stdin -o "$file"
cat "$file"
