#!/bin/sh
# make check-bundle: a minimal Debian 12 (debootstrap), the archive, no network at all:
# it installs, a daemon serves, a clerk logs a case. Needs root.
#
# MIRROR: where debootstrap takes Debian from; else where apt does.
set -eu
BUILD=$(cd "${BUILD:-build}" && pwd)
fail() { echo "check-bundle: $*" >&2; exit 1; }
[ "$(id -u)" -eq 0 ] || fail 'debootstrap and chroot need root'
archive=$BUILD/bundle/$(cd "$BUILD/bundle" && ls madoguchi-"${VERSION:?}"-*.tar)
(cd "$BUILD/bundle" && sha256sum --check --quiet ./*.sha256)
mirror=${MIRROR:-$(apt-get indextargets --format '$(SITE) $(CODENAME)' 'Created-By: Packages' |
    awk '$2 == "bookworm" { print $1; exit }')}

WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
trap 'exit 1' INT TERM HUP
root=$WORK/root
echo "a minimal Debian from $mirror"
debootstrap --variant=minbase bookworm "$root" "$mirror" >"$WORK/log" 2>&1 || {
    tail -n 20 "$WORK/log" >&2
    fail debootstrap
}
rm -rf "$root"/etc/apt/sources.list "$root"/etc/apt/sources.list.d/* "$root"/var/lib/apt/lists/* \
    "$root"/var/cache/apt/archives/*.deb
tar -C "$root/root" -xf "$archive"
cp bundle/inside.sh "$root/root"
# Its own processes too: whatever is left running ends with it.
# shellcheck disable=SC2016
unshare --net --mount --pid --fork --kill-child sh -ec \
    'mount -t proc proc "$0/proc"; exec chroot "$0" /bin/sh /root/inside.sh' "$root" ||
    fail 'what is in the archive does not do'
