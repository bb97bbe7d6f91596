#!/bin/sh
# The pages in a real browser (Debian's Chromium), and that each of their words is
# translated. The short set; BROWSER=long has every page for every role, in both
# languages. PICTURES=FOLDER keeps what they looked like.
set -eu
ROOT=$(cd "$(dirname "$0")/.." && pwd)
BUILD=$(cd "$ROOT" && cd "${BUILD:-build}" && pwd)
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
export BUILD
cd "$ROOT"

# Every word of the scripts has its Japanese, and none stands there for nothing.
xgettext -L JavaScript --from-code=UTF-8 -k_ -kN_ -o "$WORK/web.pot" client/web/pages/*.js
msgcmp --use-untranslated client/web/po/ja.po "$WORK/web.pot" 2>"$WORK/said" &&
    [ ! -s "$WORK/said" ] || { cat "$WORK/said" >&2; exit 1; }
# Elements are made in one place; nothing that was typed is read as markup.
if grep -nE 'innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\(|new Function' \
    client/web/pages/*.js; then
    echo 'check_browser: markup from text' >&2
    exit 1
fi
# What the counter's page loads, compressed: at most 200 KB.
node tests/browser/size.mjs

fail=0
for file in tests/browser/*.test.mjs; do
    node --test "$file" >"$WORK/said" 2>&1 || fail=1
    grep -E '^(# [a-z\\]|not ok|ok)' "$WORK/said" | grep -vE '^# (Subtest|tests|suites|cancelled|skipped|todo|duration)' || :
    [ $fail -eq 0 ] || { cat "$WORK/said" >&2; exit 1; }
done
