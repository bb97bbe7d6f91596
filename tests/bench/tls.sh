#!/bin/sh
# What TLS costs: the same load over the Unix socket and over TLS, in turns.
#
#   make bench-tls
#
# Prints, as CSV name,connections,median,min,max,unit: logs a second of both and
# the ratio of each pair; the daemon's processor time a log of both and that ratio;
# and the anonymous memory of an idle connection.
# Environment: BUILD (build), ROUNDS (5), SECONDS_EACH (3), IDLE (1000).
set -eu
ROUNDS=${ROUNDS:-5}
SECONDS_EACH=${SECONDS_EACH:-3}
IDLE=${IDLE:-1000}
. tests/bench/lib.sh
BENCH_TLS=$DATA/tls
export BENCH_TLS
drop() { rm -rf "$DATA/tls" "$DATA/tls-store" "$DATA/tls.yaml" "$DATA/tls.log" "$DATA/hold" "$DATA/ready"; }
at_end() { drop; }

# serve: on the Unix socket and on a free port; TLS_AT is its address.
serve() {
    : >"$DATA/tls.log"
    answer=$("$LOAD" start -s "$SOCKET" "$DAEMON" serve --store "$DATA/tls-store" \
        --config "$DATA/tls.yaml" 2>"$DATA/tls.log")
    PID=${answer% *}
    TLS_AT=$(sed -n 's/.*listening tls=\(127[^ ]*\).*/tls:\1/p' "$DATA/tls.log" | head -n 1)
    [ -n "$TLS_AT" ] || { say "the daemon does not say where it listens"; exit 1; }
}

prepare() {
    drop
    "$DAEMON" tls-init --dir "$BENCH_TLS" --name 127.0.0.1 --client bench >/dev/null
    cat >"$DATA/tls.yaml" <<YAML
listen: ["unix:$SOCKET", "tls:127.0.0.1:0"]
tls_certificate: "$BENCH_TLS/server.crt"
tls_key: "$BENCH_TLS/server.key"
tls_client_ca: "$BENCH_TLS/ca.crt"
connections_max: 4096
YAML
    new_store "$DATA/tls-store"
}

# figure FIELD FILE
figure() { cut -d' ' -f"$1" "$2"; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.3f\n", a / b }'; }

# pair CONNECTIONS DEPTH
pair() {
    : >"$DATA/unix.out"
    : >"$DATA/tls.out"
    : >"$DATA/speed.out"
    : >"$DATA/cost.out"
    for i in $(seq "$ROUNDS"); do
        "$LOAD" log -s "$SOCKET" -c "$1" -q "$2" -m 0 -t "$SECONDS_EACH" -p "$PID" >"$DATA/u"
        "$LOAD" log -s "$TLS_AT" -c "$1" -q "$2" -m 0 -t "$SECONDS_EACH" -p "$PID" >"$DATA/t"
        ratio "$(figure 1 "$DATA/t")" "$(figure 1 "$DATA/u")" >>"$DATA/speed.out"
        ratio "$(figure 4 "$DATA/t")" "$(figure 4 "$DATA/u")" >>"$DATA/cost.out"
        cat "$DATA/u" >>"$DATA/unix.out"
        cat "$DATA/t" >>"$DATA/tls.out"
    done
    figure 1 "$DATA/unix.out" | row "log Unix, $2 in flight" "$1" logs/s
    figure 1 "$DATA/tls.out" | row "log TLS, $2 in flight" "$1" logs/s
    row "log TLS : Unix, $2 in flight" "$1" ratio <"$DATA/speed.out"
    figure 4 "$DATA/unix.out" | row "processor a log Unix, $2 in flight" "$1" us
    figure 4 "$DATA/tls.out" | row "processor a log TLS, $2 in flight" "$1" us
    row "processor a log TLS : Unix, $2 in flight" "$1" ratio <"$DATA/cost.out"
    rm -f "$DATA/unix.out" "$DATA/tls.out" "$DATA/speed.out" "$DATA/cost.out" "$DATA/u" "$DATA/t"
}

# idle: anonymous KiB that one idle connection takes.
idle() {
    ulimit -n 8192 2>/dev/null || :
    serve
    before=$(anonymous)
    rm -f "$DATA/hold" "$DATA/ready"
    mkfifo "$DATA/hold"
    "$LOAD" idle -s "$TLS_AT" -c "$IDLE" <"$DATA/hold" >"$DATA/ready" &
    holder=$!
    exec 4>"$DATA/hold"
    waited=0
    until grep -qs ready "$DATA/ready"; do
        waited=$((waited + 1))
        [ "$waited" -le 1200 ] || { say "the connections do not open"; exit 1; }
        sleep 0.05
    done
    after=$(anonymous)
    exec 4>&-
    wait "$holder"
    stop
    awk -v a="$before" -v b="$after" -v n="$IDLE" 'BEGIN { printf "%.1f\n", (b - a) * 1024 / n }' |
        row "anonymous memory of an idle TLS connection" "$IDLE" KiB
}

echo "name,connections,median,min,max,unit"
prepare
serve
for n in 1 16 64; do pair "$n" 1; done
pair 64 16
stop
idle
