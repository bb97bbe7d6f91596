#!/bin/sh
# make deps: finds what is missing and installs it (Debian 12).
#   deps.sh "PKG-CONFIG MODULES" "DEBIAN PACKAGES" [PROGRAM ...]
# The programs are wanted too; without any, those that building and testing need.
set -eu
packages=$2
modules=$1
shift 2
missing=''
command -v pkg-config >/dev/null 2>&1 || missing=' pkg-config'
for module in $modules; do
    pkg-config --exists "$module" 2>/dev/null || missing="$missing $module"
done
[ $# -gt 0 ] || set -- gcc protoc-c msgfmt python3 mandoc systemd-analyze curl
for program in "$@"; do
    command -v "$program" >/dev/null 2>&1 || missing="$missing $program"
done
for header in csv.h uninorm.h yaml.h; do
    [ -e "/usr/include/$header" ] || missing="$missing $header"
done
[ -n "$missing" ] || exit 0
sudo=''
[ "$(id -u)" -eq 0 ] || sudo='sudo '
echo "Missing:$missing. Installing with:"
echo "  ${sudo}apt-get install -y $packages"
if ! command -v apt-get >/dev/null 2>&1; then
    echo "No apt-get here: install the same libraries by your system's means." >&2
    exit 1
fi
DEBIAN_FRONTEND=noninteractive ${sudo}apt-get update -qq || true
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive ${sudo}apt-get install -y -qq $packages >/dev/null
