# A daemon that listens on the Unix socket and on a free port with TLS, for a client whose
# certificate is an account; and its socket beside another way to it. To be sourced after
# lib.sh.
BENCH_TLS=$DATA/tls
export BENCH_TLS
drop() {
    rm -rf "$DATA/tls" "$DATA/tls-store" "$DATA/tls.yaml" "$DATA/tls.log" "$DATA/hold" \
        "$DATA/ready" "$DATA/unix" "$DATA/unix.out" "$DATA/other" "$DATA/other.out" \
        "$DATA/speed.out" "$DATA/cost.out"
}

# serve: on the Unix socket and on a free port; TLS_AT is its address.
serve() {
    : >"$DATA/tls.log"
    answer=$("$LOAD" start -s "$SOCKET" "$DAEMON" serve --store "$DATA/tls-store" \
        --config "$DATA/tls.yaml" 2>"$DATA/tls.log")
    PID=${answer% *}
    TLS_AT=$(sed -n 's/.*listening tls=\(127[^ ]*\).*/tls:\1/p' "$DATA/tls.log" | head -n 1)
    [ -n "$TLS_AT" ] || { say "the daemon does not say where it listens"; exit 1; }
}

prepare() {
    drop
    "$DAEMON" tls-init --dir "$BENCH_TLS" --name 127.0.0.1 --client bench >/dev/null
    cat >"$DATA/tls.yaml" <<YAML
listen: ["unix:$SOCKET", "tls:127.0.0.1:0"]
tls_certificate: "$BENCH_TLS/server.crt"
tls_key: "$BENCH_TLS/server.key"
tls_client_ca: "$BENCH_TLS/ca.crt"
connections_max: 4096
YAML
    new_store "$DATA/tls-store"
    # Whoever has the certificate of the benches is a clerk; also by a password.
    "$DAEMON" account add bench --store "$DATA/tls-store" --role clerk \
        --certificate "$(openssl x509 -in "$BENCH_TLS/client-bench.crt" -noout -fingerprint \
            -sha256 | sed 's/.*=//; s/://g' | tr A-F a-f)" >/dev/null
}

# figure FIELD FILE
figure() { cut -d' ' -f"$1" "$2"; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.3f\n", a / b }'; }

# in_turns CONNECTIONS DEPTH PROCESS OPTION...: ROUNDS times the same logs over the Unix
# socket and over another way (OPTION..., served by PROCESS), in turns: what they cost lies in
# unix.out and other.out, other : Unix of each pair in speed.out and cost.out (of processors).
in_turns() {
    connections=$1
    depth=$2
    process=$3
    shift 3
    for out in unix other speed cost; do : >"$DATA/$out.out"; done
    for i in $(seq "$ROUNDS"); do
        "$LOAD" log -s "$SOCKET" -c "$connections" -q "$depth" -m 0 -t "$SECONDS_EACH" -p "$PID" \
            >"$DATA/unix"
        "$LOAD" log "$@" -c "$connections" -q "$depth" -m 0 -t "$SECONDS_EACH" -p "$process" \
            >"$DATA/other"
        ratio "$(figure 1 "$DATA/other")" "$(figure 1 "$DATA/unix")" >>"$DATA/speed.out"
        ratio "$(figure 4 "$DATA/other")" "$(figure 4 "$DATA/unix")" >>"$DATA/cost.out"
        for way in unix other; do cat "$DATA/$way" >>"$DATA/$way.out"; done
    done
}

# hold OPTION...: connections that do nothing (OPTION...) are open, until let_go.
hold() {
    rm -f "$DATA/hold" "$DATA/ready"
    mkfifo "$DATA/hold"
    "$LOAD" idle "$@" <"$DATA/hold" >"$DATA/ready" &
    holder=$!
    exec 4>"$DATA/hold"
    waited=0
    until grep -qs ready "$DATA/ready"; do
        waited=$((waited + 1))
        [ "$waited" -le 1200 ] || { say "the connections do not open"; exit 1; }
        sleep 0.05
    done
}
let_go() {
    exec 4>&-
    wait "$holder"
}

