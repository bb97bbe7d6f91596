#!/bin/sh
# The drill: passes on a good backup, fails on a damaged one and without a daemon.
set -u
ROOT=$(cd "$(dirname "$0")/.." && pwd)
BUILD=$(cd "$ROOT" && cd "${BUILD:-build}" && pwd) || exit 1
PATH=$BUILD:$PATH
WORK=$(mktemp -d) || exit 1
DAEMON=
export PATH TMPDIR="$WORK" LANG=C.UTF-8 MADOGUCHI_SERVER="unix:$WORK/sock"
clean() {
    [ -z "$DAEMON" ] || kill "$DAEMON" 2>/dev/null
    wait
    rm -rf "$WORK"
}
trap clean EXIT
trap 'exit 1' INT TERM HUP
fail() { echo "check_drill: $*" >&2; exit 1; }

madoguchid init --store "$WORK/store" --municipality 062090 --name 長井市 >/dev/null || fail init
madoguchid serve --store "$WORK/store" --listen "unix:$WORK/sock" 2>"$WORK/log" &
DAEMON=$!
n=0
until [ -e "$WORK/sock" ]; do
    n=$((n + 1))
    [ $n -le 3000 ] || fail 'the daemon does not start'
    sleep 0.02
done
drill="sh $ROOT/systemd/madoguchi-drill"
madoguchi log migration --topic housing --date 2024-04-15 >/dev/null || fail log
$drill "$WORK/copy" >"$WORK/said" || fail 'a good backup fails'
grep -q 'up to entry 3, and holds' "$WORK/said" || fail "it says: $(cat "$WORK/said")"
madoguchi tally citizen 5 --date 2024-04-16 >/dev/null || fail tally
$drill --server "unix:$WORK/sock" "$WORK/copy" >"$WORK/said" || fail 'the second backup fails'
# The first backup is an entry too.
grep -q 'up to entry 5, and holds' "$WORK/said" || fail "it says: $(cat "$WORK/said")"

# A disk damages the copy after it was made: a backup of its own would mend it.
mkdir "$WORK/stub"
madoguchi --format csv backup "$WORK/copy" >"$WORK/made" || fail backup
printf '#!/bin/sh\ncat "%s"\n' "$WORK/made" >"$WORK/stub/madoguchi"
chmod +x "$WORK/stub/madoguchi"
(PATH=$WORK/stub:$PATH && $drill "$WORK/copy") >"$WORK/said" || fail 'the third backup fails'
printf 'x' | dd of="$(echo "$WORK"/copy/*.seg)" bs=1 seek=500 conv=notrunc 2>/dev/null
(PATH=$WORK/stub:$PATH && $drill "$WORK/copy") >"$WORK/said" 2>&1
[ $? -eq 1 ] || fail 'a damaged backup passes'
grep -q '00000000000000000006.seg' "$WORK/said" || fail "it says: $(cat "$WORK/said")"
$drill --server "unix:$WORK/nobody" "$WORK/other" >"$WORK/said" 2>&1
[ $? -eq 1 ] || fail 'it passes without a daemon'
$drill >"$WORK/said" 2>&1
[ $? -eq 2 ] || fail 'it passes without a directory'
[ -z "$(ls -d "$WORK"/madoguchi-drill.* 2>/dev/null)" ] || fail 'folders are left behind'
