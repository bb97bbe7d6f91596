#!/bin/sh
# Every command shown in the manual pages and in README.md runs.
#
#   BUILD=build sh tests/check_man.sh [FILE...]
#
# Of a manual page the lines of literal blocks that begin with "$ " are taken,
# of a Markdown file those of ```console blocks; lines that follow with "> "
# belong to the command. A literal block with "# NAME.py", "# NAME.yaml" or the
# like in one of its first two lines is written to that file beforehand.
#
# Each document runs in a folder of its own, in one shell, in order, with a
# daemon on a new store (unix:counter.sock, store counter), unless it starts one
# itself. A command that fails ends the test with its name.
set -u
ROOT=$(cd "$(dirname "$0")/.." && pwd)
BUILD=$(cd "$ROOT" && cd "${BUILD:-build}" && pwd) || exit 1
WORK=$(mktemp -d) || exit 1
PATH=$BUILD:$PATH
DAEMON=
unset MADOGUCHI_TERMINAL LANGUAGE LC_ALL LC_MESSAGES || :
export PATH LANG=C.UTF-8

stop() {
    if [ -n "$DAEMON" ]; then
        kill "$DAEMON" 2>/dev/null
        wait "$DAEMON" 2>/dev/null
        DAEMON=
    fi
}
clean() {
    stop
    rm -rf "$WORK"
}
trap clean EXIT
trap 'exit 1' INT TERM HUP

# wait_for PATH: until the file is there, at most a minute.
wait_for() {
    n=0
    until [ -e "$1" ]; do
        n=$((n + 1))
        [ $n -le 3000 ] || return 1
        sleep 0.02
    done
}

# extract DOCUMENT: writes script.sh and the files shown in it.
extract() {
    awk -v markdown="$(case $1 in *.md) echo 1 ;; *) echo 0 ;; esac)" '
    function quote(s) {
        gsub(/\047/, "\047\\\047\047", s)
        return "\047" s "\047"
    }
    function finish() {
        if (command == "") {
            return
        }
        print "run " quote(command) >"script.sh"
        # A daemon in the background: go on when it listens.
        if (command ~ /&[ \t]*$/ && match(command, /--listen unix:[^ ]+/)) {
            socket = substr(command, RSTART + 14, RLENGTH - 14)
            print "wait_for " quote(socket) " || fail " quote(command) >"script.sh"
        }
        command = ""
    }
    function plain(s) {
        if (!markdown) {
            gsub(/\\e/, "\\", s)
            gsub(/\\-/, "-", s)
            gsub(/\\&/, "", s)
        }
        return s
    }
    markdown && /^```/ {
        finish()
        inside = !inside && $0 ~ /^```console/
        file = ""
        next
    }
    !markdown && /^\.Bd -literal/ { inside = 1; line = 0; file = ""; held = ""; next }
    !markdown && /^\.Ed/ { finish(); inside = 0; file = ""; next }
    !inside { next }
    {
        text = plain($0)
        line++
        if (!markdown && line <= 2 && file == "" &&
            match(text, /^# [a-z][a-z0-9-]*\.(py|yaml|csv|sh)/)) {
            file = substr(text, 3, RLENGTH - 2)
            printf "%s", held >file
        }
        if (file != "") {
            print text >file
            next
        }
        held = held text "\n"
        if (text ~ /^\$ /) {
            finish()
            command = substr(text, 3)
        } else if (text ~ /^> / && command != "") {
            command = command "\n" substr(text, 3)
        } else {
            finish()
        }
    }
    END { finish() }' "$1"
}

# The shell that runs a document. A command that is refused ends it.
prelude='
fail() { printf "check_man.sh: %s: this command failed:\n  %s\n" "$DOCUMENT" "$1" >&2; exit 1; }
run() {
    echo "\$ $1"
    # Of a pipe every part counts; one that a "head" cut short (SIGPIPE) is fine.
    eval "$1
codes=(\"\${PIPESTATUS[@]}\")"
    for code in "${codes[@]}"; do
        case $code in 0 | 141) ;; *) fail "$1" ;; esac
    done
}
wait_for() {
    n=0
    until [ -e "$1" ]; do n=$((n + 1)); [ $n -le 3000 ] || return 1; sleep 0.02; done
}
trap "kill \$(jobs -p) 2>/dev/null; wait" EXIT
'

run_document() {
    DOCUMENT=$1
    mkdir "$WORK/$(basename "$1")" || return 1
    cd "$WORK/$(basename "$1")" || return 1
    extract "$ROOT/$1" || return 1
    if [ ! -e script.sh ]; then
        echo "check_man.sh: $1 shows no command" >&2
        return 1
    fi
    cp -R "$ROOT/plans" plans
    ln -s "$BUILD" build
    if ! grep -q 'madoguchid serve' script.sh; then
        madoguchid init --store counter --municipality 062090 --name 長井市 >init.log || return 1
        # A document about the store itself takes it while nobody serves it.
        if ! grep -q 'madoguchid verify' script.sh; then
            MADOGUCHI_SERVER=unix:$PWD/counter.sock
            export MADOGUCHI_SERVER
            madoguchid serve --store counter --listen unix:counter.sock 2>daemon.log &
            DAEMON=$!
            wait_for counter.sock || { cat daemon.log >&2; return 1; }
        fi
    fi
    { printf '%s\n' "$prelude"; cat script.sh; } >whole.sh
    if ! DOCUMENT=$1 bash whole.sh >output.log 2>&1; then
        tail -n 30 output.log >&2
        return 1
    fi
    [ -z "${VERBOSE:-}" ] || cat output.log
    echo "check_man.sh: $1: $(grep -c '^run ' script.sh) commands"
    stop
    unset MADOGUCHI_SERVER
}

cd "$ROOT" || exit 1
[ $# -gt 0 ] || set -- client/madoguchi.1 daemon/madoguchid.8 client/web/madoguchi-web.8 \
    plans/madoguchi-plan.5 client/madoguchi-import.5 store/madoguchi-journal.5 \
    proto/madoguchi-protocol.7 README.md
failed=0
for document; do
    if [ -n "$(command -v mandoc)" ] && [ "${document%.md}" = "$document" ]; then
        lint=$(mandoc -T lint -W warning "$ROOT/$document" 2>&1)
        if [ -n "$lint" ]; then
            echo "$lint" >&2
            failed=1
        fi
    fi
    run_document "$document" || failed=1
    stop
done
exit $failed
