# What the scripts of the benches share; to be sourced from the tree's top folder.
# Environment: BUILD (build). What is made lies in BUILD/bench; large stores are
# made once and kept there.
BUILD=${BUILD:-build}
mkdir -p "$BUILD/bench"
DATA=$(cd "$BUILD/bench" && pwd)
LOAD=$DATA/load
PGLOAD=$DATA/pgload
FLOOR=$DATA/floor
DAEMON=$BUILD/madoguchid
CLIENT=$BUILD/madoguchi
PID=  # of the daemon
PIDS= # of other servers
export LC_ALL=C.UTF-8
umask 022

say() { echo "bench: $*" >&2; }

# Sockets have short paths, wherever the tree lies.
SOCKETS=$(mktemp -d /tmp/madoguchi-bench-XXXXXX)
SOCKET=$SOCKETS/daemon

# end PID: asks a server of ours to end, waits for at most ten minutes. It is
# forgotten then: its number may become another's.
end() {
    PIDS=$(for pid in $PIDS; do [ "$pid" = "$1" ] || echo "$pid"; done)
    kill "$1" 2>/dev/null || return 0
    waited=0
    while kill -0 "$1" 2>/dev/null; do
        waited=$((waited + 1))
        if [ "$waited" -gt 30000 ]; then
            say "process $1 did not end; it is killed"
            kill -9 "$1" 2>/dev/null || :
            return 1
        fi
        sleep 0.02
    done
}

stop() {
    [ -n "$PID" ] || return 0
    ending=$PID
    PID=
    end "$ending"
}

# More to do at the end; a script may put its own in its place.
at_end() { :; }
finish() {
    stop || :
    for pid in $PIDS; do end "$pid" || :; done
    at_end
    rm -rf "$SOCKETS"
}
trap finish EXIT
trap 'exit 1' INT TERM HUP

# start STORE: serves it; MS is how long it took until the socket answered.
start() {
    rm -f "$SOCKET"
    answer=$("$LOAD" start -s "$SOCKET" "$DAEMON" serve --store "$1" --listen "unix:$SOCKET" \
        2>>"$DATA/daemon.log")
    PID=${answer% *}
    MS=${answer#* }
}

client() { "$CLIENT" --server "unix:$SOCKET" "$@"; }

new_store() {
    rm -rf "$1"
    "$DAEMON" init --store "$1" --municipality 062090 --name 長井市 >/dev/null
}

# fill N: logs N entries, pipelined, dated over the last twelve months.
fill() { "$LOAD" log -s "$SOCKET" -c 16 -q 32 -n "$1" >/dev/null; }

# master N: the store of N entries, made once.
master() {
    if [ ! -e "$DATA/store-$1/made" ]; then
        say "making the store of $1 entries (once)"
        new_store "$DATA/store-$1"
        start "$DATA/store-$1"
        fill "$1"
        stop
        touch "$DATA/store-$1/made"
    fi
}

# copy N NAME: a copy of the store of N entries, to be changed.
copy() {
    master "$1"
    rm -rf "${DATA:?}/$2"
    cp -R --sparse=always "$DATA/store-$1" "$DATA/$2"
    rm -f "$DATA/$2/made"
}

# Reads one figure a line and prints its row.
row() {
    sort -n | awk -v name="$1" -v connections="$2" -v unit="$3" '
        { v[NR] = $1 }
        END { if (NR > 0) printf "%s,%s,%s,%s,%s,%s\n", name, connections, v[int((NR + 1) / 2)],
                                 v[1], v[NR], unit }'
}

# note WORDS COMMAND...: adds a line to the raw file, the words and what the
# command prints. Ends everything if it fails.
note() {
    words=$1
    shift
    got=$("$@")
    echo "$words $got" >>"$RAW"
}

now() { date +%s.%N; }
seconds_since() { awk -v a="$1" -v b="$(now)" 'BEGIN { printf "%.3f", b - a }'; }
per_second() { awk -v n="$1" -v s="$2" 'BEGIN { printf "%.0f\n", n / s }'; }

# Anonymous memory of the daemon, MiB.
anonymous() { awk '/^Anonymous:/ { printf "%.2f\n", $2 / 1024 }' "/proc/$PID/smaps_rollup"; }

# sizes STORE: what an entry takes on disk: JOURNAL_BYTES (of the journal what
# records fill) and TABLE_BYTES (of LMDB the pages in use), both for each of the
# HEAD entries. Serves the store for a moment.
sizes() {
    start "$1"
    status=$(client --format csv status)
    stop
    lmdb=$(echo "$status" | awk -F, '$1 == "map_used" { print $2 }')
    HEAD=$(echo "$status" | awk -F, '$1 == "head" { print $2 }')
    last=
    journal=0
    for segment in "$1/journal"/*.seg; do
        journal=$((journal + $(wc -c <"$segment")))
        last=$segment
    done
    # The last segment is allocated ahead: its zeros are not counted.
    used=$(od -An -v -tx1 -w4096 "$last" | awk '/[1-9a-f]/ { n = NR } END { print n * 4096 }')
    journal=$((journal - $(wc -c <"$last") + used))
    JOURNAL_BYTES=$(awk -v a="$journal" -v n="$HEAD" 'BEGIN { printf "%.0f", a / n }')
    TABLE_BYTES=$(awk -v a="$lmdb" -v n="$HEAD" 'BEGIN { printf "%.0f", a / n }')
}

# flush_time: p50 and p99 of one flush of 4 KiB, ms.
flush_time() { "$LOAD" flush -d "$DATA" -n "${FLUSHES:-500}"; }

# machine: what it is, in general terms, a "name: value" a line.
machine() {
    echo "processors: $(nproc) ($(uname -m))"
    awk '/^MemTotal/ { printf "memory: %.0f GiB\n", $2 / 1048576 }' /proc/meminfo
    echo "kernel: $(uname -s) $(uname -r | sed 's/[^0-9.].*//')"
    echo "file system: $(df --output=fstype "$DATA" 2>/dev/null | tail -n 1)"
    echo "load before: $(cut -d' ' -f1 /proc/loadavg)"
}

[ -x "$LOAD" ] || { say "$LOAD is missing: make builds it"; exit 1; }
