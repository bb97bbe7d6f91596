#!/bin/sh
# The units as they are installed: systemd knows every word of them, the services
# are as closed as they are meant to be, and the account and the folders are made.
set -u
ROOT=$(cd "$(dirname "$0")/.." && pwd)
BUILD=$(cd "$ROOT" && cd "${BUILD:-build}" && pwd) || exit 1
WORK=$(mktemp -d) || exit 1
trap 'rm -rf "$WORK"' EXIT
trap 'exit 1' INT TERM HUP
fail() { echo "check_units: $*" >&2; exit 1; }
unset MAKEFLAGS MAKELEVEL MFLAGS

# At most 0.5 of 10: the tool takes tenths.
EXPOSURE=5

make -s -C "$ROOT" install BUILD="$BUILD" PREFIX="$WORK/usr" >"$WORK/said" 2>&1 ||
    fail "make install: $(cat "$WORK/said")"
units=$WORK/usr/lib/systemd/system
for template in "$units"/*@.*; do
    name=$(basename "$template")
    instance=$WORK/units/${name%@.*}@062090.${name##*.}
    mkdir -p "$WORK/units"
    cp "$template" "$instance"
done
# An example of a drop-in must be one.
mkdir -p "$WORK/units/madoguchid-tls@062090.socket.d"
cp "$ROOT/systemd/madoguchid-tls@.socket.d-example.conf" \
    "$WORK/units/madoguchid-tls@062090.socket.d/place.conf"
export SYSTEMD_UNIT_PATH="$WORK/units:/lib/systemd/system"
systemd-analyze verify --man=no "$WORK"/units/*.service "$WORK"/units/*.socket \
    "$WORK"/units/*.timer >"$WORK/said" 2>&1 &&
    [ ! -s "$WORK/said" ] || fail "systemd-analyze verify: $(cat "$WORK/said")"

judge() {
    systemd-analyze security --offline=true --no-pager --threshold=$EXPOSURE "$1" >"$WORK/said" 2>&1
}
for service in "$WORK"/units/*.service; do
    judge "$service" || fail "$(basename "$service"): $(grep -v '^✓' "$WORK/said")"
    grep 'Overall exposure level' "$WORK/said"
done
# The judge judges: without its network closed the service is too open.
mkdir "$WORK/open"
grep -v '^PrivateNetwork=' "$WORK/units/madoguchid@062090.service" \
    >"$WORK/open/madoguchid@062090.service"
if judge "$WORK/open/madoguchid@062090.service"; then
    fail "a service with a network of its own passes: $(tail -n 1 "$WORK/said")"
fi

if [ "$(id -u)" -eq 0 ]; then
    mkdir -p "$WORK/root/usr/lib" "$WORK/root/etc"
    cp -R "$WORK/usr/lib/sysusers.d" "$WORK/usr/lib/tmpfiles.d" "$WORK/root/usr/lib"
    systemd-sysusers --root="$WORK/root" madoguchi.conf >"$WORK/said" 2>&1 &&
        systemd-tmpfiles --root="$WORK/root" --create madoguchi.conf >"$WORK/said" 2>&1 ||
        fail "$(cat "$WORK/said")"
    id=$(sed -n 's/^madoguchi:[^:]*:\([0-9]*\):.*/\1/p' "$WORK/root/etc/passwd")
    [ "$(stat -c '%a %u' "$WORK/root/var/lib/madoguchi")" = "750 ${id:-none}" ] ||
        fail "/var/lib/madoguchi is not the account's own"
fi
