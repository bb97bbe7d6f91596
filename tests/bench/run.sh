#!/bin/sh
# Speed and memory of the daemon, as CSV: name,connections,median,min,max,unit.
#
#   make bench                      or   sh tests/bench/run.sh [SECTION...]
#
# Sections: log stats import mapping refold verify start idle size postgres (all).
# Environment: BUILD (build), ENTRIES (1000000), ROUNDS (5), SECONDS_EACH (2),
# ROWS (200000). Data lies in BUILD/bench; the store of ENTRIES entries is made
# once and kept there, everything else is made afresh from it.
#
# Figures follow the disk and the machine: compare only those of one run. The
# generator and the daemon share the processors.
set -eu
ENTRIES=${ENTRIES:-1000000}
ROUNDS=${ROUNDS:-5}
SECONDS_EACH=${SECONDS_EACH:-2}
ROWS=${ROWS:-200000}
. tests/bench/lib.sh

drop_data() { rm -rf "$DATA/work" "$DATA/small" "$DATA/rows.csv" "$DATA/hold" "$DATA/ready"; }
at_end() { drop_data; }
rounds() { seq "$ROUNDS"; }

# log_point NAME CONNECTIONS DEPTH MONTHS
log_point() {
    out=$DATA/out
    : >"$out"
    for i in $(rounds); do
        "$LOAD" log -s "$SOCKET" -c "$2" -q "$3" -m "$4" -t "$SECONDS_EACH" >>"$out"
    done
    cut -d' ' -f1 "$out" | row "$1" "$2" "logs/s"
    cut -d' ' -f2 "$out" | row "$1 p50" "$2" ms
    cut -d' ' -f3 "$out" | row "$1 p99" "$2" ms
}

bench_log() {
    copy "$ENTRIES" work
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
        "$LOAD" ask -s "$SOCKET" -n 1000 >>"$out"
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
    master "$ENTRIES"
    start "$DATA/store-$ENTRIES"
    stats_of "$ENTRIES"
    stop
}

# import_speed OPTION... FILE: rows a second of a file of ROWS into a new store.
import_speed() {
    new_store "$DATA/work"
    start "$DATA/work"
    begun=$(date +%s.%N)
    client import "$@" >"$DATA/import.log" 2>&1 || {
        say "the import failed: $(tail -n 1 "$DATA/import.log")"
        exit 1
    }
    per_second "$ROWS" "$(seconds_since "$begun")"
    stop
}

bench_import() {
    "$LOAD" csv -n "$ROWS" >"$DATA/rows.csv"
    for i in $(rounds); do import_speed "$DATA/rows.csv" >&3; done 3>"$DATA/out"
    row import 1 rows/s <"$DATA/out"
    rm -rf "$DATA/work" "$DATA/rows.csv"
}

# The same rows as an office keeps them (headings and words in Japanese, dates of the
# era), in turns with the plain file.
bench_mapping() {
    "$LOAD" csv -n "$ROWS" >"$DATA/rows.csv"
    awk -F, -v OFS=, '
        BEGIN {
            print "No.", "受付日", "業務", "分野", "窓口", "受付方法", "性質", "年代", "移住元"
            split("migration 移住 citizen 市民 mynumber カード marriage 結婚 akiya 空き家", of, " ")
            for (i = 1; i in of; i += 2) word[of[i]] = of[i + 1]
        }
        NR > 1 {
            split($3, day, "-")
            $3 = "R" day[1] - 2018 "." day[2] + 0 "." day[3] + 0
            print $2, $3, word[$4], $5, $6, $7, $8, $9, $10
        }' "$DATA/rows.csv" >"$DATA/sheet.csv"
    cat >"$DATA/sheet.yaml" <<'END'
mapping: 1
constants: {kind: log}
columns:
  - {heading: No., field: ref}
  - {heading: 受付日, field: date}
  - heading: 業務
    field: service
    values: [移住 = migration, 市民 = citizen, カード = mynumber, 結婚 = marriage, 空き家 = akiya]
  - {heading: 分野, field: topic}
  - {heading: 窓口, field: office}
  - {heading: 受付方法, field: channel}
  - {heading: 性質, field: nature}
  - {heading: 年代, field: age}
  - {heading: 移住元, field: origin}
END
    : >"$DATA/ratio"
    for i in $(rounds); do
        plain=$(import_speed "$DATA/rows.csv")
        mapped=$(import_speed --mapping "$DATA/sheet.yaml" "$DATA/sheet.csv")
        echo "$mapped" >&3
        awk -v a="$mapped" -v b="$plain" 'BEGIN { printf "%.2f\n", a / b }' >>"$DATA/ratio"
    done 3>"$DATA/out"
    row "import by a mapping" 1 rows/s <"$DATA/out"
    row "import by a mapping : plain" 1 ratio <"$DATA/ratio"
    rm -rf "$DATA/work" "$DATA/rows.csv" "$DATA/sheet.csv" "$DATA/sheet.yaml" "$DATA/ratio"
}

bench_refold() {
    copy "$ENTRIES" work
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
    master "$ENTRIES"
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
    master "$ENTRIES"
    for i in $(rounds); do
        start "$DATA/store-$ENTRIES"
        echo "$MS" >&3
        stop
    done 3>"$DATA/out"
    row "start of $ENTRIES entries" 0 ms <"$DATA/out"
}

bench_idle() {
    master "$ENTRIES"
    ulimit -n 4096 2>/dev/null || :
    for n in 0 1000; do
        for i in $(rounds); do
            start "$DATA/store-$ENTRIES"
            if [ "$n" -gt 0 ]; then
                rm -f "$DATA/hold" "$DATA/ready"
                mkfifo "$DATA/hold"
                "$LOAD" idle -s "$SOCKET" -c "$n" <"$DATA/hold" >"$DATA/ready" &
                holder=$!
                exec 4>"$DATA/hold"
                waited=0
                until grep -qs ready "$DATA/ready"; do
                    waited=$((waited + 1))
                    [ "$waited" -le 1200 ] || { say "the connections do not open"; exit 1; }
                    sleep 0.05
                done
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

bench_size() {
    master "$ENTRIES"
    sizes "$DATA/store-$ENTRIES"
    echo "$JOURNAL_BYTES" | row "disk an entry, journal" 0 bytes
    echo "$TABLE_BYTES" | row "disk an entry, tables" 0 bytes
    echo "$((JOURNAL_BYTES + TABLE_BYTES))" | row "disk an entry" 0 bytes
}

# The same work for PostgreSQL on the same disk, where it and libpq are installed.
bench_postgres() {
    . tests/bench/postgres/server.sh
    pg_start || return 0
    at_end() {
        pg_stop
        drop_data
    }
    pg_fill 0
    for n in 1 16 64 256; do
        out=$DATA/out
        : >"$out"
        for i in $(rounds); do
            "$PGLOAD" -s "$PG" -c "$n" -t "$SECONDS_EACH" >>"$out"
        done
        cut -d' ' -f1 "$out" | row "PostgreSQL log" "$n" "logs/s"
        cut -d' ' -f2 "$out" | row "PostgreSQL log p50" "$n" ms
        cut -d' ' -f3 "$out" | row "PostgreSQL log p99" "$n" ms
    done
    pg_stop
}

echo "name,connections,median,min,max,unit"
for section in ${*:-log postgres stats import mapping refold verify start idle size}; do
    "bench_$section"
done
