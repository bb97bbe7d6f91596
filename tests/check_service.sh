#!/bin/sh
# The daemon as its unit runs it, as far as a machine without systemd can: socket
# passed by systemd-socket-activate, a Unix one and one of TCP, credentials, another
# account, no capabilities, the unit's filter of system calls, and, where namespaces
# may be made, no network and nothing writable but the store. A clerk logs a case
# through the one, another through the other. Then the web gateway, in the same way, in
# front of it.
set -u
ROOT=$(cd "$(dirname "$0")/.." && pwd)
BUILD=$(cd "$ROOT" && cd "${BUILD:-build}" && pwd) || exit 1
WORK=$(mktemp -d) || exit 1
UNIT=$ROOT/systemd/madoguchid@.service
DAEMON=
LISTENER=
WEB=
export LANG=C.UTF-8
clean() {
    for pid in $WEB $DAEMON $LISTENER; do kill "$pid" 2>/dev/null; done
    wait
    rm -rf "$WORK"
}
trap clean EXIT
trap 'exit 1' INT TERM HUP
fail() {
    echo "check_service: $*" >&2
    tail -n 20 "$WORK/log" >&2
    exit 1
}
# wait_for COMMAND: until it succeeds, at most a minute.
wait_for() {
    n=0
    until eval "$1"; do
        n=$((n + 1))
        [ $n -le 3000 ] || fail "this does not come true: $1"
        sleep 0.02
    done
}
: >"$WORK/log"

# ---- the filter of system calls -----------------------------------------------------

# expand NAME: a call, or the calls of a group, one a line.
expand() {
    case $1 in
    @*) systemd-analyze syscall-filter --no-pager "$1" | sed '1d; s/^ *//; /^#/d; /^$/d' |
        while read -r name; do expand "$name"; done ;;
    *) echo "$1" ;;
    esac
}
listed() { for name; do expand "$name"; done | sort -u; }
# Line after line, as systemd does: what a later one allows again is allowed.
: >"$WORK/allowed"
sed -n 's/^SystemCallFilter=//p' "$UNIT" >"$WORK/filters"
while read -r filter; do
    # shellcheck disable=SC2086
    listed ${filter#\~} >"$WORK/listed"
    case $filter in
    ~*) comm -23 "$WORK/allowed" "$WORK/listed" ;;
    *) sort -u "$WORK/allowed" "$WORK/listed" ;;
    esac >"$WORK/next"
    mv "$WORK/next" "$WORK/allowed"
done <"$WORK/filters"
[ -s "$WORK/allowed" ] && grep -q '^~' "$WORK/filters" || fail 'the unit has no filter'
sed 's/.*/#ifdef SYS_&\nALLOW(SYS_&)\n#endif/' "$WORK/allowed" >"$WORK/calls.h"
${CC:-cc} -D_GNU_SOURCE -I"$WORK" -o "$WORK/confine" "$ROOT/tests/confine/confine.c" ||
    fail 'the filter cannot be built'

# ---- the account and the namespaces ---------------------------------------------------

chmod 755 "$WORK"
mkdir -m 700 "$WORK/state" "$WORK/elsewhere"
cp "$BUILD/madoguchid" "$BUILD/madoguchi" "$BUILD/madoguchi-web" "$WORK"
account=
space=
if [ "$(id -u)" -eq 0 ]; then
    chown nobody "$WORK/state" "$WORK/elsewhere"
    account='setpriv --reuid=nobody --regid=nogroup --clear-groups --bounding-set=-all
        --inh-caps=-all'
    if unshare --net --mount true 2>/dev/null; then
        space='unshare --net --mount'
    fi
fi
# What ProtectSystem=strict and StateDirectory= do.
# shellcheck disable=SC2016
closed='mount --bind "$0" "$0" && mount -o remount,bind,ro / && exec "$@"'

# ---- the daemon ------------------------------------------------------------------------

python3 -c '
import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o666)
while True:
    print(s.recv(4096).decode(), flush=True)' "$WORK/notify" >"$WORK/notified" &
LISTENER=$!
wait_for '[ -S "$WORK/notify" ]'
# Whoever makes the store has every role in it; the daemon's account owns the files.
"$WORK/madoguchid" init --store "$WORK/state/062090" --municipality 062090 \
    --name 長井市 >/dev/null || fail init

# What LoadCredential= does: copies that the account alone can read.
"$WORK/madoguchid" tls-init --dir "$WORK/tls" --name 127.0.0.1 --client counter-3 \
    >"$WORK/made" || fail tls-init
# Whoever has that certificate is a clerk.
"$WORK/madoguchid" account add counter-3 --store "$WORK/state/062090" --role clerk \
    --certificate "$(sed -n 's/^ *fingerprint *//p' "$WORK/made" | tail -n 1)" >/dev/null ||
    fail account
[ -z "$account" ] || chown -R nobody "$WORK/state/062090"
mkdir -m 700 "$WORK/credentials"
cp "$WORK/tls/server.crt" "$WORK/tls/server.key" "$WORK/tls/ca.crt" "$WORK/credentials"
chmod 400 "$WORK/credentials"/*
[ -z "$account" ] || chown -R nobody "$WORK/credentials"
printf 'tls_%s\n' 'certificate: server.crt' 'key: server.key' 'client_ca: ca.crt' \
    >"$WORK/config.yaml"
port=$(python3 -c '
import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])')

umask 077
# shellcheck disable=SC2086
systemd-socket-activate --listen="$WORK/sock" --listen="127.0.0.1:$port" --setenv=LANG \
    --setenv=CREDENTIALS_DIRECTORY="$WORK/credentials" \
    --setenv=NOTIFY_SOCKET="$WORK/notify" --setenv=STATE_DIRECTORY="$WORK/state" \
    ${space:+$space sh -c "$closed" "$WORK/state"} \
    setpriv --no-new-privs $account "$WORK/confine" \
    "$WORK/madoguchid" serve --store "$WORK/state/062090" --config "$WORK/config.yaml" 2>>"$WORK/log" &
DAEMON=$!
wait_for '[ -S "$WORK/sock" ]'
clerk="$WORK/madoguchi --server unix:$WORK/sock"

said=$($clerk log migration --topic housing --date 2024-04-15 2>&1)
[ "$said" = 'M-2024-000001 #4' ] || fail "a case is answered by: $said"
wait_for 'grep -q "^READY=1" "$WORK/notified"'
said=$("$WORK/madoguchi" --server "tls:127.0.0.1:$port" --ca "$WORK/tls/ca.crt" \
    --cert "$WORK/tls/client-counter-3.crt" --key "$WORK/tls/client-counter-3.key" \
    log migration --topic work --date 2024-04-16 2>&1)
[ "$said" = 'M-2024-000002 #5' ] || fail "a case over TLS is answered by: $said"
$clerk verify >"$WORK/said" 2>&1 || fail "verify: $(cat "$WORK/said")"
$clerk backup "$WORK/state/backup" >"$WORK/said" 2>&1 || fail "backup: $(cat "$WORK/said")"
if [ -n "$space" ]; then
    if $clerk backup "$WORK/elsewhere/backup" >"$WORK/said" 2>&1; then
        fail 'it writes beside its store'
    fi
    [ "$(grep -c : "/proc/$DAEMON/net/dev")" -eq 1 ] || fail 'it has a network'
fi

# ---- what it may not --------------------------------------------------------------------

for line in 'NoNewPrivs:.1' 'Seccomp:.2' ${account:+'CapEff:.0*' 'CapBnd:.0*'}; do
    grep -qx "$line" "/proc/$DAEMON/status" || fail "its status has no $line"
done
grep -q '^Max core file size  *0  *0 ' "/proc/$DAEMON/limits" || fail 'it could leave a core'
[ "$(stat -c %u "/proc/$DAEMON/mem")" -eq 0 ] || fail 'its account can look into it'
[ -z "$(find "$WORK/state" -perm /077 ! -type l)" ] || fail 'others can read the store'
# The filter filters.
said=$("$WORK/confine" "$(command -v python3)" -c '
import socket
try:
    socket.socket(socket.AF_INET)
except OSError as e:
    print(e.strerror)')
[ "$said" = 'Address family not supported by protocol' ] || fail "an internet socket: $said"
if "$WORK/confine" "$(command -v mount)" --bind "$WORK" "$WORK" 2>/dev/null; then
    fail 'mount passes the filter'
fi

# ---- the gateway ------------------------------------------------------------------------

# Its unit asks for the same filter but for one call of the daemon's.
sed -n 's/^SystemCallFilter=//p' "$ROOT/systemd/madoguchi-web@.service" >"$WORK/web-filters"
grep -vx setpriority "$WORK/filters" | cmp -s - "$WORK/web-filters" ||
    fail 'the gateway has a filter of its own, which is not tried here'
chmod 666 "$WORK/sock" # as the group that the gateway's account is in
port=$(python3 -c '
import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])')
: >"$WORK/notified"
# shellcheck disable=SC2086
systemd-socket-activate --listen="127.0.0.1:$port" --setenv=LANG \
    --setenv=CREDENTIALS_DIRECTORY="$WORK/credentials" --setenv=NOTIFY_SOCKET="$WORK/notify" \
    ${space:+$space sh -c "$closed" "$WORK/state"} \
    setpriv --no-new-privs $account "$WORK/confine" \
    "$WORK/madoguchi-web" --server "unix:$WORK/sock" --tls-certificate server.crt \
    --tls-key server.key 2>>"$WORK/log" &
WEB=$!
wait_for 'said=$(curl -sS --max-time 60 --cacert "$WORK/tls/ca.crt" \
    "https://127.0.0.1:$port/api/session" 2>>"$WORK/log")'
case $said in
*'"municipality":"062090"'*) ;;
*) fail "the gateway answers: $said" ;;
esac
wait_for 'grep -q "^READY=1" "$WORK/notified"'
if [ -n "$space" ]; then
    [ "$(grep -c : "/proc/$WEB/net/dev")" -eq 1 ] || fail 'the gateway has a network'
fi
kill -TERM "$WEB"
wait "$WEB" || fail "the gateway ends with status $?"
WEB=

kill -TERM "$DAEMON"
wait "$DAEMON" || fail "it ends with status $?"
DAEMON=
grep -q 'stopped clean=yes' "$WORK/log" || fail 'it did not stop as it should'
echo "daemon and gateway serve under their units' restrictions (account: ${account:+other}," \
    "namespaces: ${space:+yes})"
