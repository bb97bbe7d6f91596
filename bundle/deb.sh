#!/bin/sh
# make deb: the Debian packages, from a copy of the sources, under BUILD/deb.
# lintian must find no error.
set -eu
BUILD=${BUILD:-build}
unset MAKEFLAGS MAKELEVEL MFLAGS || :
# Makefile and debian/control name the same libraries.
for package in ${DEBIAN-}; do
    case $package in
    lib*-dev)
        grep -q "^ *$package\b" debian/control || {
            echo "deb: $package is not among the Build-Depends of debian/control" >&2
            exit 1
        } ;;
    esac
done
out=$BUILD/deb
rm -rf "$out"
mkdir -p "$out/source"
tar --exclude='./build*' --exclude=./.git -cf - . | tar -C "$out/source" -xf -
cp "$BUILD/gen/web_assets.c" "$out/source/debian"
echo "building the packages ($out/log)"
if ! (cd "$out/source" && DEB_BUILD_OPTIONS="noautodbgsym parallel=${JOBS:-$(nproc)}" \
    dpkg-buildpackage -us -uc -b) >"$out/log" 2>&1; then
    tail -n 30 "$out/log" >&2
    exit 1
fi
rm -rf "$out/source"
as_user=
[ "$(id -u)" -ne 0 ] || as_user=--allow-root
lintian $as_user --fail-on error "$out"/*.changes
ls "$out"/*.deb
