#!/bin/sh
# What logins cost those who log: an open loop of so many logs a second, without and
# with logins beside it, in turns; over the Unix socket and over TLS.
#
#   make bench-logins
#
# Prints, as CSV name,connections,median,min,max,unit: p99 of a log without and with
# logins and the ratio of each pair; how many logins a second were answered and how long
# one took.
# Environment: BUILD (build), ROUNDS (5), SECONDS_EACH (5), RATE (2000), LOGINS (10).
set -eu
ROUNDS=${ROUNDS:-5}
SECONDS_EACH=${SECONDS_EACH:-5}
RATE=${RATE:-2000}
LOGINS=${LOGINS:-10}
. tests/bench/lib.sh
. tests/bench/tls_lib.sh
at_end() { drop; rm -f "$DATA/logins"; }

# Accounts with a password each; it serves once, which costs the same.
BENCH_LOGINS=$DATA/logins
export BENCH_LOGINS
accounts() {
    : >"$BENCH_LOGINS"
    for i in $(seq 32); do
        "$DAEMON" account add "bench-$i" --store "$DATA/tls-store" --role clerk >/dev/null
        echo "bench-$i $("$DAEMON" account password "bench-$i" --store "$DATA/tls-store" 2>/dev/null)"
    done >>"$BENCH_LOGINS"
}

prepare
accounts
serve

# pair NAME ADDRESS
pair() {
    for f in without with ratio rate took; do : >"$DATA/$f.out"; done
    for i in $(seq "$ROUNDS"); do
        "$LOAD" pace -s "$2" -c 64 -r "$RATE" -m 0 -t "$SECONDS_EACH" >"$DATA/a"
        "$LOAD" pace -s "$2" -c 64 -r "$RATE" -g "$LOGINS" -m 0 -t "$SECONDS_EACH" >"$DATA/b"
        figure 3 "$DATA/a" >>"$DATA/without.out"
        figure 3 "$DATA/b" >>"$DATA/with.out"
        ratio "$(figure 3 "$DATA/b")" "$(figure 3 "$DATA/a")" >>"$DATA/ratio.out"
        figure 4 "$DATA/b" >>"$DATA/rate.out"
        figure 5 "$DATA/b" >>"$DATA/took.out"
    done
    row "log $1 p99 at $RATE/s" 64 ms <"$DATA/without.out"
    row "log $1 p99 at $RATE/s, $LOGINS logins/s beside" 64 ms <"$DATA/with.out"
    row "log $1 p99 with : without logins" 64 ratio <"$DATA/ratio.out"
    row "logins $1" 32 logins/s <"$DATA/rate.out"
    row "login $1 p50" 32 ms <"$DATA/took.out"
    rm -f "$DATA/a" "$DATA/b"
    for f in without with ratio rate took; do rm -f "$DATA/$f.out"; done
}

echo "name,connections,median,min,max,unit"
pair Unix "$SOCKET"
pair TLS "$TLS_AT"
stop
