#!/bin/sh
# make deps: finds what is missing and installs it (Debian 12).
#   deps.sh "PKG-CONFIG MODULES" "DEBIAN PACKAGES"
set -eu
missing=''
command -v pkg-config >/dev/null 2>&1 || missing='pkg-config'
for module in $1; do
    [ -n "$missing" ] || pkg-config --exists "$module" 2>/dev/null || missing="$module"
done
for program in gcc protoc-c msgfmt python3 mandoc; do
    command -v "$program" >/dev/null 2>&1 || missing="$program"
done
for header in csv.h uninorm.h; do
    [ -e "/usr/include/$header" ] || missing="$header"
done
[ -n "$missing" ] || exit 0
sudo=''
[ "$(id -u)" -eq 0 ] || sudo='sudo '
echo "Missing: $missing. Installing with:"
echo "  ${sudo}apt-get install -y $2"
if ! command -v apt-get >/dev/null 2>&1; then
    echo "No apt-get here: install the same libraries by your system's means." >&2
    exit 1
fi
DEBIAN_FRONTEND=noninteractive ${sudo}apt-get update -qq || true
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive ${sudo}apt-get install -y -qq $2 >/dev/null
