#!/bin/sh
# Speed and memory of the daemon, as CSV: name,connections,median,min,max,unit.
#
#   make bench                      or   sh tests/bench/run.sh [SECTION...]
#
# Sections: log stats import refold verify start idle size postgres (all).
# Environment: BUILD (build), ENTRIES (1000000), ROUNDS (5), SECONDS_EACH (2),
# ROWS (200000). Data lies in BUILD/bench; the store of ENTRIES entries is made
# once and kept there, everything else is made afresh from it.
#
# Figures follow the disk and the machine: compare only those of one run. The
# generator and the daemon share the processors.
set -eu
BUILD=${BUILD:-build}
ENTRIES=${ENTRIES:-1000000}
ROUNDS=${ROUNDS:-5}
SECONDS_EACH=${SECONDS_EACH:-2}
ROWS=${ROWS:-200000}
DATA=$BUILD/bench
BENCH=$DATA/load
DAEMON=$BUILD/madoguchid
CLIENT=$BUILD/madoguchi
SOCKET=$DATA/socket
PID=
export LANG=C.UTF-8

say() { echo "bench: $*" >&2; }

stop() {
    [ -n "$PID" ] || return 0
    kill "$PID" 2>/dev/null || :
    while kill -0 "$PID" 2>/dev/null; do sleep 0.02; done
    PID=
}
trap stop EXIT
trap 'exit 1' INT TERM HUP

# start STORE: serves it; MS is how long it took until the socket answered.
start() {
    rm -f "$SOCKET"
    answer=$("$BENCH" start -s "$SOCKET" "$DAEMON" serve --store "$1" --listen "unix:$SOCKET" \
        2>>"$DATA/daemon.log")
    PID=${answer% *}
    MS=${answer#* }
}

new_store() {
    rm -rf "$1"
    "$DAEMON" init --store "$1" --municipality 062090 --name 長井市 >/dev/null
}

# fill N: logs N entries, pipelined.
fill() { "$BENCH" log -s "$SOCKET" -c 16 -q 32 -n "$1" >/dev/null; }

# master: the large store, made once.
master() {
    if [ ! -e "$DATA/store-$ENTRIES/made" ]; then
        say "making the store of $ENTRIES entries (once)"
        new_store "$DATA/store-$ENTRIES"
        start "$DATA/store-$ENTRIES"
        fill "$ENTRIES"
        stop
        touch "$DATA/store-$ENTRIES/made"
    fi
}

# copy NAME: a copy of the large store, to be changed.
copy() {
    master
    rm -rf "$DATA/$1"
    cp -R --sparse=always "$DATA/store-$ENTRIES" "$DATA/$1"
    rm -f "$DATA/$1/made"
}

# Reads one figure a line and prints its row.
row() {
    sort -n | awk -v name="$1" -v connections="$2" -v unit="$3" '
        { v[NR] = $1 }
        END { if (NR > 0) printf "%s,%s,%s,%s,%s,%s\n", name, connections, v[int((NR + 1) / 2)],
                                 v[1], v[NR], unit }'
}

rounds() { seq "$ROUNDS"; }
seconds_since() { awk -v a="$1" -v b="$(date +%s.%N)" 'BEGIN { printf "%.3f", b - a }'; }
per_second() { awk -v n="$1" -v s="$2" 'BEGIN { printf "%.0f\n", n / s }'; }

# log_point NAME CONNECTIONS DEPTH MONTHS
log_point() {
    out=$DATA/out
    : >"$out"
    for i in $(rounds); do
        "$BENCH" log -s "$SOCKET" -c "$2" -q "$3" -m "$4" -t "$SECONDS_EACH" >>"$out"
    done
    cut -d' ' -f1 "$out" | row "$1" "$2" "logs/s"
    cut -d' ' -f2 "$out" | row "$1 p50" "$2" ms
    cut -d' ' -f3 "$out" | row "$1 p99" "$2" ms
}

bench_log() {
    copy work
    start "$DATA/work"
    for n in 1 16 64 256; do
        log_point "log" "$n" 1 12
    done
    log_point "log 16 in flight" 64 16 12
    # A live counter: everything is dated today.
    log_point "log today" 64 1 0
    stop
    rm -rf "$DATA/work"
}

# stats_of NAME: month by service of the last twelve months, one connection.
stats_of() {
    out=$DATA/out
    : >"$out"
    for i in $(rounds); do
        "$BENCH" stats -s "$SOCKET" -n 1000 >>"$out"
    done
    cut -d' ' -f1 "$out" | row "stats of $1 entries p50" 1 ms
    cut -d' ' -f2 "$out" | row "stats of $1 entries p99" 1 ms
}

bench_stats() {
    new_store "$DATA/small"
    start "$DATA/small"
    fill 10000
    stats_of 10000
    stop
    rm -rf "$DATA/small"
    master
    start "$DATA/store-$ENTRIES"
    stats_of "$ENTRIES"
    stop
}

bench_import() {
    "$BENCH" csv -n "$ROWS" >"$DATA/rows.csv"
    for i in $(rounds); do
        new_store "$DATA/work"
        start "$DATA/work"
        begun=$(date +%s.%N)
        "$CLIENT" --server "unix:$SOCKET" import "$DATA/rows.csv" >"$DATA/import.log" 2>&1 || {
            say "the import failed: $(tail -n 1 "$DATA/import.log")"
            exit 1
        }
        per_second "$ROWS" "$(seconds_since "$begun")" >&3
        stop
    done 3>"$DATA/out"
    row import 1 rows/s <"$DATA/out"
    rm -rf "$DATA/work" "$DATA/rows.csv"
}

bench_refold() {
    copy work
    for i in $(rounds); do
        rm -rf "$DATA/work/fold"
        start "$DATA/work"
        per_second "$ENTRIES" "$(awk -v ms="$MS" 'BEGIN { print ms / 1000 }')" >&3
        stop
    done 3>"$DATA/out"
    row refold 0 entries/s <"$DATA/out"
    rm -rf "$DATA/work"
}

bench_verify() {
    master
    for i in $(rounds); do
        begun=$(date +%s.%N)
        "$DAEMON" verify --store "$DATA/store-$ENTRIES" >"$DATA/verify.log" 2>&1 || {
            say "verify failed: $(tail -n 1 "$DATA/verify.log")"
            exit 1
        }
        per_second "$ENTRIES" "$(seconds_since "$begun")" >&3
    done 3>"$DATA/out"
    row verify 0 entries/s <"$DATA/out"
}

bench_start() {
    master
    for i in $(rounds); do
        start "$DATA/store-$ENTRIES"
        echo "$MS" >&3
        stop
    done 3>"$DATA/out"
    row "start of $ENTRIES entries" 0 ms <"$DATA/out"
}

anonymous() { awk '/^Anonymous:/ { printf "%.2f\n", $2 / 1024 }' "/proc/$PID/smaps_rollup"; }

bench_idle() {
    master
    ulimit -n 4096 2>/dev/null || :
    for n in 0 1000; do
        for i in $(rounds); do
            start "$DATA/store-$ENTRIES"
            if [ "$n" -gt 0 ]; then
                rm -f "$DATA/hold" "$DATA/ready"
                mkfifo "$DATA/hold"
                "$BENCH" idle -s "$SOCKET" -c "$n" <"$DATA/hold" >"$DATA/ready" &
                holder=$!
                exec 4>"$DATA/hold"
                while ! grep -qs ready "$DATA/ready" && kill -0 "$holder"; do sleep 0.05; done
            fi
            anonymous >&3
            if [ "$n" -gt 0 ]; then
                exec 4>&-
                wait "$holder"
            fi
            stop
        done 3>"$DATA/out"
        row "anonymous memory" "$n" MiB <"$DATA/out"
    done
}

# Of the journal what records fill, of LMDB the pages in use.
bench_size() {
    master
    start "$DATA/store-$ENTRIES"
    status=$("$CLIENT" --server "unix:$SOCKET" --format csv status)
    stop
    lmdb=$(echo "$status" | awk -F, '$1 == "map_used" { print $2 }')
    head=$(echo "$status" | awk -F, '$1 == "head" { print $2 }')
    last=
    journal=0
    for segment in "$DATA/store-$ENTRIES/journal"/*.seg; do
        journal=$((journal + $(wc -c <"$segment")))
        last=$segment
    done
    # The last segment is allocated ahead: its zeros are not counted.
    used=$(od -An -v -tx1 -w4096 "$last" | awk '/[1-9a-f]/ { n = NR } END { print n * 4096 }')
    journal=$((journal - $(wc -c <"$last") + used))
    awk -v j="$journal" -v l="$lmdb" -v n="$head" 'BEGIN { printf "%.0f\n", j / n }' |
        row "disk an entry, journal" 0 bytes
    awk -v j="$journal" -v l="$lmdb" -v n="$head" 'BEGIN { printf "%.0f\n", l / n }' |
        row "disk an entry, tables" 0 bytes
    awk -v j="$journal" -v l="$lmdb" -v n="$head" 'BEGIN { printf "%.0f\n", (j + l) / n }' |
        row "disk an entry" 0 bytes
}

# The same work for PostgreSQL on the same disk, where it and libpq are installed.
bench_postgres() {
    BUILD=$BUILD ROUNDS=$ROUNDS SECONDS_EACH=$SECONDS_EACH sh tests/bench/postgres/run.sh
}

[ -x "$BENCH" ] || { say "$BENCH is missing: make bench builds it"; exit 1; }
echo "name,connections,median,min,max,unit"
for section in ${*:-log postgres stats import refold verify start idle size}; do
    "bench_$section"
done
