#!/bin/sh
# Every printed figure of the five plans, through the real programs.
exec python3 tests/check_cities.py "$@"
