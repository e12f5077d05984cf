#!/bin/sh
# The operators' console in a real browser: Debian's Chromium at the real program's pages.
#
#   tests/web/run.sh [journey] [keyboard] [axe] [screenshots] [try_it] [weight]     (default: all)
#
# `journey` takes a real call from the first log-in to "done", called back through two telephones
# (`spillway call --answer`); `try_it` talks to the bot by the browser's microphone; `screenshots`
# leaves target/screenshots/<page>-<look>.png to be looked at. SPILLWAY names the program (default:
# the one that was built), CHROMIUM the browser, PAGES=a,b the pages that axe and screenshots go to.
# Missing Debian packages are installed (with sudo when not root).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
tests=${*:-journey keyboard axe screenshots try_it weight}

die() { printf 'test-web: %s\n' "$*" >&2; exit 1; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -- "$@"; fi
}

# want COMMAND PACKAGE
want() {
    command -v "$1" >/dev/null && return
    command -v apt-get >/dev/null || die "$1 is missing; install it, or on Debian: $2"
    echo "test-web: installing $2 (it brings $1)"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 -qq \
        install --no-install-recommends "$2" >/dev/null ||
        die "cannot install $2; try: sudo apt-get update && sudo apt-get install $2"
}

SPILLWAY=${SPILLWAY:-$("$root/tools/program.sh")}
export SPILLWAY
[ -x "$SPILLWAY" ] || die "no program at $SPILLWAY; build it: make setup"
[ -d "$root/web/node_modules/playwright-core" ] ||
    die "playwright-core is missing in web/node_modules: npm ci --prefix web"
[ -n "${CHROMIUM:-}" ] || want chromium chromium
set --
for test in $tests; do
    [ -f "$here/$test.mjs" ] ||
        die "unknown test $test; known are journey, keyboard, axe, screenshots, try_it, weight"
    set -- "$@" "$here/$test.mjs"
done
# One after the other: each has a server with speech engines of its own.
exec node --test --test-concurrency=1 --test-reporter=spec "$@"
