#!/bin/sh
# The main job from end to end, on a store of its own under $BUILD/demo: the
# catalogue, the plan and the sample ledgers of Nagai go in, a clerk logs three
# contacts, and the plan's table comes out, provable down to its entries.  Daemon and
# pages stay up at the end, until `make demo-stop` or the next demo.
set -eu
BUILD=${BUILD:-build}
DIR=$BUILD/demo
DAEMON=$BUILD/madoguchid
case "${LC_ALL:-${LC_MESSAGES:-${LANG:-}}}" in ja*) JA=1 ;; *) JA= ;; esac

say() { # ENGLISH JAPANESE
    if [ -n "$JA" ]; then printf '\n\033[1m■ %s\033[0m\n' "$2"; else printf '\n\033[1m== %s\033[0m\n' "$1"; fi
}
run() { # shows a command as one would type it, then its output
    printf '\033[2m$ madoguchi' >&2
    for word in "$@"; do
        case $word in *[\ \(\)\#\>\<]*) printf " '%s'" "$word" >&2 ;; *) printf ' %s' "$word" >&2 ;; esac
    done
    printf '\033[0m\n' >&2
    "$BUILD/madoguchi" "$@"
}

sh plans/demo-stop.sh
rm -rf "$DIR"
mkdir -p "$DIR"
DIR=$(cd "$DIR" && pwd)
SOCKET=$DIR/madoguchi.sock
export MADOGUCHI_SERVER="unix:$SOCKET"
say "A store for Nagai" "長井市の保存領域を作る"
"$DAEMON" init --store "$DIR/store" --municipality 062090 --name 長井市 >"$DIR/init.txt"
head -n 1 "$DIR/init.txt"
# Of a session of its own: it outlives this script.
setsid "$DAEMON" serve --store "$DIR/store" --listen "unix:$SOCKET" 2>"$DIR/log" </dev/null >/dev/null &
PID=$!
echo $PID >"$DIR/daemon.pid"
trap 'sh plans/demo-stop.sh' EXIT INT TERM
tries=0
until "$BUILD/madoguchi" status >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ $tries -lt 100 ] || { cat "$DIR/log"; exit 1; }
    sleep 0.1
done

say "The catalogue, the plan and five years of sample ledgers go in" "目録・計画・5 年分の見本台帳を入れる"
run catalogue put plans/catalogue.yaml
run plan put plans/nagai.yaml
run import plans/ledgers/nagai.csv

say "A clerk logs three contacts of today" "窓口で今日の 3 件を記録する"
run log migration --topic housing --channel counter --origin tokyo --age 30s
run tally mynumber 12 --topic application --channel counter
run decline citizen --program legal --why full

say "This month's numbers, for the supervisor" "今月の件数 (係長)"
MONTH=$(TZ=JST-9 date +%Y-%m)
run stats --from "$MONTH" --to "$MONTH" --by service,channel
run stats --from "$MONTH" --to "$MONTH" --count refusals --by service,reason

say "The plan's indicator table, R1 to R5, for the planning office" "計画の成果指標 R1〜R5 (企画課)"
run indicators nagai --from R1 --to R5

say "Beside the values that the plan prints" "計画書の値との照合"
python3 plans/compare.py tests/data/printed.csv nagai "$BUILD/madoguchi"

say "One number, down to its entries: trial stays in R4" "1 つの数字を記録まで: お試し暮らし R4"
run prove nagai/trial-stay-uses --year R4

say "One of them is corrected: it belongs to R5" "1 件を R5 に訂正する"
ENTRY=$("$BUILD/madoguchi" --format csv prove nagai/trial-stay-uses --year R4 | sed -n 2p | cut -d, -f1)
run correct "#$ENTRY" date=2023-05-10 --reason 'demo: the stay was in May'
run prove nagai/trial-stay-uses --year R4
run prove nagai/trial-stay-uses --year R5
run show "#$ENTRY"

say "And everything is proved from the journal" "記録の鎖からすべてを検証する"
run verify

say "Pages for a browser" "ブラウザーの画面"
"$DAEMON" tls-init --dir "$DIR/tls" --name localhost --name 127.0.0.1 >/dev/null
run account add demo --role clerk --role supervisor --role planner --role auditor \
    --role administrator >/dev/null
ONCE=$("$BUILD/madoguchi" account password demo 2>/dev/null)
PASSWORD=$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')
printf '%s\n' "$ONCE" | MADOGUCHI_TOKEN="$DIR/token" "$BUILD/madoguchi" login demo >/dev/null 2>&1
printf '%s\n%s\n' "$ONCE" "$PASSWORD" | MADOGUCHI_TOKEN="$DIR/token" "$BUILD/madoguchi" passwd >/dev/null 2>&1
pages() { # PORT: starts the gateway; false when it could not listen there
    setsid "$BUILD/madoguchi-web" --server "unix:$SOCKET" --listen "127.0.0.1:$1" \
        --tls-certificate "$DIR/tls/server.crt" --tls-key "$DIR/tls/server.key" \
        2>"$DIR/web.log" </dev/null >/dev/null &
    WEB=$!
    echo $WEB >"$DIR/web.pid"
    tries=0
    until grep -qs 'url=' "$DIR/web.log"; do
        tries=$((tries + 1))
        [ $tries -lt 100 ] && kill -0 $WEB 2>/dev/null || return 1
        sleep 0.1
    done
}
pages 8443 || pages 0 || { cat "$DIR/web.log"; exit 1; }
URL=$(sed -n 's/.*url=\([^ ]*\).*/\1/p' "$DIR/web.log")
trap - EXIT INT TERM
if [ -n "$JA" ]; then
    cat <<END

  コマンドで続けるには:
    export MADOGUCHI_SERVER=unix:$SOCKET
    $BUILD/madoguchi --help
  終えるには: make demo-stop

  画面:       $URL
  アカウント: demo
  パスワード: $PASSWORD
  (証明書はこのデモ専用なので、ブラウザーが警告します。認証局は $DIR/tls/ca.crt)
END
else
    cat <<END

  To go on with commands:
    export MADOGUCHI_SERVER=unix:$SOCKET
    $BUILD/madoguchi --help
  To end it: make demo-stop

  Pages:    $URL
  Account:  demo
  Password: $PASSWORD
  (The browser warns: the certificate is this demo's own; its CA is $DIR/tls/ca.crt)
END
fi
