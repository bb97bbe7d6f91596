#!/bin/sh
# A daemon on a store of its own under $BUILD/run, for trying things out.
set -eu
BUILD=${BUILD:-build}
DIR=$BUILD/run
mkdir -p "$DIR"
[ -d "$DIR/store" ] ||
    "$BUILD/madoguchid" init --store "$DIR/store" --municipality 062090 --name 長井市
echo "export MADOGUCHI_SERVER=unix:$(pwd)/$DIR/madoguchi.sock"
exec "$BUILD/madoguchid" serve --store "$DIR/store" --listen "unix:$DIR/madoguchi.sock"
