#!/bin/sh
# One whole call on this machine: a server, a caller, the conversation, the ticket. Then the server
# stays for calls from a softphone until Ctrl-C.
#
# ONCE=1        stop after the ticket; the exit status says whether the ticket is right
# LANG_PACK=vi  the language of the call (en, vi, ko)
set -eu
cd "$(dirname "$0")/.."
root=$(pwd)
language=${LANG_PACK:-en}
program=$(tools/program.sh)
scenario=$root/prompts/scenarios/demo-$language.toml

die() { printf 'demo: %s\n' "$*" >&2; exit 1; }

[ -f "$scenario" ] || die "there is no demo call in '$language'; LANG_PACK is one of:" \
    "$(cd prompts/scenarios && ls demo-*.toml | sed 's/demo-\(.*\)\.toml/\1/' | tr '\n' ' ')"

scratch=$(mktemp -d)
server=
clean_up() {
    status=$?
    trap - EXIT INT TERM HUP
    if [ -n "$server" ]; then
        kill -TERM "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    rm -rf "$scratch"
    exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# The wanted port if it is free for UDP and TCP, else another that is.
free_port() {
    python3 - "$1" <<'PYTHON'
import socket, sys
for port in (int(sys.argv[1]), 0, 0, 0, 0, 0, 0, 0):
    try:
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            tcp.bind(("127.0.0.1", port))
            udp.bind(("127.0.0.1", tcp.getsockname()[1]))
            print(tcp.getsockname()[1])
            break
    except OSError:
        pass
PYTHON
}

sip_port=$(free_port 5070)
audiosocket_port=$(free_port 9092)
[ -n "$sip_port" ] && [ -n "$audiosocket_port" ] || die "no free port on 127.0.0.1"
config=$scratch/spillway.toml
cat > "$config" <<TOML
data_dir = "$scratch/data"
models_dir = "$root/models"
prompts_dir = "$root/prompts"

[sip]
listen = "127.0.0.1:$sip_port"

[audiosocket]
listen = "127.0.0.1:$audiosocket_port"

[console]
listen = "127.0.0.1:0"
TOML

echo "== starting the server (hotline demo-$language)"
"$program" --config "$config" serve --hotline "demo-$language" \
    >"$scratch/out" 2>"$scratch/log" &
server=$!
waited=0
until grep -q '^ready ' "$scratch/out"; do
    kill -0 "$server" 2>/dev/null || { cat "$scratch/log" >&2; die "the server did not start"; }
    [ "$waited" -lt 600 ] || { cat "$scratch/log" >&2; die "not ready after a minute"; }
    sleep 0.1
    waited=$((waited + 1))
done
sip=$(sed -n 's/^ready \(sip:[^ ]*\).*/\1/p' "$scratch/out")
audiosocket=$(sed -n 's/^ready .* audiosocket:\([^ ]*\).*/\1/p' "$scratch/out")

echo "== placing a call to $sip"
called=0
"$program" --config "$config" call "$sip" --scenario "$scenario" || called=$?
if [ "$called" != 0 ]; then
    echo "== the call did not end with the ticket it should; the server's last words:" >&2
    tail -n 20 "$scratch/log" >&2
fi
[ "${ONCE:-}" = 1 ] && exit "$called"

cat <<TEXT

== The server goes on. Call it with a softphone on this machine:  $sip
   AudioSocket (Asterisk):  ${audiosocket:-none}
   Tickets:  $program --config $config tickets list
   Ctrl-C stops it and removes the demo's data.
TEXT
wait "$server"
