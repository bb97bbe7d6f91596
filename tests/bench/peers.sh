#!/bin/sh
# The daemon beside what a town hall's programmer would take instead, on this
# machine and disk, given the same work.
#
#   make bench-peers                or   sh tests/bench/peers.sh [SECTION...]
#
# Sections:
#   log     one case logged with its counts, answered when on disk. A closed loop;
#           every system once, then the next round.
#   read    a year by month and service, and a month's fine table
#   import  a file of rows, and the tally after it
#
# Systems, over Unix sockets: madoguchi; postgres (one row and one upsert of the
# tally in one statement); redis and redis-packed (appendfsync always; MULTI of
# XADD and HINCRBY, the case in nine fields or packed in one); sqlite (import).
# floor-log and floor-echo are servers of our own that check and keep nothing:
# what disk and network allow. What is not installed is skipped and said so.
#
# Environment: BUILD (build), ROUNDS (5), SECONDS_EACH (2), CONNECTIONS
# ("1 16 64 256"), SYSTEMS (all), PREFILL (1000000 entries at the start), FACTS
# (10000000 for read), QUESTIONS (200), ROWS (1000000 for import),
# IMPORT_ROUNDS (3), OUT (BUILD/bench).
#
# Writes peers.csv and peers.md into OUT, and prints the second. Figures
# follow disk and machine: compare only those of one run, and look at `others`,
# the processors that something else used meanwhile.
set -eu
ROUNDS=${ROUNDS:-5}
SECONDS_EACH=${SECONDS_EACH:-2}
CONNECTIONS=${CONNECTIONS:-1 16 64 256}
SYSTEMS=${SYSTEMS:-madoguchi postgres redis redis-packed floor-log floor-echo}
PREFILL=${PREFILL:-1000000}
FACTS=${FACTS:-10000000}
QUESTIONS=${QUESTIONS:-200}
ROWS=${ROWS:-1000000}
IMPORT_ROUNDS=${IMPORT_ROUNDS:-3}
. tests/bench/lib.sh
. tests/bench/postgres/server.sh
RAW=$DATA/peers.raw
OUT=${OUT:-$DATA}
mkdir -p "$OUT"
CSV=$OUT/peers.csv
MD=$OUT/peers.md
: >"$RAW"
machine >"$DATA/peers.machine"

drop_data() { rm -rf "$DATA/work" "$DATA/redis" "$DATA/floor.log" "$DATA/rows.csv" "$DATA/sqlite.db"*; }

at_end() {
    pg_stop
    drop_data
}

# ---- log ---------------------------------------------------------------------------

# serve SOCKET PROTOCOL SERVER ARGUMENT...: started, its process in ANSWERED.
serve() {
    at=$1
    protocol=$2
    shift 2
    answer=$("$LOAD" start -s "$at" -x "$protocol" "$@" 2>>"$DATA/servers.log")
    ANSWERED=${answer% *}
    PIDS="$PIDS $ANSWERED"
}

redis_serve() { # FSYNC
    serve "$SOCKETS/redis" redis redis-server --port 0 --unixsocket "$SOCKETS/redis" \
        --dir "$DATA/redis" --appendonly yes --appendfsync "$1" --save '' \
        --auto-aof-rewrite-percentage 0 --daemonize no
    REDISPID=$ANSWERED
}

# As many cases as the others have; quickly, then with the flush that is measured.
redis_start() {
    rm -rf "$DATA/redis"
    mkdir "$DATA/redis"
    redis_serve no
    [ "$PREFILL" -eq 0 ] ||
        "$LOAD" log -s "$SOCKETS/redis" -x redis-packed -c 8 -q 32 -n "$PREFILL" >/dev/null
    end "$REDISPID"
    redis_serve always
}

# start_systems: those that can be; READY is which.
start_systems() {
    READY=
    for system in $SYSTEMS; do
        case $system in
        madoguchi)
            copy "$PREFILL" work
            start "$DATA/work"
            ;;
        postgres)
            pg_start || continue
            pg_fill "$PREFILL"
            echo "$PGVERSION" >>"$DATA/peers.machine"
            ;;
        redis | redis-packed)
            command -v redis-server >/dev/null || {
                say "Redis: skipped, not installed (redis-server)"
                continue
            }
            case $READY in
            *redis*) ;;
            *)
                redis_start
                redis-server --version | sed 's/.* v=\([0-9.]*\).*/Redis \1/' >>"$DATA/peers.machine"
                ;;
            esac
            ;;
        floor-log)
            serve "$SOCKETS/log" floor "$FLOOR" log "$SOCKETS/log" "$DATA/floor.log"
            LOGPID=$ANSWERED
            ;;
        floor-echo)
            serve "$SOCKETS/echo" floor "$FLOOR" echo "$SOCKETS/echo"
            ECHOPID=$ANSWERED
            ;;
        *)
            say "no system $system"
            exit 2
            ;;
        esac
        READY="$READY $system"
    done
}

# point SYSTEM CONNECTIONS DEPTH: one line of the raw file.
point() {
    set -- "$1" "$2" "$3" -t "$SECONDS_EACH" -d "$DATA" -c "$2"
    system=$1
    at="$1 $2 $3"
    depth=$3
    shift 3
    case $system in
    madoguchi) set -- "$LOAD" log -s "$SOCKET" -p "$PID" "$@" ;;
    postgres) set -- "$PGLOAD" -s "$PG" -p "$PGPID" "$@" ;;
    redis*) set -- "$LOAD" log -s "$SOCKETS/redis" -x "$system" -p "$REDISPID" "$@" ;;
    floor-log) set -- "$LOAD" log -s "$SOCKETS/log" -x floor -p "$LOGPID" "$@" ;;
    floor-echo) set -- "$LOAD" log -s "$SOCKETS/echo" -x floor -p "$ECHOPID" "$@" ;;
    esac
    [ "$system" = postgres ] || set -- "$@" -q "$depth" -l
    note "log $at" "$@"
}

# What was answered is there, and counted once: by each system's own means.
proved() {
    say "log: are all of them there?"
    case $READY in *redis*)
        tallied=$(for key in $(redis-cli -s "$SOCKETS/redis" KEYS 'tally:*'); do
            redis-cli -s "$SOCKETS/redis" HVALS "$key"
        done | awk '{ n += $1 } END { printf "%.0f", n }')
        [ "$tallied" = "$(redis-cli -s "$SOCKETS/redis" XLEN cases)" ] || {
            say "Redis: its tallies are not the number of its cases"
            exit 1
        }
        ;;
    esac
    case $READY in *postgres*)
        [ "$(pg -At -c 'SELECT (SELECT count(*) FROM cases) = (SELECT sum(n) FROM tally)')" = t ] || {
            say "PostgreSQL: its tallies are not the number of its cases"
            exit 1
        }
        ;;
    esac
    stop
    case $READY in *madoguchi*)
        "$DAEMON" verify --store "$DATA/work" >"$DATA/verify.log" 2>&1 || {
            say "verify failed: $(tail -n 1 "$DATA/verify.log")"
            exit 1
        }
        ;;
    esac
}

bench_log() {
    say "log: starting the systems"
    start_systems
    for round in $(seq "$ROUNDS"); do
        say "log: round $round of $ROUNDS"
        for n in $CONNECTIONS; do
            for system in $READY; do
                point "$system" "$n" 1
            done
        done
        case $READY in *madoguchi*) point madoguchi 64 16 ;; esac
    done
    proved
    for pid in $PIDS; do end "$pid" || :; done
    pg_stop
    drop_data
}

# ---- read --------------------------------------------------------------------------

# The fine table is of the month before this one.
months() {
    THIS=$(TZ=UTC-9 date +%Y%m)
    BEFORE=$(awk -v m="$THIS" 'BEGIN { print (m % 100 == 1 ? m - 89 : m - 1) }')
    YEAR_BEFORE=$(awk -v m="$THIS" 'BEGIN { print (m % 100 == 12 ? m - 11 : m - 99) }')
    BEFORE_WORDS=$(echo "$BEFORE" | sed 's/..$/-&/')
}

bench_read() {
    months
    say "read: a store of $FACTS entries"
    master "$FACTS"
    start "$DATA/store-$FACTS"
    n=$QUESTIONS
    note "read madoguchi year_cells 1" "$LOAD" ask -s "$SOCKET" -n "$n" -b month,service
    note "read madoguchi fine_cells 1" "$LOAD" ask -s "$SOCKET" -n "$n" -f "$BEFORE_WORDS" \
        -b service,office,channel,nature,topic
    stop
    pg_start || return 0
    say "read: PostgreSQL, $FACTS rows"
    pg_fill "$FACTS"
    pg -c 'CREATE INDEX ON cases (day)' -c 'VACUUM ANALYZE'
    pg_ask() { # NAME TIMES QUESTION
        note "read postgres $1 1" "$PGLOAD" -s "$PG" -n "$2" -Q "$3"
    }
    few=$(awk -v n="$n" 'BEGIN { print (n < 5 ? n : 5) }')
    pg_ask year_tally "$n" "SELECT month, service, sum(n) FROM tally
        WHERE month BETWEEN $YEAR_BEFORE AND $THIS GROUP BY 1, 2"
    pg_ask fine_tally "$n" "SELECT service, office, channel, nature, topic, n FROM tally
        WHERE month = $BEFORE AND n > 0"
    pg_ask year_group_by "$few" "SELECT day / 100, service, count(*) FROM cases
        WHERE day BETWEEN ${YEAR_BEFORE}01 AND ${THIS}31 GROUP BY 1, 2"
    pg_ask fine_group_by "$few" "SELECT service, office, channel, nature, topic, count(*) FROM cases
        WHERE day BETWEEN ${BEFORE}01 AND ${BEFORE}31 GROUP BY 1, 2, 3, 4, 5"
    pg_stop
}

# ---- import --------------------------------------------------------------------------

rate() { # SYSTEM BEGUN
    took=$(seconds_since "$2")
    note "import $1 0 1" per_second "$ROWS" "$took"
}

import_madoguchi() {
    new_store "$DATA/work"
    start "$DATA/work"
    begun=$(now)
    client import "$DATA/rows.csv" >"$DATA/import.log" 2>&1 || {
        say "the import failed: $(tail -n 1 "$DATA/import.log")"
        exit 1
    }
    rate madoguchi "$begun"
    stop
}

import_postgres() {
    pg -c 'SET client_min_messages = error; DROP TABLE IF EXISTS imported, counted'
    pg -c CHECKPOINT
    begun=$(now)
    pg -1 -c 'CREATE TABLE imported (kind text NOT NULL, ref text PRIMARY KEY, date date NOT NULL,
            service text NOT NULL, topic text, office text, channel text, nature text, age text,
            origin text)' \
        -c 'COPY imported FROM STDIN (FORMAT csv, HEADER)' \
        -c "CREATE TABLE counted AS SELECT date_trunc('month', date) AS month, service, office, channel,
            nature, topic, count(*) AS n FROM imported GROUP BY 1, 2, 3, 4, 5, 6" <"$DATA/rows.csv"
    rate postgres "$begun"
}

import_sqlite() {
    rm -f "$DATA/sqlite.db"*
    begun=$(now)
    sqlite3 -bail "$DATA/sqlite.db" >/dev/null <<END
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE imported (kind TEXT NOT NULL, ref TEXT PRIMARY KEY, date TEXT NOT NULL,
    service TEXT NOT NULL, topic TEXT, office TEXT, channel TEXT, nature TEXT, age TEXT, origin TEXT);
.import --csv --skip 1 '$DATA/rows.csv' imported
CREATE TABLE counted AS SELECT substr(date, 1, 7) AS month, service, office, channel, nature, topic,
    count(*) AS n FROM imported GROUP BY 1, 2, 3, 4, 5, 6;
END
    rate sqlite "$begun"
}

bench_import() {
    "$LOAD" csv -n "$ROWS" >"$DATA/rows.csv"
    systems=madoguchi
    if pg_start; then systems="$systems postgres"; fi
    if command -v sqlite3 >/dev/null; then
        systems="$systems sqlite"
    else
        say "SQLite: skipped, not installed (sqlite3)"
    fi
    for round in $(seq "$IMPORT_ROUNDS"); do
        say "import: round $round of $IMPORT_ROUNDS"
        for system in $systems; do
            "import_$system"
        done
    done
    pg_stop
    drop_data
}

# ---- all ---------------------------------------------------------------------------

before=$(flush_time)
for section in ${*:-log read import}; do
    "bench_$section"
done
{
    echo "flush of 4 KiB before: $before ms (median, 99th of a hundred)"
    echo "flush of 4 KiB after: $(flush_time) ms"
    echo "load after: $(cut -d' ' -f1 /proc/loadavg)"
    echo "at the start: $PREFILL entries (log), $FACTS (read); import of $ROWS rows"
    echo "rounds: $ROUNDS of $SECONDS_EACH s after a quarter of that to warm up"
} >>"$DATA/peers.machine"
awk -f tests/bench/median.awk "$RAW" >"$CSV"
awk -F, -v machine="$DATA/peers.machine" -f tests/bench/peers.awk "$CSV" >"$MD"
cat "$MD"
