#!/bin/sh
# Every file of the fuzz corpora through its target: what was found stays found.
set -eu
build=${BUILD:-build}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
for target in tests/fuzz/fuzz_*.c; do
    name=$(basename "$target" .c)
    name=${name#fuzz_}
    TMPDIR=$tmp timeout 120 "$build/tests/replay_$name" "tests/fuzz/corpus/$name"
done
