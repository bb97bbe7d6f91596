#!/bin/sh
# The table of CAPACITY.md, computed from what make bench-growth measured.
#
#   make capacity      writes it anew into CAPACITY.md, and prints it
#
# Environment: RESULTS (tests/bench/results), the folder of growth.csv and growth.md.
set -eu
RESULTS=${RESULTS:-tests/bench/results}
[ -r "$RESULTS/growth.csv" ] || {
    echo "capacity: $RESULTS/growth.csv is missing: make bench-growth OUT=$RESULTS" >&2
    exit 1
}
processors=$(awk '/^- processors:/ { print $3 }' "$RESULTS/growth.md")
new=$(mktemp)
trap 'rm -f "$new" "$new.page"' EXIT
awk -F, -v processors="${processors:-1}" -f tests/bench/capacity.awk "$RESULTS/growth.csv" >"$new"
awk -v new="$new" '
    /^<!-- end of the table -->/ { inside = 0 }
    !inside { print }
    /^<!-- the table: make capacity -->/ {
        inside = 1
        while ((getline line < new) > 0) print line
    }' CAPACITY.md >"$new.page"
cat "$new.page" >CAPACITY.md
cat "$new"
