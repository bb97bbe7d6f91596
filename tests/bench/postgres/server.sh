# A PostgreSQL server of our own under BUILD/bench/postgres; to be sourced after
# lib.sh. PG is how to reach it, PGPID its process, PGVERSION what it is.
PGDIR=$DATA/postgres
PGBIN=
PGPID=
PG=

pg_say() { say "PostgreSQL: $*"; }

# As root it runs as the user postgres, as anybody else as that one.
pg_as() {
    if [ "$(id -u)" = 0 ]; then
        setpriv --reuid=postgres --regid=postgres --init-groups env HOME="$PGDIR" "$@"
    else
        "$@"
    fi
}

# pg_find: whether it, libpq and our generator are here; says what is missing.
pg_find() {
    for folder in $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V); do
        PGBIN=$folder
    done
    if [ -z "$PGBIN" ]; then
        PGBIN=$(dirname "$(command -v initdb 2>/dev/null || echo ./)")
    fi
    if [ ! -x "$PGBIN/initdb" ] || ! command -v psql >/dev/null || [ ! -x "$PGLOAD" ]; then
        pg_say "skipped, not installed (postgresql, and libpq-dev when building)"
        return 1
    fi
    if [ "$(id -u)" = 0 ] && ! id postgres >/dev/null 2>&1; then
        pg_say "skipped: it does not run as root, and there is no user postgres"
        return 1
    fi
    PGVERSION=$("$PGBIN/postgres" --version | sed 's/.*) \([0-9.]*\).*/PostgreSQL \1/')
}

# A quarter of the memory, at most 2 GiB, for its buffers, as its manual advises.
pg_buffers() { awk '/^MemTotal/ { m = int($2 / 4096); print (m > 2048 ? 2048 : m) "MB" }' /proc/meminfo; }

# pg_start: an empty server. No checkpoint falls into a short run.
pg_start() {
    pg_find || return 1
    rm -rf "$PGDIR"
    mkdir -p "$PGDIR" "$SOCKETS/pg"
    if [ "$(id -u)" = 0 ]; then
        chmod 755 "$SOCKETS"
        chown postgres "$PGDIR" "$SOCKETS/pg"
    fi
    pg_as "$PGBIN/initdb" -D "$PGDIR/data" -U postgres -A trust --no-locale -E UTF8 \
        >"$DATA/postgres.log" 2>&1 || {
        pg_say "skipped: initdb failed, see $DATA/postgres.log"
        return 1
    }
    cat >>"$PGDIR/data/postgresql.conf" <<END
listen_addresses = ''
unix_socket_directories = '$SOCKETS/pg'
max_connections = 300
shared_buffers = $(pg_buffers)
max_wal_size = 16GB
checkpoint_timeout = 30min
END
    pg_as "$PGBIN/pg_ctl" -D "$PGDIR/data" -l "$PGDIR/log" -w -t 120 start >/dev/null || {
        pg_say "skipped: it does not start, see $PGDIR/log"
        return 1
    }
    PGPID=$(head -n 1 "$PGDIR/data/postmaster.pid")
    PG="host=$SOCKETS/pg user=postgres dbname=postgres"
}

pg_stop() {
    [ -z "$PGPID" ] || pg_as "$PGBIN/pg_ctl" -D "$PGDIR/data" -m fast -w -t 600 stop >/dev/null 2>&1 || :
    PGPID=
    rm -rf "$PGDIR"
}

pg() { psql -q -X -v ON_ERROR_STOP=1 "$PG" "$@"; }

# pg_fill ROWS: cases dated over the last twelve months, and their tally.
pg_fill() {
    pg <<'END'
CREATE TABLE cases (id bigint PRIMARY KEY, municipality int NOT NULL, service smallint NOT NULL,
    office smallint NOT NULL, channel smallint NOT NULL, nature smallint NOT NULL,
    topic smallint NOT NULL, day int NOT NULL, note text NOT NULL);
CREATE TABLE tally (month int, service smallint, office smallint, channel smallint, nature smallint,
    topic smallint, n bigint NOT NULL, PRIMARY KEY (month, service, office, channel, nature, topic))
    WITH (fillfactor = 50);
END
    if [ "$1" -gt 0 ]; then
        "$LOAD" csv -N -n "$1" | pg -c 'COPY cases FROM STDIN (FORMAT csv)'
    fi
    # The rows that will be logged: their tallies exist, as they do at a counter.
    "$LOAD" csv -N -l -n 32768 |
        pg -c 'CREATE TEMP TABLE live (LIKE cases)' -c 'COPY live FROM STDIN (FORMAT csv)' -c '
        INSERT INTO tally SELECT month, service, office, channel, nature, topic, sum(n) FROM (
            SELECT day / 100 AS month, service, office, channel, nature, topic, 1 AS n FROM cases
            UNION ALL
            SELECT day / 100, service, office, channel, nature, topic, 0 FROM live) x
        GROUP BY 1, 2, 3, 4, 5, 6'
    pg -c 'VACUUM ANALYZE' -c CHECKPOINT
}
