#!/bin/sh
# Make .venv with a Python that every dependency supports: 3.11 to 3.13.
set -eu
if [ -x .venv/bin/python ]; then exit 0; fi
for name in ${PYTHON:-} python3 python3.13 python3.12 python3.11; do
    if "$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
        found=$name
        break
    fi
done
if [ -z "${found:-}" ]; then
    echo "No Python 3.11 to 3.13 found. Install one, or name it: make venv PYTHON=/path/to/python3.12" >&2
    exit 2
fi
if ! "$found" -c 'import ensurepip, venv' 2>/dev/null; then
    version=$("$found" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get update -qq && apt-get install -y -qq "python$version-venv"
    else
        echo "Python's venv module is missing. Run: sudo apt-get install python$version-venv" >&2
        exit 2
    fi
fi
"$found" -m venv .venv
