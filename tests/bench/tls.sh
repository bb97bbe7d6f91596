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
. tests/bench/tls_lib.sh
at_end() { drop; }

# pair CONNECTIONS DEPTH
pair() {
    in_turns "$1" "$2" "$PID" -s "$TLS_AT"
    figure 1 "$DATA/unix.out" | row "log Unix, $2 in flight" "$1" logs/s
    figure 1 "$DATA/other.out" | row "log TLS, $2 in flight" "$1" logs/s
    row "log TLS : Unix, $2 in flight" "$1" ratio <"$DATA/speed.out"
    figure 4 "$DATA/unix.out" | row "processor a log Unix, $2 in flight" "$1" us
    figure 4 "$DATA/other.out" | row "processor a log TLS, $2 in flight" "$1" us
    row "processor a log TLS : Unix, $2 in flight" "$1" ratio <"$DATA/cost.out"
}

# idle: anonymous KiB that one idle connection takes.
idle() {
    ulimit -n 8192 2>/dev/null || :
    serve
    before=$(anonymous)
    hold -s "$TLS_AT" -c "$IDLE"
    after=$(anonymous)
    let_go
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
