#!/bin/sh
# Calls to a running Spillway from SIP clients made by others: sipp, pjsua2 (UDP and TCP, with hold
# and resume) and baresip. Each call must be heard both ways and leave a ticket.
#
#   tests/peers/run.sh [sipp] [pjsua2-udp] [pjsua2-tcp] [baresip]     (default: all)
#
# SPILLWAY names the program (default: target/release/spillway). Missing clients are installed:
# sip-tester and baresip-core with apt-get (sudo when not root), pjsua2 with pip into a venv in the
# user's cache.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
peers=${*:-sipp pjsua2-udp pjsua2-tcp baresip}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/spillway
venv=$cache/peers
PJSUA2=pjsua2-python==2.15.1.post1

die() { printf 'peers: %s\n' "$*" >&2; exit 1; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -- "$@"; fi
}

# want COMMAND PACKAGE
want() {
    command -v "$1" >/dev/null && return
    echo "peers: installing $2 (it brings $1)"
    as_root apt-get install -y --no-install-recommends "$2" >&2 ||
        die "cannot install $2; try: sudo apt-get update && sudo apt-get install $2"
}

program=${SPILLWAY:-$root/target/release/spillway}
if [ -z "${SPILLWAY:-}" ] && [ -x "$root/tools/program.sh" ]; then
    program=$("$root/tools/program.sh")
fi
[ -x "$program" ] || die "no program at $program; build it: cargo build --release"
for peer in $peers; do
    case $peer in
    sipp) want sipp sip-tester ;;
    baresip) want baresip baresip-core ;;
    pjsua2-udp | pjsua2-tcp)
        if ! "$venv/bin/python" -c 'import pjsua2' 2>/dev/null; then
            echo "peers: installing $PJSUA2 into $venv"
            python3 -m venv "$venv" && "$venv/bin/pip" install -q --only-binary :all: "$PJSUA2" ||
                die "cannot install $PJSUA2; its wheels need CPython 3.11 on x86-64 Linux"
        fi
        ;;
    *) die "unknown peer $peer; known are sipp, pjsua2-udp, pjsua2-tcp, baresip" ;;
    esac
done

scratch=$(mktemp -d)
server=
clean_up() {
    status=$?
    trap - EXIT INT TERM HUP
    if [ -n "$server" ]; then
        kill -TERM "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    if [ "$status" = 0 ]; then rm -rf "$scratch"; else echo "peers: logs are in $scratch" >&2; fi
    exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

config=$scratch/spillway.toml
cat >"$config" <<TOML
data_dir = "$scratch/data"
models_dir = "$root/models"
prompts_dir = "$root/prompts"
[sip]
listen = "127.0.0.1:0"
[audiosocket]
listen = "127.0.0.1:0"

[console]
enabled = false
TOML
"$program" --config "$config" serve >"$scratch/serve.out" 2>"$scratch/serve.log" &
server=$!
address=
waited=0
while [ -z "$address" ]; do
    kill -0 "$server" 2>/dev/null || { cat "$scratch/serve.log" >&2; die "the server ended"; }
    [ "$waited" -lt 600 ] || die "the server is not ready after a minute"
    sleep 0.1
    waited=$((waited + 1))
    address=$(sed -n 's/^ready sip:\([^ ]*\).*/\1/p' "$scratch/serve.out")
done
uri=sip:hotline@$address
echo "peers: Spillway answers at $uri"
python3 "$here/sound.py" make "$scratch/caller.wav" "$scratch/caller.ulaw"

tickets() { "$program" --config "$config" tickets list --json; }

# by_sipp HEARD.wav
by_sipp() {
    port=$(python3 -c 'import random; print(random.randrange(46000, 47000, 4))')
    cp "$here/sipp_uac.xml" "$scratch/sipp.xml"
    pcap=$(find /usr/share/sip-tester /usr/share/sipp -name dtmf_2833_1.pcap 2>/dev/null |
        head -n 1)
    [ -n "$pcap" ] || die "sip-tester's dtmf_2833_1.pcap is missing"
    cp "$pcap" "$scratch/"
    # sipp keeps nothing of what it hears, so its port is listened to from outside
    as_root python3 "$here/sound.py" capture "$port" "$1" &
    capture=$!
    status=0
    (
        cd "$scratch"
        # the key's packets leave by a raw socket: root
        as_root sipp "$address" -sf sipp.xml -s hotline -i 127.0.0.1 -mi 127.0.0.1 \
            -mp "$port" -m 1 -timeout 40s -timeout_error \
            -trace_err -error_file "$scratch/sipp.err" </dev/null >"$scratch/sipp.out" 2>&1
    ) || status=$?
    wait "$capture" || true
    [ "$status" = 0 ] || { cat "$scratch/sipp.err" "$scratch/sipp.out" >&2; return 1; }
}

# call PEER HEARD.wav
call() {
    case $1 in
    sipp) by_sipp "$2" ;;
    pjsua2-*)
        "$venv/bin/python" "$here/pjsua2_call.py" "$uri" "${1#pjsua2-}" "$scratch/caller.wav" "$2"
        ;;
    baresip)
        mkdir -p "$scratch/baresip"
        python3 "$here/baresip_call.py" "$uri" "$scratch/caller.wav" "$2" "$scratch/baresip"
        ;;
    esac
}

# a ticket may be saved a moment after the call is over
ticket_since() {
    tries=0
    until tickets | python3 "$here/tickets.py" since "$1"; do
        tries=$((tries + 1))
        [ "$tries" -lt 20 ] || return 1
        sleep 0.25
    done
}

failed=
for peer in $peers; do
    echo "--- $peer"
    newest=$(tickets | python3 "$here/tickets.py" newest)
    heard=$scratch/heard-$peer.wav
    if call "$peer" "$heard" && python3 "$here/sound.py" loud "$heard" &&
        ticket_since "$newest"; then
        echo "--- $peer: passed"
    else
        echo "--- $peer: FAILED"
        failed="$failed $peer"
    fi
done
[ -z "$failed" ] || die "failed:$failed"
echo "peers: all passed: $peers"
