#!/bin/sh
# make bundle: the packages of BUILD/deb and every package they need that a minimal
# Debian 12 does not have, in one archive, for a machine without any network.
set -eu
BUILD=$(cd "${BUILD:-build}" && pwd)
name=madoguchi-${VERSION:?}-debian12-$(dpkg --print-architecture)
(
    . /etc/os-release
    [ "$ID$VERSION_ID" = debian12 ] || {
        echo "bundle: made on Debian 12 only, whose packages it takes: this is $PRETTY_NAME" >&2
        exit 1
    }
)
work=$BUILD/bundle
rm -rf "$work"
mkdir -p "$work/$name/packages/partial"
work=$(cd "$work" && pwd)
packages=$work/$name/packages
cp "$BUILD"/deb/*.deb "$packages"

# An apt that knows of nothing installed but what is in $work/status.
offline() {
    apt-get -o Dir::State::status="$work/status" -o Debug::NoLocking=1 \
        -o APT::Install-Recommends=false -o APT::Sandbox::User=root \
        -o Dir::Cache::archives="$packages" "$@"
}

# A minimal Debian: what is required, apt, and what these need.
: >"$work/status"
required=$(apt-cache -o Dir::State::status="$work/status" dumpavail |
    awk '$1 == "Package:" { name = $2 } $1 == "Priority:" && $2 == "required" { print name }' |
    sort -u)
# shellcheck disable=SC2086
offline --simulate install $required apt | sed -n 's/^Inst \([^ ]*\) (\([^ ]*\) .*/\1=\2/p' \
    >"$work/minimal"
[ "$(grep -c '^\(dpkg\|libc6\|apt\)=' "$work/minimal")" -eq 3 ] || {
    echo 'bundle: what a minimal Debian has cannot be found out' >&2
    exit 1
}
# shellcheck disable=SC2046
apt-cache -o Dir::State::status=/dev/null show --no-all-versions $(sed 's/=.*//' "$work/minimal") |
    sed 's/^Package: .*/&\nStatus: install ok installed/; /^Description/d' >"$work/status.new"
mv "$work/status.new" "$work/status"

offline --yes --download-only install "$packages"/*.deb >"$work/log" 2>&1 || {
    tail -n 20 "$work/log" >&2
    exit 1
}
rm -rf "$packages/partial" "$packages/lock"
for file in "$packages"/*%3a*; do # the epoch does not belong into a file's name
    [ ! -e "$file" ] || mv "$file" "${file%%_*}_${file#*%3a}"
done
(cd "$packages" && dpkg-scanpackages --multiversion . /dev/null 2>/dev/null >Packages)
cp bundle/install.sh bundle/README.md LICENSE "$work/$name"
(cd "$work/$name" && find . -type f ! -name SHA256SUMS | sort | xargs -d '\n' sha256sum >SHA256SUMS)
# The same archive from the same packages.
tar -C "$work" --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 \
    -cf "$work/$name.tar" "$name"
(cd "$work" && sha256sum "$name.tar" >"$name.tar.sha256")
echo "$(find "$packages" -name '*.deb' | wc -l) packages:"
ls -l "$work/$name.tar"
cat "$work/$name.tar.sha256"
