#!/bin/sh
# How the daemon's costs grow with what is recorded.
#
#   make bench-growth               or   sh tests/bench/growth.sh
#
# For stores of several sizes, dated over the last twelve months: a log at 1 and
# 64 connections, questions (a year by month and service; a month by service,
# office, channel, nature and topic; the list of a day), the start after a clean
# stop, folding everything again, verify, a first backup and one after
# one entry in a hundred is new, the daemon's memory, and the bytes of an entry.
#
# Environment: BUILD (build), SIZES ("10000 100000 1000000 10000000"), ROUNDS (3),
# QUESTIONS (200), OUT (BUILD/bench; the figures in the tree were made with
# OUT=tests/bench/results). Writes growth.csv, growth.md and, with gnuplot,
# growth.svg there. The stores are kept in BUILD/bench: 10,000,000 entries take
# some 10 GB, and more than as much again while they are measured.
set -eu
SIZES=${SIZES:-10000 100000 1000000 10000000}
ROUNDS=${ROUNDS:-3}
QUESTIONS=${QUESTIONS:-200}
. tests/bench/lib.sh
OUT=${OUT:-$DATA}
RAW=$DATA/growth.raw
mkdir -p "$OUT"
: >"$RAW"
machine >"$DATA/growth.machine"

at_end() { rm -rf "$DATA/work" "$DATA/copy"; }
rounds() { seq "$ROUNDS"; }

# What takes minutes on the largest stores is done once there.
long_rounds() { if [ "$1" -gt 1000000 ]; then echo 1; else rounds; fi; }
ms_seconds() { awk -v ms="$1" 'BEGIN { printf "%.4f", ms / 1000 }'; }

# fresh SIZE ROUND: a copy to be changed; of the largest stores one for all rounds.
fresh() {
    if [ "$2" -eq 1 ] || [ "$1" -le 1000000 ]; then
        copy "$1" work
    fi
}

# timed SIZE WHAT COMMAND...
timed() {
    size=$1
    what=$2
    shift 2
    begun=$(now)
    "$@" >"$DATA/timed.log" 2>&1 || {
        say "$what failed: $(tail -n 1 "$DATA/timed.log")"
        exit 1
    }
    note "time $size $what 1" seconds_since "$begun"
}

# What changes nothing: on the store itself.
reading() {
    month=$(TZ=UTC-9 date +%Y%m | awk '{ m = $1 % 100 == 1 ? $1 - 89 : $1 - 1
                                         printf "%d-%02d", m / 100, m % 100 }')
    sizes "$DATA/store-$1"
    echo "size $1 - 1 $JOURNAL_BYTES $TABLE_BYTES" >>"$RAW"
    for i in $(rounds); do
        start "$DATA/store-$1"
        note "time $1 start 1" ms_seconds "$MS"
        note "read $1 year 1" "$LOAD" ask -s "$SOCKET" -n "$QUESTIONS" -b month,service
        note "read $1 month 1" "$LOAD" ask -s "$SOCKET" -n "$QUESTIONS" -f "$month" \
            -b service,office,channel,nature,topic
        note "read $1 day 1" "$LOAD" ask -s "$SOCKET" -n 20 -L -f "$month-15"
        note "memory $1 - 1" anonymous
        stop
    done
    for i in $(long_rounds "$1"); do
        timed "$1" verify "$DAEMON" verify --store "$DATA/store-$1"
    done
}

# What adds entries, each time to a store of this size, or nearly so. What the
# daemon does later for a few logs is in their processor time, not in their rate.
recording() {
    many=$(awk -v n="$1" 'BEGIN { n /= 10; print (n < 5000 ? 5000 : n > 300000 ? 300000 : n) }')
    for i in $(rounds); do
        fresh "$1" "$i"
        start "$DATA/work"
        "$LOAD" log -s "$SOCKET" -l -n 200 >/dev/null
        note "log $1 1 1" "$LOAD" log -s "$SOCKET" -l -p "$PID" -d "$DATA" -n 2000
        note "log $1 64 1" "$LOAD" log -s "$SOCKET" -l -p "$PID" -d "$DATA" -c 64 -n "$many"
        stop
    done
}

keeping() {
    for i in $(long_rounds "$1"); do
        fresh "$1" "$i"
        rm -rf "$DATA/copy"
        start "$DATA/work"
        timed "$1" backup client backup "$DATA/copy"
        fill $(($1 / 100))
        timed "$1" backup-again client backup "$DATA/copy"
        stop
        rm -rf "$DATA/copy" "$DATA/work/fold"
        start "$DATA/work"
        note "time $1 refold 1" ms_seconds "$MS"
        stop
    done
}

before=$(flush_time)
for n in $SIZES; do
    master "$n"
    say "$n entries: reading"
    reading "$n"
    say "$n entries: recording"
    recording "$n"
    say "$n entries: backup and refold"
    keeping "$n"
    rm -rf "$DATA/work"
done
{
    echo "flush of 4 KiB before: $before ms (median, 99th of a hundred)"
    echo "flush of 4 KiB after: $(flush_time) ms"
    echo "load after: $(cut -d' ' -f1 /proc/loadavg)"
    echo "rounds: $ROUNDS; above 1,000,000 entries verify, backup and refold once"
} >>"$DATA/growth.machine"
awk -f tests/bench/median.awk "$RAW" >"$OUT/growth.csv"
awk -F, -v machine="$DATA/growth.machine" -f tests/bench/growth.awk "$OUT/growth.csv" >"$OUT/growth.md"
if command -v gnuplot >/dev/null; then
    awk -F, -v wide=1 -f tests/bench/growth.awk "$OUT/growth.csv" >"$DATA/growth.dat"
    gnuplot -e "data='$DATA/growth.dat'; picture='$OUT/growth.svg'" tests/bench/growth.gp
else
    say "no picture: gnuplot is not installed"
fi
cat "$OUT/growth.md"
