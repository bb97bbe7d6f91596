#!/bin/sh
# make fuzz: runs the fuzz targets given one after the other, FUZZ_SECONDS each.
# New inputs are kept in BUILD/corpus, what was found in BUILD/findings.
set -u
build=${BUILD:-build/fuzz}
seconds=${FUZZ_SECONDS:-60}
shm=/dev/shm
[ -w "$shm" ] || shm=/tmp
tmp=$(mktemp -d "$shm/madoguchi-fuzz-XXXXXX")
trap 'rm -rf "$tmp"' EXIT
mkdir -p "$build/findings" "$build/log"
failed=''
for target in "$@"; do
    mkdir -p "$build/corpus/$target"
    dictionary=tests/fuzz/$target.dict
    dictionary=$([ ! -f "$dictionary" ] || echo "-dict=$dictionary")
    if TMPDIR=$tmp "$build/$target" -max_total_time="$seconds" -max_len=70000 -timeout=20 \
        -rss_limit_mb=1024 -malloc_limit_mb=64 -print_final_stats=1 $dictionary \
        -artifact_prefix="$build/findings/$target-" \
        "$build/corpus/$target" "tests/fuzz/corpus/$target" >"$build/log/$target" 2>&1; then
        echo "$target: $(sed -n 's/^stat::number_of_executed_units: *//p' "$build/log/$target") runs"
    else
        failed="$failed $target"
        echo "$target: FOUND, see $build/log/$target"
        grep -E 'ERROR|SUMMARY|runtime error|does not hold' "$build/log/$target" | head -5
    fi
done
[ -z "$failed" ] || { echo "FAILED:$failed"; exit 1; }
