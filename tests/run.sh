#!/bin/sh
# Runs the test programs given, JOBS at a time, and says what failed.  What one
# of them prints is shown whole when it ends; no test may depend on running alone.
set -u
# Tests that say nothing of their own: on a loaded machine 4 s are soon over.
export CK_DEFAULT_TIMEOUT="${CK_DEFAULT_TIMEOUT:-60}"

# run.sh --one FOLDER PROGRAM: what xargs calls.
if [ "${1-}" = --one ]; then
    name=$(basename "$3")
    test=$3
    case $test in */*) ;; *) test=./$test ;; esac
    begin=$(date +%s)
    "$test" >"$2/$name.out" 2>&1
    status=$?
    [ $status -eq 0 ] || echo "$name" >>"$2/failed"
    flock "$2/turn" sh -c 'cat "$1"; echo "-- $2: $3 s"' show "$2/$name.out" "$name" \
        $(($(date +%s) - begin))
    rm -f "$2/$name.out"
    exit 0
fi

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP
printf '%s\0' "$@" | xargs -0 -r -n 1 -P "${JOBS:-$(nproc)}" sh "$0" --one "$work" || exit 1
if [ -e "$work/failed" ]; then
    echo "FAILED: $(sort "$work/failed" | tr '\n' ' ' | sed 's/ $//')"
    exit 1
fi
echo "all $# test programs passed"
