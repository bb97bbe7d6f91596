#!/bin/sh
# make demo-stop: ends the daemon and the pages that `make demo` left up.
DIR=${BUILD:-build}/demo
for name in web daemon; do
    [ -s "$DIR/$name.pid" ] || continue
    pid=$(cat "$DIR/$name.pid")
    # A number may be another's by now.
    case $(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline") in
    *madoguchi*"$DIR"*) kill "$pid" 2>/dev/null || true ;;
    esac
    tries=0
    while kill -0 "$pid" 2>/dev/null && [ $tries -lt 100 ]; do
        tries=$((tries + 1))
        sleep 0.1
    done
    rm -f "$DIR/$name.pid"
done
