# Sourced by scripts that call a server of their own: sets up a scratch folder, removed at the end,
# and gives
#
#   start_server LANGUAGE CALLS_MAX   a server of the hotline demo-LANGUAGE with data of its own;
#                                     sets $config, $sip (its address) and $metrics (its URL)
#   stop_server
#
# Needs $root, $program and die.

scratch=$(mktemp -d)
server=
stop_server() {
    if [ -n "$server" ]; then
        kill -TERM "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
        server=
    fi
}
clean_up() {
    status=$?
    trap - EXIT INT TERM HUP
    stop_server
    rm -rf "$scratch"
    exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

start_server() {
    config=$scratch/$1.toml
    cat > "$config" <<TOML
data_dir = "$scratch/$1"
models_dir = "$root/models"
prompts_dir = "$root/prompts"

[sip]
listen = "127.0.0.1:0"

[limits]
calls_max = $2

[console]
listen = "127.0.0.1:0"

[metrics]
listen = "127.0.0.1:0"
TOML
    : >"$scratch/out"
    "$program" --config "$config" serve --hotline "demo-$1" >"$scratch/out" 2>"$scratch/log" &
    server=$!
    waited=0
    until grep -q '^ready ' "$scratch/out"; do
        kill -0 "$server" 2>/dev/null || { cat "$scratch/log" >&2; die "no demo-$1"; }
        [ "$waited" -lt 1200 ] || { cat "$scratch/log" >&2; die "not ready in two minutes"; }
        sleep 0.1
        waited=$((waited + 1))
    done
    # shellcheck disable=SC2034 # for who sources this
    sip=$(sed -n 's/^ready \(sip:[^ ]*\).*/\1/p' "$scratch/out")
    # shellcheck disable=SC2034
    metrics=http://$(sed -n 's/^ready .*metrics:\([^ ]*\).*/\1/p' "$scratch/out")/metrics
}
