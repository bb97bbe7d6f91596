# A daemon that listens on the Unix socket and on a free port with TLS, for a client whose
# certificate is an account; to be sourced after lib.sh.
BENCH_TLS=$DATA/tls
export BENCH_TLS
drop() { rm -rf "$DATA/tls" "$DATA/tls-store" "$DATA/tls.yaml" "$DATA/tls.log" "$DATA/hold" "$DATA/ready"; }

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

