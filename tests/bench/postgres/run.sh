#!/bin/sh
# PostgreSQL beside the daemon, on the same disk, if it is installed: a server of
# our own under BUILD/bench/postgres, reached by a socket in that folder. Prints
# rows as tests/bench/run.sh does. Says so and ends when something is missing.
set -eu
BUILD=${BUILD:-build}
ROUNDS=${ROUNDS:-5}
SECONDS_EACH=${SECONDS_EACH:-2}
DATA=$(mkdir -p "$BUILD/bench" && cd "$BUILD/bench" && pwd)/postgres
BIN=

say() { echo "bench: PostgreSQL: $*" >&2; }

for folder in $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V); do
    BIN=$folder
done
if [ -z "$BIN" ] || ! pkg-config --exists libpq 2>/dev/null; then
    say "not installed (postgresql and libpq-dev)"
    exit 0
fi
if [ "$(id -u)" = 0 ] && ! id postgres >/dev/null 2>&1; then
    say "it does not run as root, and there is no user postgres"
    exit 0
fi

rm -rf "$DATA"
mkdir -p "$DATA"
# A socket's path is short; the data is on the bench's disk.
SOCKETS=$(mktemp -d /tmp/madoguchi-bench-XXXXXX)
as_server() { "$@"; }
if [ "$(id -u)" = 0 ]; then
    chown postgres "$DATA" "$SOCKETS"
    as_server() { setpriv --reuid=postgres --regid=postgres --init-groups env HOME="$DATA" "$@"; }
fi
stop() {
    as_server "$BIN/pg_ctl" -D "$DATA/data" -m fast -w stop >/dev/null 2>&1 || :
    rm -rf "$DATA" "$SOCKETS"
}
trap stop EXIT
trap 'exit 1' INT TERM HUP

as_server "$BIN/initdb" -D "$DATA/data" -U postgres -A trust --no-locale -E UTF8 >/dev/null 2>&1 || {
    say "initdb failed"
    exit 0
}
cat >>"$DATA/data/postgresql.conf" <<END
listen_addresses = ''
unix_socket_directories = '$SOCKETS'
max_connections = 300
shared_buffers = 512MB
max_wal_size = 8GB
checkpoint_timeout = 30min
END
as_server "$BIN/pg_ctl" -D "$DATA/data" -l "$DATA/log" -w start >/dev/null || {
    say "it does not start"
    exit 0
}
CONNECT="host=$SOCKETS user=postgres dbname=postgres"
psql -q -X "$CONNECT" <<'END'
CREATE TABLE contacts (id bigint PRIMARY KEY, service int NOT NULL, office int NOT NULL,
    channel int NOT NULL, topic int NOT NULL, day int NOT NULL, note text NOT NULL);
CREATE TABLE tally (month int, service int, office int, channel int, topic int, n bigint NOT NULL,
    PRIMARY KEY (month, service, office, channel, topic)) WITH (fillfactor = 50);
INSERT INTO tally SELECT 202400 + m, s, o, c, t, 0 FROM generate_series(1, 12) m,
    generate_series(0, 4) s, generate_series(0, 7) o, generate_series(0, 12) c,
    generate_series(0, 19) t;
VACUUM ANALYZE;
CHECKPOINT;
END

# shellcheck disable=SC2046
cc -O2 -o "$DATA/load" tests/bench/postgres/load.c $(pkg-config --cflags --libs libpq)
row() {
    sort -n | awk -v name="$1" -v connections="$2" -v unit="$3" '
        { v[NR] = $1 }
        END { printf "%s,%s,%s,%s,%s,%s\n", name, connections, v[int((NR + 1) / 2)], v[1], v[NR],
                     unit }'
}
for n in 1 16 64 256; do
    : >"$DATA/out"
    for i in $(seq "$ROUNDS"); do
        "$DATA/load" "$CONNECT" "$n" "$SECONDS_EACH" >>"$DATA/out"
    done
    cut -d' ' -f1 "$DATA/out" | row "PostgreSQL log" "$n" "logs/s"
    cut -d' ' -f2 "$DATA/out" | row "PostgreSQL log p50" "$n" ms
    cut -d' ' -f3 "$DATA/out" | row "PostgreSQL log p99" "$n" ms
done
