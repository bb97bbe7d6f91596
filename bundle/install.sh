#!/bin/sh
# Installs Madoguchi from this folder, without any network.
#   sh install.sh              daemon, client and the browser's pages, on the server
#   sh install.sh madoguchi    the client alone, on a counter's PC
# Only what is missing or older is installed; nothing installed becomes older.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
say() {
    case ${LC_ALL:-${LC_MESSAGES:-${LANG:-}}} in
    ja*) echo "$2" ;;
    *) echo "$1" ;;
    esac
}
refuse() {
    say "$@" >&2
    exit 1
}
[ $# -gt 0 ] || set -- madoguchid madoguchi madoguchi-web
for package; do
    case $package in
    madoguchi | madoguchid | madoguchi-web) ;;
    *) refuse 'usage: sh install.sh [madoguchid | madoguchi | madoguchi-web]' \
        '使い方: sh install.sh [madoguchid | madoguchi | madoguchi-web]' ;;
    esac
done
[ "$(id -u)" -eq 0 ] || refuse 'Run this as root.' 'root で実行してください。'
. /etc/os-release
[ "${ID:-}" = debian ] && [ "${VERSION_ID:-}" = 12 ] ||
    refuse "These packages are for Debian 12; this is ${PRETTY_NAME:-another system}." \
        "Debian 12 用のパッケージです。この機械は ${PRETTY_NAME:-別のシステム} です。"
(cd "$here" && sha256sum --check --quiet --strict SHA256SUMS) ||
    refuse 'A file is damaged or was changed: nothing was installed. Copy the archive again.' \
        '壊れているか書き換えられたファイルがあります。何もインストールしていません。もう一度コピーしてください。'

# An apt that sees this folder and no other source.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
ln -s "$here/packages" "$work/packages"
mkdir "$work/lists" "$work/cache"
echo "deb [trusted=yes] file:$work/packages ./" >"$work/sources.list"
apt() {
    DEBIAN_FRONTEND=noninteractive apt-get -q -o Dir::Etc::SourceList="$work/sources.list" \
        -o Dir::Etc::SourceParts=/dev/null -o Dir::State::Lists="$work/lists" \
        -o Dir::Cache="$work/cache" -o APT::Sandbox::User=root \
        -o APT::Install-Recommends=false "$@"
}
apt update
apt --yes install "$@"
say 'Installed. README.md says how to begin.' 'インストールしました。始め方は README.md にあります。'
