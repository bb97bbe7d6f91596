#!/bin/sh
# What the web gateway costs: the same cases over the daemon's socket and as a page sends
# them, in turns; and the gateway's memory with pages open.
#
#   make bench-web
#
# Prints, as CSV name,connections,median,min,max,unit.
# Environment: BUILD (build), ROUNDS (5), SECONDS_EACH (3), PAGES (200), FACTS (1000000:
# of the store whose pages are opened).
set -eu
ROUNDS=${ROUNDS:-5}
SECONDS_EACH=${SECONDS_EACH:-3}
PAGES=${PAGES:-200}
FACTS=${FACTS:-1000000}
. tests/bench/lib.sh
. tests/bench/tls_lib.sh
WEB=
at_end() {
    [ -z "$WEB" ] || kill "$WEB" 2>/dev/null || :
    drop
    rm -f "$DATA"/web.*
}

# gateway OPTION...: WEB is its process, PORT where it listens.
gateway() {
    "$BUILD/madoguchi-web" --server "unix:$SOCKET" --listen 127.0.0.1:0 "$@" 2>"$DATA/web.log" &
    WEB=$!
    waited=0
    until PORT=$(sed -n 's/.*url=.*:\([0-9]*\)\/.*/\1/p' "$DATA/web.log") && [ -n "$PORT" ]; do
        waited=$((waited + 1))
        [ "$waited" -le 200 ] || { cat "$DATA/web.log" >&2; exit 1; }
        sleep 0.05
    done
}

# ask PATH BODY
ask() {
    curl -sS -H 'Content-Type: application/json' -H "X-Madoguchi-CSRF: ${BENCH_CSRF:-}" \
        -H "Cookie: ${BENCH_COOKIE:-}" -D "$DATA/web.headers" -d "$2" "http://127.0.0.1:$PORT$1"
}

# Logs in with a password that was given and sets another one.
log_in() {
    once=$("$DAEMON" account password bench --store "$DATA/tls-store" 2>/dev/null)
    serve
    gateway --behind-proxy
    said=$(ask /api/login "{\"name\":\"bench\",\"password\":\"$once\"}")
    BENCH_COOKIE=$(sed -n 's/^Set-Cookie: \([^;]*\);.*/\1/p' "$DATA/web.headers")
    BENCH_CSRF=$(echo "$said" | sed -n 's/.*"csrf":"\([0-9a-f]*\)".*/\1/p')
    export BENCH_COOKIE BENCH_CSRF
    ask /api/ask "{\"password\":{\"old\":\"$once\",\"fresh\":\"one for the bench\"}}" >"$DATA/web.said"
}

# pair CONNECTIONS ADDRESS NAME
pair() {
    in_turns "$1" 1 "$WEB" -x web -s "$2"
    figure 1 "$DATA/unix.out" | row "log Unix" "$1" logs/s
    figure 1 "$DATA/other.out" | row "log $3" "$1" logs/s
    row "log $3 : Unix" "$1" ratio <"$DATA/speed.out"
    figure 3 "$DATA/other.out" | row "log $3, p99" "$1" ms
    figure 4 "$DATA/other.out" | row "processor of the gateway a log, $3" "$1" us
}

# Anonymous memory of the gateway with PAGES connections that began as pages do.
pages() {
    hold -x web -s "$1" -c "$PAGES"
    awk '/^Anonymous:/ { s += $2 } END { printf "%.1f\n", s / 1024 }' "/proc/$WEB/smaps_rollup" |
        row "anonymous memory of the gateway, pages open" "$PAGES" MiB
    awk '/^Rss:/ { printf "%.1f\n", $2 / 1024 }' "/proc/$WEB/smaps_rollup" |
        row "memory of the gateway, pages open" "$PAGES" MiB
    let_go
}

echo "name,connections,median,min,max,unit"
prepare
log_in
for n in 1 64; do pair "$n" "tcp:127.0.0.1:$PORT" "HTTP behind a proxy"; done
kill "$WEB"
wait "$WEB" || :
gateway --tls-certificate "$BENCH_TLS/server.crt" --tls-key "$BENCH_TLS/server.key"
for n in 1 64; do pair "$n" "tls:127.0.0.1:$PORT" HTTPS; done
pages "tls:127.0.0.1:$PORT"
stop
"$LOAD" csv -n "$FACTS" >"$DATA/web.rows.csv"
BUILD=$BUILD node tests/bench/web_page.mjs "$DATA/web.rows.csv"
