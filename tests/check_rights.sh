#!/bin/sh
# The table of rights that madoguchid(8) prints is the one the program goes by.
#
#   BUILD=build sh tests/check_rights.sh
set -u
ROOT=$(cd "$(dirname "$0")/.." && pwd)
BUILD=$(cd "$ROOT" && cd "${BUILD:-build}" && pwd) || exit 1
WORK=$(mktemp -d) || exit 1
trap 'rm -rf "$WORK"' EXIT
trap 'exit 1' INT TERM HUP

# The rows of the first list behind the comment, as CSV.
sed -n '/check_rights\.sh/,/^\.El/ s/^\.It //p' "$ROOT/daemon/madoguchid.8" |
    sed 's/^Em //; s/\\-//g; s/ *Ta */,/g' >"$WORK/page"
"$BUILD/madoguchi" account rights --format csv >"$WORK/program" || exit 1
if [ ! -s "$WORK/page" ] || ! diff "$WORK/page" "$WORK/program" >"$WORK/diff"; then
    echo 'check_rights.sh: the table in daemon/madoguchid.8 is not the one of proto/rights.c:' >&2
    cat "$WORK/diff" >&2
    exit 1
fi
echo "check_rights.sh: $(($(wc -l <"$WORK/page") - 1)) rights"
