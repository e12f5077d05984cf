#!/bin/sh
# Prints the path of the built program, wherever cargo was told to put it.
cd "$(dirname "$0")/.." || exit 1
target=$(cargo metadata --format-version 1 --no-deps --offline --locked |
    sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')
printf '%s/release/spillway\n' "${target:-target}"
