#!/bin/sh
# Runs the test programs given, one after the other, and says what failed.
set -u
failed=''
n=0
for test in "$@"; do
    n=$((n + 1))
    case $test in */*) ;; *) test=./$test ;; esac
    if ! "$test"; then
        failed="$failed $(basename "$test")"
    fi
done
if [ -n "$failed" ]; then
    echo "FAILED:$failed"
    exit 1
fi
echo "all $n test programs passed"
