#!/bin/sh
# Kokoro reads a text in a language it never learnt: kokoro.sh LANG < text > wav
exec "${XDG_CACHE_HOME:-$HOME/.cache}/spillway/voices/bin/python" \
    "$(dirname "$0")/kokoro.py" "$1"
